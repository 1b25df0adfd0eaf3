// The card after a training sample: one key disputes what is said to be known. Enter goes on as everywhere (keys.js).
import { areSingleKeysOff, hasModifier, isTyping, keyOf } from "../shortcuts.js";
import { listenToDisputes, openDispute } from "../dispute.js";

const onCard = () => openDispute(document.querySelector(".card--feedback"));

document.addEventListener("click", (event) => { if (event.target.closest("[data-dispute-open]")) onCard(); });
document.addEventListener("keydown", (event) => {
  if (isTyping(event) || hasModifier(event) || areSingleKeysOff() || document.querySelector("dialog[open]")) return;
  if (keyOf(event) === "d" && onCard()) event.preventDefault();
});
listenToDisputes();
