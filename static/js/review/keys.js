// Keys of the review pages: a control that carries data-key is pressed, focused or chosen by it.
import { areSingleKeysOff, hasModifier, isTyping, keyOf } from "../shortcuts.js";

// `extra`: what other keys do, by key; a function that says whether it did anything.
export function listen(root, extra = {}) {
  document.addEventListener("keydown", (event) => {
    if (isTyping(event)) return leaveField(event);
    if (hasModifier(event) || areSingleKeysOff()) return;
    const key = keyOf(event);
    if (extra[key]?.(event) || press(root, key)) event.preventDefault();
  });
}

// Escape leaves the note, so that the keys are the page's again.
function leaveField(event) {
  if (event.key === "Escape") event.target.blur();
}

function press(root, key) {
  const control = root?.querySelector(`[data-key="${CSS.escape(key)}"]:not(:disabled)`);
  if (!control) return false;
  if (control.matches("textarea")) control.focus();
  else if (control.matches("[type=radio]")) choose(control);
  else act(control);
  return true;
}

function choose(radio) {
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
}

// Accepting is one key. What cannot be taken back as easily is only chosen: Enter presses what has the focus.
function act(button) {
  if (button.name === "action" && button.closest("[data-decide]") && button.value !== "accept") button.focus();
  else button.click();
}

// A button that is disabled would not be sent, so the second press is dropped instead.
export function sendOnce(form) {
  form?.addEventListener("submit", (event) => {
    if (form.hasAttribute("data-busy")) event.preventDefault();
    form.setAttribute("data-busy", "");
  });
  window.addEventListener("pageshow", () => form?.removeAttribute("data-busy"));
}
