// The way from one sample to the next: an answer goes into the outbox and the sample ahead is shown at once, without the network.
import { Ahead } from "./ahead.js";
import { Card, prepared, present } from "./card.js";
import { fill } from "./draft.js";
import { LastAnswer } from "./last.js";
import { Looking } from "./looking.js";
import { countOne, takeOver } from "./progress.js";
import { getCard, postForCard, read } from "./server.js";
import { say, tellAbove, wordFor } from "./words.js";

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;
const LEASE_WORDS = { near: "leaseNear", gone: "leaseGone", held: "" };

export class Work {
  constructor({ page, outbox, tabs }) {
    Object.assign(this, { page, outbox, tabs });
    this.card = null; // on the screen
    this.kept = null; // set aside while the last answer is corrected
    this.isResting = false;
    this.lineState = "fine";
    this.fetching = null;
    this.misses = 0;
    this.last = new LastAnswer();
    this.looking = new Looking(() => this.fetch());
    this.ahead = new Ahead({
      url: page.dataset.aheadUrl,
      prepared,
      isWanted: (assignment) => this.wantsAhead(assignment),
      onReady: (root) => takeOver(root),
    });
  }

  cardOf(root) {
    return new Card(root, {
      onSubmit: (card) => (card.waits ? this.sendAndWait(card) : this.submit(card)),
      onDraft: (card, word, key, draft) => this.onDraft(card, word, key, draft),
      onLease: (card, state, minutes) => { if (card === this.card) say(LEASE_WORDS[state], "", state === "gone" ? "act" : "", { minutes }); },
    });
  }

  // What the server has put on the page. It may not know yet that this sample is done.
  adopt() {
    if (this.outbox.isAbout(present().dataset.assignment)) this.showState("fetching");
    else this.show(this.cardOf(present()));
  }

  show(card) {
    this.card?.setAside();
    this.card = card;
    say("");
    card.show();
    this.last.offer(card);
    this.looking.watch(card.root);
    document.dispatchEvent(new CustomEvent("concord:shown", { detail: { root: card.root } }));
    this.ahead.ask();
  }

  wantsAhead(assignment) {
    const isFree = this.card.isWork && !this.card.waits && !this.isResting && document.visibilityState === "visible";
    const isNew = assignment === undefined || ![this.card.assignment, this.kept?.assignment].includes(assignment);
    return isFree && isNew && this.outbox.waiting().length === 0;
  }

  // --- an answer ---------------------------------------------------------------------------------------------------------------
  submit(card) {
    const fields = [...new FormData(card.form)].filter(([name]) => name !== "csrfmiddlewaretoken");
    const kind = card.isCorrection ? "correct" : "submit";
    if (kind === "submit") countOne();
    this.sendOff(card, { kind, url: card.form.getAttribute("action"), fields });
    this.last.answered(card);
    this.goOn();
    this.outbox.send();
  }

  skip(form, reason) {
    this.sendOff(this.card, { kind: "skip", url: form.getAttribute("action"), fields: [["reason", reason]] });
    this.goOn();
    this.outbox.send();
  }

  sendOff(card, letter) {
    this.outbox.add({ ...letter, assignment: card.assignment });
    card.end();
    this.tabs.tellAnswered(card.assignment);
  }

  // A sample that teaches: what comes back is shown before the next one.
  async sendAndWait(card) {
    if (card.isSending) return;
    card.isSending = true;
    say("sending");
    const answer = await postForCard(card.form.getAttribute("action"), new FormData(card.form));
    card.isSending = false;
    const root = answer.is === "ok" || answer.is === "refused" ? prepared(answer.text) : null;
    if (!root) return say("notSent", "", "act");
    if (answer.is === "ok") card.end();
    this.show(this.cardOf(root));
  }

  // --- the next sample ---------------------------------------------------------------------------------------------------------
  goOn() {
    const kept = this.kept;
    this.kept = null;
    if (kept) return this.show(kept);
    const root = this.ahead.take();
    if (root) return this.show(this.cardOf(root));
    this.showState(this.lineState === "fine" ? "fetching" : this.lineState);
    this.fetch();
  }

  showState(name) {
    if (this.card?.root.dataset.state === name) return;
    const root = document.getElementById(`state-${name}`).content.firstElementChild.cloneNode(true);
    root.dataset.state = name;
    this.show(this.cardOf(root));
  }

  // From the server, once it has every answer: until then it would give the same sample again.
  fetch() {
    if (this.outbox.waiting().length) return;
    this.fetching ??= getCard(this.page.dataset.annotateUrl).then((answer) => this.fetched(answer)).finally(() => { this.fetching = null; });
  }

  fetched(answer) {
    if (this.card.isWork) return;
    const root = answer.is === "ok" ? prepared(answer.text) : null;
    if (root) {
      this.misses = 0;
      takeOver(root);
      this.showUnlessTheSame(root);
      return;
    }
    this.misses += 1;
    if (!this.card.root.dataset.again) this.showState(this.lineState === "fine" ? "broken" : this.lineState);
    clearTimeout(this.again);
    this.again = setTimeout(() => this.fetch(), Math.min(FIRST_PAUSE_MS * 2 ** (this.misses - 1), LONGEST_PAUSE_MS));
  }

  // An empty page that looks again changes its hour and nothing else: the focus stays where it is.
  showUnlessTheSame(root) {
    const [old, fresh] = [this.card.root, root].map((one) => one.querySelector("[data-looked-at]"));
    if (!old || !fresh || old.closest(".card").className !== root.className) return this.show(this.cardOf(root));
    old.textContent = fresh.textContent;
    return undefined;
  }

  fetchIfWaiting() {
    if (this.card.root.dataset.state) this.fetch();
  }

  // Anything that the server answers tells how the line is.
  probe() {
    if (this.outbox.waiting().length) this.outbox.sendNow();
    else if (this.card.lease?.url) this.card.lease.renew();
    else this.fetch();
  }

  whenLineIs(state) {
    this.lineState = state;
    if (state === "fine") this.whenLineIsBack();
    else if (this.card.root.dataset.state) this.showState(state);
  }

  whenLineIsBack() {
    this.outbox.sendNow();
    if (this.card.isWork) this.card.draft.send();
    else this.fetchIfWaiting();
  }

  // --- the last answer ---------------------------------------------------------------------------------------------------------
  // One that was never sent is taken back as it was; one that may have arrived is waited for and then corrected.
  async correctLast(link) {
    const { assignment } = link.dataset;
    const letter = this.outbox.takeBack(assignment);
    if (letter && this.last.isHere(assignment)) return this.reopen(letter);
    if (letter) this.outbox.add(letter);
    if (this.outbox.isAbout(assignment)) {
      say("sendingFirst");
      await this.outbox.send();
      if (this.outbox.isAbout(assignment)) return say("notYet", "", "act");
    }
    const answer = await getCard(link.getAttribute("href"));
    const root = answer.is === "ok" ? prepared(answer.text) : null;
    if (root) return this.setAsideFor(this.cardOf(root));
    return answer.is === "refused" ? tellAbove(read(answer).detail) : say("notYet", "", "act");
  }

  reopen(letter) {
    const root = this.last.card.root.cloneNode(true);
    if (letter.kind === "submit") countOne(-1);
    fill(root.querySelector("#answer"), letter.fields);
    this.setAsideFor(this.cardOf(root));
  }

  // The sample in hand comes back as it was when the other is done.
  setAsideFor(card) {
    if (this.card.isWork && !this.card.isCorrection) this.kept = this.card;
    this.show(card);
  }

  leaveCorrection() {
    this.card.end();
    this.goOn();
  }

  // --- what the server did not take ------------------------------------------------------------------------------------------------
  tellRefused() {
    const [letter] = this.outbox.refused();
    if (!letter) return;
    const forget = () => { this.outbox.forget(letter.name); this.tellRefused(); };
    const written = new Map(letter.fields).get("comment") ?? "";
    if (letter.refused.status === 409) tellAbove(letter.refused.said, { detail: written, onClose: forget });
    else tellAbove(wordFor("refused"), { action: wordFor("lookAtIt"), onAction: () => this.lookAt(letter), onClose: forget });
  }

  async lookAt(letter) {
    const answer = await postForCard(letter.url, letter.fields);
    const root = answer.is === "refused" ? prepared(answer.text) : null;
    if (answer.is === "lost" || answer.is === "loggedOut") return this.tellRefused();
    this.outbox.forget(letter.name);
    if (!root) return undefined;
    const card = this.cardOf(root);
    this.setAsideFor(card);
    return card.draft?.save();
  }

  // --- other tabs ------------------------------------------------------------------------------------------------------------------
  onDraft(card, word, key, draft) {
    if (card === this.card) say(word);
    if (draft) this.tabs.tellDraft(key, draft);
  }

  takeDraft({ key, draft }) {
    const mine = this.card?.draft;
    if (!mine || mine.key !== key || draft.saves <= mine.saves) return;
    mine.take(draft);
    this.card.refresh();
  }

  answeredElsewhere(assignment) {
    this.ahead.drop(assignment);
    if (this.kept?.assignment === assignment) this.kept = null;
    if (!this.card.isWork || this.card.isCorrection || this.card.assignment !== assignment) return;
    this.card.end();
    this.goOn();
  }

  // --- a pause ---------------------------------------------------------------------------------------------------------------------
  rest(keptForMs) {
    this.isResting = true;
    this.ahead.giveBack();
    this.card.draft?.send();
    this.card.lease?.keepFor(keptForMs);
  }

  resume() {
    this.isResting = false;
    this.card.lease?.keepFor(0);
    this.ahead.ask();
  }
}

