// A second look by keyboard: a accepts, r goes to the word, Ctrl and Enter return it, u goes back to the last one.
import { areSingleKeysOff, hasModifier, isTyping, keyOf } from "./shortcuts.js";

const form = document.querySelector("[data-second-look]");
const word = document.querySelector("[data-word]");

function pressed(key) {
  if (key === "r") {
    word?.focus();
    return Boolean(word);
  }
  const control = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  control?.click();
  return Boolean(control);
}

document.addEventListener("keydown", (event) => {
  if (isTyping(event) || hasModifier(event) || areSingleKeysOff()) return;
  if (pressed(keyOf(event))) event.preventDefault();
});

word?.addEventListener("keydown", (event) => {
  if (event.key === "Escape") word.blur();
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  document.querySelector("[data-return]").click();
});

// Sent once: a button that is disabled would not be sent, so the second press is dropped instead.
form?.addEventListener("submit", (event) => {
  if (form.hasAttribute("data-busy")) event.preventDefault();
  form.setAttribute("data-busy", "");
});
window.addEventListener("pageshow", () => form?.removeAttribute("data-busy"));
