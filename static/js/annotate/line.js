// How the line to the server is, said in one quiet word; while it is down it is tried again now and then.
import { sayOfTheLine } from "./words.js";

const TRY_EVERY_MS = 10_000;

export class Line extends EventTarget {
  // `count()`: how many answers wait here. `probe()`: asks the server anything.
  constructor({ count, probe }) {
    super();
    Object.assign(this, { count, probe });
    this.state = "fine";
    this.loggedOut = document.querySelector("[data-log-in-again]");
    document.addEventListener("concord:answered", ({ detail }) => this.heard(detail));
    window.addEventListener("offline", () => this.become("offline"));
    window.addEventListener("online", () => this.probe());
    window.addEventListener("focus", () => { if (this.state !== "fine") this.probe(); });
    setInterval(() => { if (this.state !== "fine" && document.visibilityState === "visible") this.probe(); }, TRY_EVERY_MS);
  }

  heard({ is, status }) {
    if (is === "lost") this.become(status ? "broken" : "offline");
    else this.become(is === "loggedOut" ? "loggedOut" : "fine");
  }

  become(state) {
    const isNew = state !== this.state;
    this.state = state;
    this.tell();
    if (isNew) this.dispatchEvent(new Event(state));
  }

  tell() {
    const count = this.count();
    document.querySelector("[data-page]").dataset.unsent = count;
    this.loggedOut.hidden = this.state !== "loggedOut";
    const name = { fine: "", offline: "offline", broken: "broken", loggedOut: "loggedOut" }[this.state];
    sayOfTheLine(name && count ? `${name}Kept` : name, { count });
  }
}
