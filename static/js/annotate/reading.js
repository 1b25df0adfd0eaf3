// Everything that makes a text readable: formulas, folds, the text as written, copying, and boxes that scroll.
import { setLanguages } from "../language.js";
import { addCopyButtons } from "./copying.js";
import "./folds.js";
import { markLinked } from "./linked.js";
import { drawMaths } from "./maths.js";
import { fillAsWritten, markButtons } from "./written.js";

// A box that is wider than its place can be scrolled by keyboard, and only then is a stop of the Tab key.
const boxes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth + 1) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});

// To be called with each card, also with one that is not in the page yet. Resolves when its formulas are drawn.
export async function prepareReading(root) {
  setLanguages(root);
  fillAsWritten(root);
  addCopyButtons(root);
  markButtons(root);
  markLinked(root);
  try {
    await drawMaths(root);
  } catch {
    // KaTeX could not be fetched: the formulas stay as they were written, and are tried again with the next card.
  }
  for (const box of root.querySelectorAll(".prose :is(pre, .table-frame, .math--display)")) boxes.observe(box);
}

prepareReading(document);
