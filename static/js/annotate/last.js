// The last answer, while it can be corrected: the link to it stands on every card, also on those that were made before it was given.

const CORRECTABLE_FOR_MS = 10 * 60_000;

export class LastAnswer {
  constructor() {
    this.card = null;
    this.until = 0;
    this.timer = 0;
  }

  answered(card) {
    this.card = card;
    this.until = performance.now() + CORRECTABLE_FOR_MS;
  }

  isHere(assignment) {
    return this.card?.assignment === assignment;
  }

  offer(on) {
    clearTimeout(this.timer);
    const link = on.root.querySelector("[data-correct]");
    if (!link) return;
    if (this.card?.root.dataset.correctUrl && performance.now() < this.until) {
      link.href = this.card.root.dataset.correctUrl;
      link.dataset.assignment = this.card.assignment;
      link.dataset.secondsLeft = (this.until - performance.now()) / 1000;
      link.hidden = on.isCorrection || on.assignment === this.card.assignment;
    }
    this.timer = setTimeout(() => { link.hidden = true; }, 1000 * Number(link.dataset.secondsLeft || 0));
  }
}
