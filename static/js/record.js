// One's own record: j and k go through what was told of known answers, d disputes the lit one.
import { areSingleKeysOff, hasModifier, isTyping, keyOf } from "./shortcuts.js";
import { listenToDisputes, openDispute } from "./dispute.js";

const results = [...document.querySelectorAll("[data-result]")];
let lit = null;

function light(result) {
  if (!result) return false;
  lit?.removeAttribute("data-lit");
  lit = result;
  lit.setAttribute("data-lit", "");
  lit.focus({ preventScroll: true });
  lit.scrollIntoView({ block: "nearest" });
  return true;
}

function move(step) {
  if (!lit) return light(results[step > 0 ? 0 : results.length - 1]);
  return light(results[results.indexOf(lit) + step]);
}

const ACTIONS = { j: () => move(1), k: () => move(-1), d: () => openDispute(lit ?? results[0]) };

document.addEventListener("keydown", (event) => {
  if (isTyping(event) || hasModifier(event) || areSingleKeysOff() || document.querySelector("dialog[open]")) return;
  if (ACTIONS[keyOf(event)]?.()) event.preventDefault();
});
// Whoever goes there by Tab lights it too.
document.addEventListener("focusin", (event) => {
  const result = event.target.closest("[data-result]");
  if (!result || result === lit) return;
  lit?.removeAttribute("data-lit");
  lit = result;
  lit.setAttribute("data-lit", "");
});
listenToDisputes();
