// A sensitive sample is covered until somebody opens it, each time anew. Before that, nothing can be rated by mistake.
import { areSingleKeysOff, hasModifier, isPressable, isTyping, keyOf } from "../shortcuts.js";

// What does not judge works on a covered sample too: skip, guideline, question, correction, pause, the map of keys.
const FREE = new Set(["s", "g", "q", "u", "p", "?", "Escape", "Tab"]);

function covered() {
  return document.querySelector("#sample-card [data-cover]:not([open])");
}

function keepFromRating(cover) {
  const answer = cover.closest("form")?.querySelector(".answer, .verdict");
  if (answer) answer.inert = !cover.open;
}

function open(cover) {
  cover.open = true;
  const text = cover.parentElement.querySelector(".conversation-body") ?? cover.parentElement;
  text.focus({ preventScroll: true });
}

function isFree(key) {
  return FREE.has(key) || Boolean(document.querySelector("[data-skip][open]"));
}

// Before the keys of the page get it.
function onKey(event) {
  const cover = covered();
  if (!cover || isTyping(event) || hasModifier(event) || document.querySelector("dialog[open]")) return;
  const key = keyOf(event);
  const isToBeJudged = cover.closest("form") !== null; // after training, Enter goes on whether the texts are read again or not
  if (key === "Shift" || isFree(key) || (!isToBeJudged && key !== "o")) return;
  if (key === "Enter" && isPressable(event.target)) return;
  if (areSingleKeysOff() && key.length === 1) return;
  event.stopImmediatePropagation();
  if (key !== "Enter" && key !== "o") return;
  event.preventDefault();
  open(cover);
}

function coverAll() {
  for (const cover of document.querySelectorAll("#sample-card [data-cover]")) keepFromRating(cover);
}

document.addEventListener("keydown", onKey, true);
document.addEventListener("toggle", (event) => { if (event.target.matches?.("[data-cover]")) keepFromRating(event.target); }, true);
document.addEventListener("concord:shown", coverAll);
coverAll();
