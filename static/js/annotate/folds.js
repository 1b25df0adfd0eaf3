// Long texts are folded, never cut: a press, the search of the browser or the Tab key opens them.

function open(reading, isOpen) {
  const button = reading.querySelector(":scope > .reading-more");
  reading.toggleAttribute("data-open", isOpen);
  button.setAttribute("aria-expanded", String(isOpen));
  button.textContent = isOpen ? button.dataset.less : button.dataset.more;
  for (const text of reading.children) text.scrollTop = 0;
  if (!isOpen) reading.scrollIntoView({ block: "nearest" });
}

function onClick(event) {
  const button = event.target.closest?.(".reading-more");
  if (!button) return;
  const reading = button.closest(".reading");
  open(reading, !reading.hasAttribute("data-open"));
}

// A fold can be scrolled by nobody but the browser itself, when it shows what was searched for or has the focus.
function onScroll(event) {
  const text = event.target;
  if (text.matches?.(".reading--long:not([data-open]) > *") && text.scrollTop > 0) openAt(text, getSelection()?.anchorNode);
}

// Some browsers mark what they found and leave the fold as it is.
function onSelection() {
  const found = getSelection()?.anchorNode;
  const text = found?.parentElement?.closest(".reading--long:not([data-open]) > *");
  if (!text || text.clientHeight >= text.scrollHeight) return;
  const place = found.parentElement.getBoundingClientRect();
  if (place.bottom > text.getBoundingClientRect().bottom) openAt(text, found);
}

function openAt(text, place) {
  open(text.parentElement, true);
  if (place && text.contains(place)) place.parentElement.scrollIntoView({ block: "center" });
}

document.addEventListener("click", onClick);
document.addEventListener("scroll", onScroll, true);
document.addEventListener("selectionchange", onSelection);
