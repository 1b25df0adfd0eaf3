// A remark that is typed: how much there is, how much is wanted, and a field that grows with it.
import { countWords, isLink, linksIn } from "./counting.js";

const KEEPS_GROWING = 12;
const grows = () => CSS.supports("field-sizing", "content");

export function fieldOf(question) {
  return question.querySelector("textarea[data-typed]");
}

function countOf(question, text) {
  return question.dataset.kind === "sources" ? linksIn(text).length : countWords(text);
}

// Nothing at all is fine here: whether something has to be said is not asked.
export function isFine(question) {
  const field = fieldOf(question);
  const text = field.value.trim();
  if (!text) return true;
  if (question.dataset.kind === "sources" && !linksIn(text).every(isLink)) return false;
  const count = countOf(question, text);
  return count >= Number(field.dataset.minimum ?? 0) && count <= Number(field.dataset.maximum ?? Infinity);
}

export function tellCount(question) {
  const field = fieldOf(question);
  const told = question.querySelector("[data-count]");
  told.textContent = told.dataset.wanted.replace("{count}", countOf(question, field.value));
  told.toggleAttribute("data-fine", Boolean(field.value.trim()) && isFine(question));
  if (!grows()) field.rows = Math.min(KEEPS_GROWING, field.value.split("\n").length);
}
