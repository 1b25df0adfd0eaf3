// The questions of one card: which one is lit, which are answered.

export class Questions {
  constructor(form) {
    this.form = form;
    this.all = [...form.querySelectorAll("[data-question]")];
    this.lit = null;
    form.dataset.live = "";
  }

  get neitherIsValid() {
    return Boolean(this.form.elements.neither_valid?.checked);
  }

  isAnswered(question) {
    return Boolean(question.querySelector("input:checked"));
  }

  missing() {
    if (this.neitherIsValid) return [];
    return this.all.filter((question) => "required" in question.dataset && !this.isAnswered(question));
  }

  light(question, { focus = true, scroll = true } = {}) {
    for (const other of this.all) delete other.dataset.lit;
    this.lit = question ?? null;
    if (!question) return;
    question.dataset.lit = "";
    const event = new CustomEvent("concord:lit", { bubbles: true, cancelable: true, detail: { scroll } });
    const isFree = question.dispatchEvent(event);
    if (focus) question.focus({ preventScroll: true });
    if (scroll && isFree) question.scrollIntoView({ block: "nearest" });
  }

  neighbour(step) {
    const index = this.all.indexOf(this.lit);
    return this.all[index + step];
  }

  choose(key) {
    const input = this.lit?.querySelector(`input[data-key="${CSS.escape(key)}"]:not(:disabled)`);
    if (!input) return false;
    input.checked = true;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  }

  // Ratings of a sample with no valid response would be noise: they are neither asked nor sent.
  update() {
    for (const input of this.form.querySelectorAll("[data-question] input")) input.disabled = this.neitherIsValid;
    const complete = this.missing().length === 0;
    this.form.toggleAttribute("data-complete", complete);
    return complete;
  }
}
