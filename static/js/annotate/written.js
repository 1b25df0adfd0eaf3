// The texts as written, letter by letter, in place of how they read. The choice stays for the next samples.
import { recall, remember } from "../store.js";

const KEY = "concord.asWritten";
const root = document.documentElement;

export function isAsWritten() {
  return "asWritten" in root.dataset;
}

export function toggleAsWritten() {
  show(!isAsWritten());
  remember(KEY, isAsWritten() || null);
}

// The letters wait in a template, so that nothing is in the page twice until somebody asks.
export function fillAsWritten(within) {
  if (!isAsWritten()) return;
  for (const template of within.querySelectorAll(".reading > template")) template.replaceWith(template.content);
}

function show(isOn) {
  root.toggleAttribute("data-as-written", isOn);
  fillAsWritten(document);
  markButtons(document);
  document.dispatchEvent(new CustomEvent("concord:as-written"));
}

export function markButtons(within) {
  for (const button of within.querySelectorAll("[data-as-written-toggle]")) button.setAttribute("aria-pressed", String(isAsWritten()));
}

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-as-written-toggle]")) toggleAsWritten();
});
root.toggleAttribute("data-as-written", Boolean(recall(KEY)));
