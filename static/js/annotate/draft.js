// What is chosen and typed of one answer: on this device at once, on the server shortly after. The one that was saved more often is
// the newer one; no clock decides.
import { keysBeginning, recall, remember } from "../store.js";
import { forgetSeconds } from "./clock.js";
import { post, read } from "./server.js";

const PREFIX = "concord.draft.";
const KEPT_DAYS = 7;
const DAY_MS = 24 * 60 * 60 * 1000;
const SEND_AFTER_MS = 1_500;
const NO_ANSWER = new Set(["csrfmiddlewaretoken", "client_key", "rubric", "active_seconds"]);

// A field that was chosen several times stands there several times.
export function fieldsOf(form) {
  return [...new FormData(form)].filter(([name]) => !NO_ANSWER.has(name));
}

// Every field as it was, also those that were empty.
export function fill(form, fields) {
  const values = Map.groupBy ? Map.groupBy(fields, ([name]) => name) : grouped(fields);
  for (const input of form.elements) {
    if (!input.name || NO_ANSWER.has(input.name) || input.type === "submit" || input.type === "hidden") continue;
    const given = (values.get(input.name) ?? []).map(([, value]) => value);
    if (input.type === "radio" || input.type === "checkbox") input.checked = given.includes(input.value);
    else if (input !== document.activeElement || !input.value) input.value = given[0] ?? "";
  }
}

function grouped(fields) {
  const values = new Map();
  for (const field of fields) values.set(field[0], [...(values.get(field[0]) ?? []), field]);
  return values;
}

export class Draft {
  constructor(root, form, onSaved) {
    this.form = form;
    this.onSaved = onSaved;
    this.key = PREFIX + form.dataset.draft;
    this.url = root.dataset.draftUrl;
    this.revision = root.dataset.revision;
    this.saves = Number(root.dataset.saves) || 0;
    this.timer = 0;
    this.isUnsent = false;
    this.isOver = false;
    this.onHide = () => { if (document.visibilityState === "hidden") this.send(); };
    document.addEventListener("visibilitychange", this.onHide);
    window.addEventListener("pagehide", this.onHide);
  }

  // Says whether there was one, here or on the server, which has filled its own in already.
  restore() {
    const here = recall(this.key);
    if (!here) return this.saves > 0;
    if (here.clientKey) this.form.elements.client_key.value = here.clientKey;
    if ((here.saves ?? 0) >= this.saves && Array.isArray(here.fields)) {
      this.take(here);
      return true;
    }
    return this.saves > 0;
  }

  take({ fields, saves }) {
    fill(this.form, fields);
    this.saves = saves ?? 0;
  }

  save() {
    if (this.isOver) return;
    this.saves += 1;
    const draft = { at: Date.now(), saves: this.saves, fields: fieldsOf(this.form), clientKey: this.form.elements.client_key.value };
    const isHere = remember(this.key, draft);
    this.isUnsent = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), SEND_AFTER_MS);
    this.onSaved(isHere ? "savedHere" : "saving", this.key, draft);
  }

  async send() {
    clearTimeout(this.timer);
    if (!this.isUnsent || this.isOver || !this.url) return;
    this.isUnsent = false;
    const fields = [...fieldsOf(this.form), ["saves", this.saves], ["of_revision", this.revision], ["rubric", this.form.elements.rubric.value]];
    const answer = await post(this.url, fields);
    if (this.isOver) return;
    if (answer.is !== "ok") this.isUnsent = answer.is === "lost";
    else if (!this.isUnsent) this.onSaved("saved");
    // Another device has saved it more often: ours is the newer one from here on.
    this.saves = Math.max(this.saves, Number(read(answer).saves) || 0);
  }

  forget() {
    this.rest();
    remember(this.key, null);
    forgetSeconds(this.form);
  }

  rest() {
    this.isOver = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.onHide);
    window.removeEventListener("pagehide", this.onHide);
  }
}

export function forgetOldDrafts(now = Date.now()) {
  for (const key of keysBeginning(PREFIX)) {
    if (now - (recall(key)?.at ?? 0) > KEPT_DAYS * DAY_MS) remember(key, null);
  }
}
