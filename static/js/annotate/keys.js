// One table of keys. A key belongs to the control that has the focus first; nothing fires while somebody types.
import { areSingleKeysOff, hasModifier, isPressable, isTyping, keepKeysOffIn, keyOf } from "../shortcuts.js";

const press = (selector) => () => document.querySelector(`${selector}:not([hidden])`)?.click();

// On a card with a sample.
export const ON_A_SAMPLE = {
  ArrowDown: ({ card }) => card.move(1),
  ArrowUp: ({ card }) => card.move(-1),
  ArrowRight: ({ card }) => card.shift(1),
  ArrowLeft: ({ card }) => card.shift(-1),
  j: ({ card }) => card.move(1),
  k: ({ card }) => card.move(-1),
  Enter: ({ card }) => card.form.requestSubmit(),
  c: ({ card }) => card.form.elements.comment?.focus(),
  w: ({ card }) => card.questions.write(),
  n: ({ card }) => card.form.elements.neither_valid?.click(),
  s: ({ panels }) => panels.openSkip(),
  g: ({ panels, card }) => panels.toggleGuideline(card.questions.lit?.dataset.question),
  q: press("[data-ask-open]"),
  l: press("[data-linked-toggle]"),
  r: press("[data-as-written-toggle]"),
  "[": ({ card }) => card.scrollLitResponse(-1),
  "]": ({ card }) => card.scrollLitResponse(1),
};

// On every card.
export const EVERYWHERE = {
  Enter: press("[data-primary]"),
  u: press("[data-correct]"),
  p: press("[data-pause]"),
  "?": ({ panels }) => panels.openKeys(),
};

export function listenToKeys({ card, panels }) {
  const given = () => ({ card: card(), panels });

  function onTypingKey(event) {
    if (event.key === "Escape") card().questions?.light(card().questions.lit);
    if (card().form?.contains(event.target)) onModifiedKey(event);
  }

  // Whoever sends from a text field with Ctrl does so everywhere.
  function onModifiedKey(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !card().form || event.target.closest?.("a")) return;
    event.preventDefault();
    card().form.requestSubmit();
  }

  function onSingleKey(key, event) {
    if (key === "Escape") return panels.closeGuideline() || card().questions?.light(card().questions.lit);
    if (key === "Enter" && isPressable(event.target)) return undefined;
    if (key.startsWith("Arrow") && event.target.closest("[role=group][tabindex], input[type=radio]")) return undefined;
    if (areSingleKeysOff() && key.length === 1) return undefined;
    if (panels.pressSkipReason(key)) return event.preventDefault();
    const action = (card().isWork && ON_A_SAMPLE[key]) || EVERYWHERE[key];
    if (action) {
      event.preventDefault();
      action(given());
    } else if (card().isWork && card().choose(key)) {
      event.preventDefault();
    }
    return undefined;
  }

  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]") || event.defaultPrevented) return;
    if (isTyping(event)) onTypingKey(event);
    else if (hasModifier(event)) onModifiedKey(event);
    else onSingleKey(keyOf(event), event);
  });
  keepKeysOffIn(document.querySelector("[data-keys-off]"));
}
