// Answers, corrections and skips on their way to the server. Each is kept on this device until the server has said that it has it,
// and is sent again after a lost line with the same key, so that it is counted once.
import { keysBeginning, recall, remember } from "../store.js";
import { post, read } from "./server.js";

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 60_000;
const JITTER = 0.3;
const TRIES_IN_ORDER = 4; // after that it lets the others pass

let letters = 0;

function newName() {
  letters += 1;
  return `${Date.now().toString(36).padStart(9, "0")}-${String(letters).padStart(4, "0")}-${Math.random().toString(36).slice(2, 8)}`;
}

export class Outbox extends EventTarget {
  // `person`: whose letters these are; a device may have several accounts.
  constructor(person) {
    super();
    this.prefix = `concord.outbox.${person}.`;
    this.unstored = new Map(); // where the browser keeps nothing
    this.aside = new Set(); // not this account's, or refused: not tried again while the page is open
    this.misses = 0;
    this.timer = 0;
    this.line = "fine"; // or "lost", "loggedOut": what became of the last letter
    this.sending = null;
    window.addEventListener("online", () => this.sendNow());
    window.addEventListener("focus", () => this.sendNow());
    window.addEventListener("storage", ({ key }) => { if (key?.startsWith(this.prefix)) this.changedElsewhere(); });
    window.addEventListener("beforeunload", (event) => { if (this.unstored.size) event.preventDefault(); });
  }

  letters() {
    const stored = keysBeginning(this.prefix).map((name) => [name, recall(name)]);
    return [...stored, ...this.unstored]
      .filter(([, letter]) => letter)
      .map(([name, letter]) => ({ ...letter, name }))
      .sort((one, other) => (one.tries >= TRIES_IN_ORDER) - (other.tries >= TRIES_IN_ORDER) || (one.name < other.name ? -1 : 1));
  }

  waiting() {
    return this.letters().filter((letter) => !letter.refused && !this.aside.has(letter.name));
  }

  refused() {
    return this.letters().filter((letter) => letter.refused);
  }

  isAbout(assignment) {
    return this.waiting().some((letter) => letter.assignment === assignment);
  }

  add(letter) {
    this.keep({ ...letter, name: this.prefix + newName(), tries: 0 });
    this.changed();
  }

  // Back into the person's hands, as long as it was never sent: what was sent once may have arrived.
  takeBack(assignment) {
    const letter = this.waiting().find((one) => one.assignment === assignment && one.tries === 0);
    if (letter) this.forget(letter.name);
    return letter ?? null;
  }

  forget(name) {
    this.unstored.delete(name);
    remember(name, null);
    this.changed();
  }

  sendNow() {
    this.misses = 0;
    return this.send();
  }

  // One tab sends at a time; a second one finds the letters gone when its turn has come.
  send() {
    clearTimeout(this.timer);
    this.sending ??= this.withTheLock(() => this.sendAll()).finally(() => {
      this.sending = null;
      this.goOn();
    });
    return this.sending;
  }

  withTheLock(work) {
    return navigator.locks ? navigator.locks.request(this.prefix, work) : work();
  }

  async sendAll() {
    for (let letter = this.waiting()[0]; letter; letter = this.waiting()[0]) {
      this.keep({ ...letter, tries: letter.tries + 1 });
      const answer = await post(letter.url, letter.fields, { Accept: "application/json" });
      this.line = answer.is === "lost" || answer.is === "loggedOut" ? answer.is : "fine";
      if (this.line !== "fine") {
        this.misses += 1;
        return;
      }
      this.misses = 0;
      this.arrived(letter, answer);
    }
  }

  arrived(letter, answer) {
    const said = read(answer);
    if (answer.is === "ok") {
      this.forget(letter.name);
      this.dispatchEvent(new CustomEvent("kept", { detail: { letter, late: said.late } }));
    } else if (letter.kind === "skip") {
      this.forget(letter.name); // nothing was written: the sample may come again, and is skipped again
    } else if (answer.is === "notYours") {
      this.aside.add(letter.name);
      this.dispatchEvent(new CustomEvent("notYours", { detail: { letter } }));
    } else {
      const refused = { ...letter, refused: { status: answer.status, said: said.detail ?? "" } };
      this.keep(refused);
      this.dispatchEvent(new CustomEvent("refused", { detail: { letter: refused } }));
    }
  }

  keep({ name, ...letter }) {
    if (!remember(name, letter)) this.unstored.set(name, letter);
  }

  goOn() {
    this.changed();
    if (this.waiting().length === 0) {
      this.dispatchEvent(new Event("empty"));
      return;
    }
    const pause = this.misses ? Math.min(FIRST_PAUSE_MS * 2 ** (this.misses - 1), LONGEST_PAUSE_MS) : 0;
    this.timer = setTimeout(() => this.send(), pause * (1 + JITTER * Math.random()));
  }

  changed() {
    this.dispatchEvent(new Event("changed"));
  }

  // Another tab has put a letter there, or has sent one that this tab waited for.
  changedElsewhere() {
    this.changed();
    if (this.waiting().length === 0) this.dispatchEvent(new Event("empty"));
  }
}
