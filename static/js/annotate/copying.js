// What is copied out of a text reads as it was written: formulas as LaTeX. And a button on each block of code.

const COPIED_MS = 2000;

function onCopy(event) {
  const selection = getSelection();
  if (!selection.rangeCount || selection.isCollapsed) return;
  const range = wholeFormulas(selection.getRangeAt(0).cloneRange());
  const piece = range.cloneContents();
  if (!piece.querySelector("[data-drawn]")) return;
  for (const button of piece.querySelectorAll(".code-copy")) button.remove();
  for (const formula of piece.querySelectorAll("[data-drawn]")) formula.replaceChildren(formula.dataset.latex);
  event.clipboardData.setData("text/plain", linesOf(piece));
  event.preventDefault();
}

function wholeFormulas(range) {
  const around = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement)?.closest("[data-drawn]");
  const [first, last] = [around(range.startContainer), around(range.endContainer)];
  if (first) range.setStartBefore(first);
  if (last) range.setEndAfter(last);
  return range;
}

// Where lines end is known to the layout alone, so the piece stands in the page for a moment, out of sight.
function linesOf(piece) {
  const place = document.createElement("div");
  place.className = "prose copied-piece";
  place.append(piece);
  document.body.append(place);
  const text = place.innerText;
  place.remove();
  return text;
}

export function addCopyButtons(root) {
  for (const code of root.querySelectorAll(".reading[data-copy] .code:not(:has(.code-copy))")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button button--quiet code-copy";
    button.textContent = code.closest(".reading").dataset.copy;
    code.append(button);
  }
}

async function onClick(event) {
  const button = event.target.closest?.(".code-copy");
  if (!button) return;
  const { copy, copied } = button.closest(".reading").dataset;
  const code = button.parentElement.querySelector("pre");
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = copied;
    setTimeout(() => { button.textContent = copy; }, COPIED_MS);
  } catch {
    getSelection().selectAllChildren(code); // not allowed to: it is marked for the reader to copy
  }
}

document.addEventListener("copy", onCopy);
document.addEventListener("click", onClick);
