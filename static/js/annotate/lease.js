// The time that a sample is somebody's. It is renewed while its page is looked at; its end is told when it is near.
import { post, read } from "./server.js";

const RENEW_EVERY_MS = 60_000;
const LOOK_EVERY_MS = 15_000;
const NEAR_MS = 5 * 60_000;

export class Lease {
  // `onChange(state, minutes)`: "held", "near" or "gone".
  constructor(root, onChange) {
    this.url = root.dataset.renewUrl;
    this.onChange = onChange;
    this.endsAt = performance.now() + 1000 * Number(root.dataset.leaseSeconds);
    this.state = "held";
    this.askedAt = performance.now();
    this.restsUntil = 0; // while somebody rests the sample is kept, also out of sight
    this.timer = this.url ? setInterval(() => this.look(), LOOK_EVERY_MS) : 0;
  }

  look() {
    const now = performance.now();
    const isWanted = document.visibilityState === "visible" || now < this.restsUntil;
    if (isWanted && now - this.askedAt >= RENEW_EVERY_MS) this.renew();
    this.tell();
  }

  async renew() {
    this.askedAt = performance.now();
    const answer = await post(this.url);
    if (answer.is === "ok") this.endsAt = performance.now() + 1000 * (read(answer).seconds ?? 0);
    if (answer.is === "refused") this.endsAt = performance.now();
    this.tell();
  }

  tell() {
    if (!this.timer) return;
    const left = this.endsAt - performance.now();
    const state = left <= 0 ? "gone" : left < NEAR_MS ? "near" : "held";
    if (state === this.state && state !== "near") return;
    this.state = state;
    this.onChange(state, Math.max(1, Math.ceil(left / 60_000)));
  }

  keepFor(milliseconds) {
    this.restsUntil = performance.now() + milliseconds;
  }

  end() {
    clearInterval(this.timer);
    this.timer = 0;
  }
}
