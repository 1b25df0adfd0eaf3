// What the page says of itself, in the template's words: beside the way on what became of this answer, in the header how the line is.

const page = () => document.querySelector("[data-page]");

export function wordFor(name, values = {}) {
  const word = page()?.dataset[name] ?? "";
  return word.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

function write(place, text, tone) {
  if (!place) return;
  if (place.textContent !== text) place.textContent = text;
  place.dataset.tone = tone;
}

export function say(name, detail = "", tone = "", values = {}) {
  const text = name ? [wordFor(name, values), detail].filter(Boolean).join(" ") : "";
  write(document.querySelector("[data-word]"), text, tone);
}

export function sayOfTheLine(name, values = {}, tone = "") {
  write(document.querySelector("[data-line]"), name ? wordFor(name, values) : "", tone);
}

// A sentence above the card that stays until it was read, with at most one thing to do about it.
export function tellAbove(text, { action = "", onAction = null, onClose = null, detail = "" } = {}) {
  const line = document.querySelector("[data-told]");
  line.querySelector("[data-told-text]").textContent = text;
  const button = line.querySelector("[data-told-action]");
  button.textContent = action;
  button.hidden = !action;
  button.onclick = () => { line.hidden = true; onAction?.(); };
  const written = line.querySelector("[data-told-detail]");
  written.hidden = !detail;
  written.querySelector("textarea").value = detail;
  line.querySelector("[data-told-close]").onclick = () => { line.hidden = true; onClose?.(); };
  line.hidden = false;
}
