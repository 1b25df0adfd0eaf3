// The questions of one card: which one is lit, which are answered, which have to be pointed at.
import { fieldOf, isFine, tellCount } from "./typed.js";

const isChosen = (box) => Boolean(box.querySelector("input:checked"));

export class Questions {
  constructor(form) {
    this.form = form;
    this.all = [...form.querySelectorAll("[data-question]")];
    this.lit = null;
    form.dataset.live = "";
    form.addEventListener("input", (event) => this.onInput(event));
  }

  get neitherIsValid() {
    return Boolean(this.form.elements.neither_valid?.checked);
  }

  // Where no response is valid only the sample as a whole is still asked about, and nothing of that has to be answered.
  isAsked(question) {
    return !this.neitherIsValid || "ofSample" in question.dataset;
  }

  isAnswered(question) {
    const field = fieldOf(question);
    if (field) return Boolean(field.value.trim()) && isFine(question);
    if (question.dataset.kind !== "rating") return isChosen(question);
    return isChosen(question.querySelector(".levels")) && [...question.querySelectorAll("[data-reasons-required]")].every(isChosen);
  }

  isOpen(question) {
    if (!this.isAsked(question)) return false;
    if ("required" in question.dataset && !this.neitherIsValid) return !this.isAnswered(question);
    return Boolean(fieldOf(question)) && !isFine(question);
  }

  missing() {
    return this.all.filter((question) => this.isOpen(question));
  }

  light(question, { focus = true, scroll = true } = {}) {
    const wasLit = question === this.lit;
    for (const other of this.all) delete other.dataset.lit;
    this.lit = question ?? null;
    if (!question) return;
    question.dataset.lit = "";
    const event = new CustomEvent("concord:lit", { bubbles: true, cancelable: true, detail: { scroll } });
    const isFree = question.dispatchEvent(event);
    if (focus) (wasLit ? question : this.handTo(question)).focus({ preventScroll: true });
    if (scroll && isFree) question.scrollIntoView({ block: "nearest" });
  }

  // A text that has to be written is begun at once; any other question waits for its key. Lit once more, it is left again.
  handTo(question) {
    const field = fieldOf(question);
    return field && !field.disabled && "required" in question.dataset && !field.value.trim() ? field : question;
  }

  neighbour(step) {
    const index = this.all.indexOf(this.lit);
    return this.all[index + step];
  }

  // A level of the lit question.
  choose(key) {
    const level = this.lit?.querySelector(`.levels input[data-key="${CSS.escape(key)}"]`);
    return press(level, () => { level.checked = true; });
  }

  // A reason of the lit question, or of the one just answered: first one rates, then one says why. There may be several, so the
  // lit question stays lit.
  toggle(key) {
    const named = `.reason input[data-key="${CSS.escape(key)}"]`;
    const before = this.neighbour(-1)?.querySelector(".reasons--beside");
    const reason = this.lit?.querySelector(named) ?? before?.querySelector(named);
    return press(reason, () => { reason.checked = !reason.checked; });
  }

  // Into the text of the lit question, or else of the next one that has a text.
  write() {
    const from = Math.max(0, this.all.indexOf(this.lit));
    const question = [...this.all.slice(from), ...this.all.slice(0, from)].find((other) => fieldOf(other));
    if (!question) return false;
    this.light(question, { focus: false });
    fieldOf(question).focus();
    return true;
  }

  // What is open is marked where it stands; the first of it is lit.
  pointAt(questions) {
    for (const question of questions) this.mark(question, true);
    this.lit = null;
    this.light(questions[0]);
  }

  // What was wrong with the last answer is not wrong with this one.
  settle(question) {
    this.mark(question, false);
    const asked = question.querySelector("[data-ask]");
    if (asked) asked.textContent = "";
  }

  mark(question, isOpen) {
    const error = question.querySelector(":scope > [data-error]");
    const said = error.querySelector("span");
    if (isOpen) said.textContent ||= error.dataset.open;
    else said.textContent = "";
    error.hidden = !isOpen;
    question.toggleAttribute("data-invalid", isOpen);
    const told = fieldOf(question) ?? (question.getAttribute("role") === "radiogroup" ? question : null);
    if (isOpen) told?.setAttribute("aria-invalid", "true");
    else told?.removeAttribute("aria-invalid");
    if (isOpen) question.setAttribute("aria-describedby", error.id);
    else question.removeAttribute("aria-describedby");
  }

  onInput(event) {
    const question = event.target.matches("[data-typed]") && event.target.closest("[data-question]");
    if (!question) return;
    tellCount(question);
    if (!this.isOpen(question)) this.settle(question);
    this.tellComplete();
  }

  // Ratings of a sample with no valid response would be noise: they are neither asked nor sent.
  update() {
    for (const question of this.all) {
      const isOff = !this.isAsked(question);
      for (const input of question.querySelectorAll("input, textarea")) input.disabled = isOff;
      if (fieldOf(question)) tellCount(question);
    }
    return this.tellComplete();
  }

  tellComplete() {
    const complete = this.missing().length === 0;
    this.form.toggleAttribute("data-complete", complete);
    return complete;
  }
}

function press(input, change) {
  if (!input || input.disabled) return false;
  change();
  input.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}
