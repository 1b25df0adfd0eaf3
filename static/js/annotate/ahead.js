// The sample after the one in hand, asked for as soon as that one is shown and made ready off the page, so that showing it is one
// exchange of two elements. What is not used is given back.
import { post, postForCard, tell } from "./server.js";

const BEFORE_ITS_END_MS = 2 * 60_000;

export class Ahead {
  // `prepared(html)`: the card, ready to be shown, or null. `isWanted()`: whether to ask now.
  constructor({ url, prepared, isWanted, onReady }) {
    Object.assign(this, { url, prepared, isWanted, onReady });
    this.root = null;
    this.asking = null;
    this.timer = 0;
    this.isOff = !url;
    window.addEventListener("pagehide", () => this.giveBack());
  }

  ask() {
    if (this.isOff || this.root || this.asking || !this.isWanted()) return;
    this.asking = this.fetch().finally(() => { this.asking = null; });
  }

  async fetch() {
    const answer = await postForCard(this.url);
    const root = answer.is === "ok" && answer.text ? this.prepared(answer.text) : null;
    if (!root) return;
    this.root = root;
    if (!this.isWanted(root.dataset.assignment)) return this.giveBack();
    this.timer = setTimeout(() => this.nearItsEnd(), Math.max(1000 * Number(root.dataset.leaseSeconds) - BEFORE_ITS_END_MS, 1_000));
    this.onReady(root);
  }

  // Whoever still looks at the page keeps it; otherwise somebody else may have it.
  async nearItsEnd() {
    const root = this.root;
    if (document.visibilityState !== "visible") return this.giveBack();
    const answer = await post(root.dataset.renewUrl);
    if (root !== this.root) return;
    if (answer.is === "ok") this.timer = setTimeout(() => this.nearItsEnd(), Math.max(1000 * Number(root.dataset.leaseSeconds) - BEFORE_ITS_END_MS, 1_000));
    else this.forget();
  }

  take() {
    const root = this.root;
    this.forget();
    return root;
  }

  forget() {
    clearTimeout(this.timer);
    this.root = null;
  }

  // Answered or skipped in another tab.
  drop(assignment) {
    if (this.root?.dataset.assignment === assignment) this.forget();
  }

  giveBack() {
    const url = this.root?.dataset.releaseUrl;
    this.forget();
    if (url) tell(url);
  }
}
