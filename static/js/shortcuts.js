// Single keys. A key belongs to the control that has the focus first: nothing fires while somebody types.
import { recall, remember } from "./store.js";

const KEYS_OFF = "concord.keysOff";

const TYPED = "textarea, select, [contenteditable], input:not([type=radio]):not([type=checkbox]):not([type=button]):not([type=submit])";

export function isTyping(event) {
  return event.isComposing || Boolean(event.target.closest?.(TYPED));
}

// Whoever speaks to the device would press keys with every word, and switches them off.
export function areSingleKeysOff() {
  return Boolean(recall(KEYS_OFF));
}

export function keepKeysOffIn(box) {
  box.checked = areSingleKeysOff();
  box.addEventListener("change", () => remember(KEYS_OFF, box.checked || null));
}

export function hasModifier(event) {
  return event.ctrlKey || event.metaKey || event.altKey;
}

// On a Korean or Cyrillic layout the letter keys give letters of their own: the place of the key counts then.
export function keyOf(event) {
  if (event.key.length > 1 && event.key !== "Process") return event.key;
  if (/^[\x21-\x7e]$/.test(event.key)) return event.key.toLowerCase();
  return /^(?:Key|Digit|Numpad)([A-Z0-9])$/.exec(event.code)?.[1].toLowerCase() ?? event.key;
}

export function isPressable(element) {
  return Boolean(element.closest?.("a, button, summary"));
}
