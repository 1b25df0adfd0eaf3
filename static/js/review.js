// The review page: one key accepts, one goes on; a decision is sent once.
import { hasModifier, isTyping, keyOf } from "./shortcuts.js";

const form = document.querySelector("[data-decide]");

function press(selector) {
  const control = document.querySelector(selector);
  control?.click();
  return Boolean(control);
}

document.addEventListener("keydown", (event) => {
  if (isTyping(event) || hasModifier(event)) return;
  const key = keyOf(event);
  const isDone = (key === "a" && press('[data-decide] [data-key="a"]')) || (key === "n" && press("[data-next]"));
  if (isDone) event.preventDefault();
});

// A button that is disabled would not be sent, so the second press is dropped instead.
form?.addEventListener("submit", (event) => {
  if (form.hasAttribute("data-busy")) event.preventDefault();
  form.setAttribute("data-busy", "");
});
window.addEventListener("pageshow", () => form?.removeAttribute("data-busy"));
