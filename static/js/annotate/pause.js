// A pause: the texts are covered and the clocks stand still; the sample in hand stays, the one ahead is given back.
import { setResting } from "./clock.js";

const KEPT_FOR_MS = 3 * 60 * 60_000;
const NO_SIGN = new Set(["Tab", "Shift", "Control", "Alt", "Meta", "CapsLock", "AltGraph"]);

export class Pause {
  constructor({ onBegin, onEnd }) {
    this.cover = document.querySelector("[data-pause-cover]");
    this.onBegin = onBegin;
    this.onEnd = onEnd;
    document.querySelector("[data-pause]").addEventListener("click", () => this.begin());
    this.cover.addEventListener("close", () => this.end());
    this.cover.addEventListener("keydown", (event) => this.onKey(event));
  }

  get isOn() {
    return this.cover.open;
  }

  begin() {
    if (this.isOn) return;
    this.cover.showModal();
    setResting(true);
    this.onBegin(KEPT_FOR_MS);
  }

  onKey(event) {
    if (NO_SIGN.has(event.key)) return;
    event.preventDefault();
    this.cover.close();
  }

  end() {
    setResting(false);
    this.onEnd();
  }
}
