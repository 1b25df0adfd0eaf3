// One card: made ready off the page, set up when it is shown, set aside and taken up again without losing what was typed.
import { countActiveSeconds } from "./clock.js";
import { ask, contradiction } from "./contradictions.js";
import { Draft } from "./draft.js";
import { Lease } from "./lease.js";
import { keepGuideline, markTabs, pointGuidelineAt, showResponse } from "./panels.js";
import { Questions } from "./questions.js";
import { prepareReading } from "./reading.js";
import { say } from "./words.js";

// Null where the text holds no card, such as a page for logging in.
export function prepared(html) {
  const root = new DOMParser().parseFromString(html, "text/html").getElementById("sample-card");
  if (!root) return null;
  const card = document.importNode(root, true);
  prepareReading(card);
  return card;
}

export function present() {
  return document.getElementById("sample-card");
}

function newClientKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

const ROOM_ABOVE = 12; // pixels

export class Card {
  constructor(root, { onSubmit, onDraft, onLease }) {
    this.root = root;
    this.form = root.querySelector("#answer");
    this.assignment = root.dataset.assignment ?? "";
    this.stopClock = null;
    this.isPointing = false;
    if (!this.form) return;
    this.isCorrection = "correction" in root.dataset;
    this.questions = new Questions(this.form);
    this.draft = new Draft(root, this.form, (word, key, draft) => onDraft(this, word, key, draft));
    this.lease = new Lease(root, (state, minutes) => onLease(this, state, minutes));
    this.listen(onSubmit);
  }

  get isWork() {
    return Boolean(this.form);
  }

  // A form that waits shows what became of the answer before anything else.
  get waits() {
    return "waits" in this.form.dataset;
  }

  show() {
    if (present() !== this.root) present().replaceWith(this.root);
    if (!this.isWork) return this.root.focus({ preventScroll: true });
    if (!this.wasShown) this.restore();
    this.wasShown = true;
    this.stopClock = countActiveSeconds(this.form);
    this.showLastTurn();
    this.refresh();
    this.lightFirst();
    keepGuideline(this.questions.lit?.dataset.question);
  }

  // Of a long conversation the turn that the responses answer; what led to it is above it.
  showLastTurn() {
    const turns = this.form.querySelectorAll(".conversation-body > .turn");
    if (turns.length < 2 || this.wasScrolled) return;
    this.wasScrolled = true;
    const [body, last] = [turns[0].parentElement, turns[turns.length - 1]];
    body.scrollTop += last.getBoundingClientRect().top - body.getBoundingClientRect().top - ROOM_ABOVE;
  }

  restore() {
    if (!this.form.elements.client_key.value) this.form.elements.client_key.value = newClientKey();
    if (this.draft.restore()) say("restored");
    showResponse(this.form, this.form.querySelector("[data-response]")?.dataset.response);
  }

  // Out of sight, to be shown again.
  setAside() {
    this.stopClock?.();
    this.stopClock = null;
  }

  // Its answer is on its way, or somebody else's tab has given it.
  end() {
    this.setAside();
    this.draft?.forget();
    this.lease?.end();
  }

  listen(onSubmit) {
    const form = this.form;
    form.noValidate = true;
    form.addEventListener("concord:lit", (event) => this.onLit(event));
    form.addEventListener("focusin", (event) => this.onFocus(event));
    form.addEventListener("pointerdown", () => { this.isPointing = true; });
    form.addEventListener("keydown", () => { this.isPointing = false; });
    form.addEventListener("change", (event) => this.onChange(event));
    form.addEventListener("input", (event) => { if (event.target.matches("textarea, input:not([type=radio], [type=checkbox])")) this.draft.save(); });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.isFinished()) onSubmit(this);
    });
    for (const tab of form.querySelectorAll("[data-show-response]")) {
      tab.addEventListener("click", () => showResponse(form, tab.dataset.showResponse));
    }
    for (const step of form.querySelectorAll("[data-step]")) {
      step.addEventListener("click", () => this.move(Number(step.dataset.step)));
    }
  }

  refresh() {
    this.questions.update();
    markTabs(this.form, (question) => this.questions.isAnswered(question));
    this.tellPlace();
  }

  // Where one question is shown at a time, which of how many it is.
  tellPlace() {
    const place = this.form.querySelector("[data-counter]");
    if (place) place.textContent = `${this.questions.all.indexOf(this.questions.lit) + 1} / ${this.questions.all.length}`;
  }

  // A new card is shown from its top, because it is read first; only an error is scrolled to. The focus was on the card before, such
  // as in its comment: it is taken back, or the next keys would be typed there.
  lightFirst() {
    const wrong = this.form.querySelector('[data-question][data-invalid]');
    const first = wrong ?? this.questions.missing()[0] ?? this.questions.all[0];
    this.questions.light(first, { focus: Boolean(wrong), scroll: Boolean(wrong) });
    if (!wrong) (this.form.querySelector(".errors-box") ?? this.root).focus({ preventScroll: true });
  }

  move(step) {
    this.questions.light(this.questions.neighbour(step) ?? this.questions.lit);
  }

  lightNext() {
    const next = this.questions.neighbour(1);
    if (next) this.questions.light(next);
    else this.root.querySelector("[data-submit]").focus();
  }

  choose(key) {
    if (this.questions.toggle(key)) return true;
    if (!this.questions.choose(key)) return false;
    this.lightNext();
    return true;
  }

  // The level before or after the chosen one.
  shift(step) {
    const inputs = [...(this.questions.lit?.querySelectorAll("input[type=radio]:not(:disabled)") ?? [])];
    const chosen = inputs.findIndex((input) => input.checked);
    const next = inputs[chosen < 0 ? (step > 0 ? 0 : inputs.length - 1) : chosen + step];
    next?.click();
  }

  // A text that comes into sight is shown from its top: it is read before it is rated.
  onLit(event) {
    const letter = event.target.closest("[data-ratings-of]")?.dataset.ratingsOf;
    if (letter && showResponse(this.form, letter) && event.detail.scroll) event.preventDefault();
    pointGuidelineAt(event.target.dataset.question);
    this.tellPlace();
  }

  onFocus(event) {
    const question = event.target.closest("[data-question]");
    if (question && question !== this.questions.lit && !this.isPointing) this.questions.light(question, { focus: false });
  }

  onChange(event) {
    this.refresh();
    this.draft.save();
    const question = event.target.closest("[data-question]");
    if (!question) return;
    if (!this.questions.isOpen(question)) this.questions.settle(question);
    if (!this.isPointing || event.target.type !== "radio") return;
    this.questions.light(question, { focus: false });
    const next = this.questions.neighbour(1);
    if (next && !this.questions.isAnswered(next)) this.questions.light(next, { focus: false });
  }

  // An unfinished answer is not sent: what is open is pointed at. A contradiction is asked about, once, and forbids nothing.
  isFinished() {
    const missing = this.questions.missing();
    if (missing.length > 0) {
      this.questions.pointAt(missing);
      say("missing", missing[0].querySelector(".question-title").textContent.trim(), "act");
      return false;
    }
    const doubtful = this.isCorrection ? null : contradiction(this.form);
    if (!doubtful) return true;
    ask(doubtful);
    this.questions.light(doubtful);
    return false;
  }

  scrollLitResponse(step) {
    const letter = this.questions.lit?.closest("[data-ratings-of]")?.dataset.ratingsOf;
    const response = this.form.querySelector(letter ? `[data-response="${CSS.escape(letter)}"]` : "[data-response]");
    const pane = response.querySelector(".response-text");
    pane.scrollBy({ top: step * pane.clientHeight * 0.8 });
  }
}
