// The annotator's page: sets up each card as it arrives and gives the keys their meaning.
import { recall, remember } from "../store.js";
import { hasModifier, isPressable, isTyping, keyOf } from "../shortcuts.js";
import { countActiveSeconds, keepLease } from "./clock.js";
import { forgetOldDrafts, restoreDraft, saveDraft } from "./draft.js";
import { closeGuideline, keepGuideline, markTabs, openKeys, openSkip, pointGuidelineAt, showResponse, skipMenu, toggleGuideline } from "./panels.js";
import { Questions } from "./questions.js";
import { listenToSending, say } from "./send.js";

const KEYS_OFF = "concord.keysOff";

let form = null;
let questions = null;
let stopClocks = [];
let isPointing = false;

function newClientKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function refresh() {
  questions.update();
  markTabs(form, (question) => questions.isAnswered(question));
}

// A new card is shown from its top, because it is read first; only an error is scrolled to. A swap has put the focus where it was
// on the card before, such as the comment: it is taken back, or the next keys would be typed there.
function lightFirst() {
  const wrong = form.querySelector('[data-question][aria-invalid="true"]');
  questions.light(wrong ?? questions.missing()[0] ?? questions.all[0], { focus: Boolean(wrong), scroll: Boolean(wrong) });
  if (wrong) return;
  (form.querySelector(".errors-box") ?? document.getElementById("sample-card")).focus({ preventScroll: true });
}

function lightNext() {
  const next = questions.neighbour(1);
  if (next) questions.light(next);
  else document.querySelector("[data-submit]").focus();
}

// A text that comes into sight is shown from its top: it is read before it is rated.
function onLit(event) {
  const response = event.target.closest("[data-response]");
  if (response && showResponse(form, response.dataset.response) && event.detail.scroll) {
    event.preventDefault();
    response.scrollIntoView({ block: "start" });
  }
  pointGuidelineAt(event.target.dataset.question);
}

// What was wrong with the last answer is not wrong with this one.
function forgetError(question) {
  question.removeAttribute("aria-invalid");
  question.removeAttribute("aria-describedby");
  question.querySelector(".error")?.remove();
}

function onChange(event) {
  refresh();
  if (saveDraft(form)) say("saved");
  const question = event.target.closest("[data-question]");
  if (question) forgetError(question);
  if (!question || !isPointing) return;
  questions.light(question, { focus: false });
  const next = questions.neighbour(1);
  if (next && !questions.isAnswered(next)) questions.light(next, { focus: false });
}

function onFocus(event) {
  const question = event.target.closest("[data-question]");
  if (question && question !== questions.lit && !isPointing) questions.light(question, { focus: false });
}

// An unfinished answer is not sent: the first open question is lit and named instead.
function onSubmit(event) {
  const missing = questions.missing();
  if (missing.length === 0) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  questions.light(missing[0]);
  say("missing", missing.map((question) => question.querySelector(".question-title").textContent.trim()).slice(0, 3).join(" · "), "act");
}

function listenToForm() {
  form.noValidate = true;
  form.addEventListener("concord:lit", onLit);
  form.addEventListener("focusin", onFocus);
  form.addEventListener("pointerdown", () => { isPointing = true; });
  form.addEventListener("keydown", () => { isPointing = false; });
  form.addEventListener("change", onChange);
  form.elements.comment.addEventListener("input", () => { if (saveDraft(form)) say("saved"); });
  form.addEventListener("submit", onSubmit, true);
  for (const tab of form.querySelectorAll("[data-show-response]")) {
    tab.addEventListener("click", () => showResponse(form, tab.dataset.showResponse));
  }
}

function fadeCorrection() {
  for (const link of document.querySelectorAll("[data-correct]")) {
    setTimeout(() => { link.hidden = true; }, Number(link.dataset.secondsLeft) * 1000);
  }
}

function setUpCard() {
  for (const stop of stopClocks) stop();
  stopClocks = [];
  form = document.getElementById("answer");
  questions = form && new Questions(form);
  fadeCorrection();
  if (!form) {
    document.getElementById("sample-card")?.focus({ preventScroll: true });
    return;
  }
  listenToForm();
  if (restoreDraft(form)) say("restored");
  if (!form.elements.client_key.value) form.elements.client_key.value = newClientKey();
  stopClocks = [countActiveSeconds(form), keepLease(form, () => say("leaseEnded", "", "act"))];
  showResponse(form, form.querySelector("[data-response]")?.dataset.response);
  refresh();
  lightFirst();
  keepGuideline(questions.lit?.dataset.question);
}

function scrollLitResponse(step) {
  const pane = (questions.lit?.closest("[data-response]") ?? form).querySelector(".response-text");
  pane.scrollBy({ top: step * pane.clientHeight * 0.8 });
}

function submit() {
  form.requestSubmit();
}

const ACTIONS = {
  ArrowDown: () => questions.light(questions.neighbour(1) ?? questions.lit),
  ArrowUp: () => questions.light(questions.neighbour(-1) ?? questions.lit),
  j: () => ACTIONS.ArrowDown(),
  k: () => ACTIONS.ArrowUp(),
  Enter: submit,
  c: () => form.elements.comment.focus(),
  n: () => form.elements.neither_valid?.click(),
  s: openSkip,
  g: () => toggleGuideline(questions.lit?.dataset.question),
  "[": () => scrollLitResponse(-1),
  "]": () => scrollLitResponse(1),
};

// These work on a card without questions, too.
const ACTIONS_ANYWHERE = {
  u: () => document.querySelector("[data-correct]:not([hidden])")?.click(),
  "?": openKeys,
};

function onTypingKey(event) {
  if (event.key === "Escape") questions?.light(questions.lit);
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form?.contains(event.target)) {
    event.preventDefault();
    submit();
  }
}

function onEscape() {
  if (!closeGuideline()) questions?.light(questions.lit);
}

function pressSkipReason(key) {
  const button = [...skipMenu().querySelectorAll("button[data-key]")].find((reason) => reason.dataset.key === key);
  button?.click();
  return Boolean(button);
}

function act(key, event) {
  if (key === "Escape") return onEscape();
  if (key === "Enter" && isPressable(event.target)) return undefined;
  if (key.startsWith("Arrow") && event.target.closest("[role=group][tabindex]")) return undefined;
  if (recall(KEYS_OFF) && key.length === 1) return undefined;
  if (skipMenu()?.open && pressSkipReason(key)) return event.preventDefault();
  const action = (form && ACTIONS[key]) || ACTIONS_ANYWHERE[key];
  if (action) {
    event.preventDefault();
    action();
  } else if (form && questions.choose(key)) {
    event.preventDefault();
    lightNext();
  }
  return undefined;
}

function onKey(event) {
  if (document.querySelector("dialog[open]")) return;
  if (isTyping(event)) onTypingKey(event);
  else if (!hasModifier(event)) act(keyOf(event), event);
}

function onClick(event) {
  if (event.target.closest("[data-guideline-toggle]")) {
    event.preventDefault();
    toggleGuideline(questions?.lit?.dataset.question);
  } else if (event.target.closest("[data-guideline-close]")) {
    event.preventDefault();
    closeGuideline();
    document.querySelector("[data-guideline-toggle]").focus();
  } else if (event.target.closest("[data-keys-open]")) {
    openKeys();
  }
}

function keepKeysChoice() {
  const box = document.querySelector("[data-keys-off]");
  box.checked = Boolean(recall(KEYS_OFF));
  box.addEventListener("change", () => remember(KEYS_OFF, box.checked || null));
}

document.addEventListener("keydown", onKey);
document.addEventListener("click", onClick);
document.addEventListener("htmx:afterSwap", setUpCard);
forgetOldDrafts();
keepKeysChoice();
listenToSending();
setUpCard();
