// The annotator's page: what is done with which module.
import "./asking.js";
import "./cover.js";
import { forgetOldDrafts } from "./draft.js";
import "./feedback.js";
import "./guideline.js";
import { listenToKeys } from "./keys.js";
import { Line } from "./line.js";
import { Outbox } from "./outbox.js";
import * as panels from "./panels.js";
import { Pause } from "./pause.js";
import { Tabs } from "./tabs.js";
import { Work } from "./work.js";
import { tellAbove, wordFor } from "./words.js";

const page = document.querySelector("[data-page]");
const outbox = new Outbox(page.dataset.person);
const tabs = new Tabs(page.dataset.person);
const work = new Work({ page, outbox, tabs });
const line = new Line({ count: () => outbox.waiting().length, probe: () => work.probe() });

function listenToOutbox() {
  outbox.addEventListener("changed", () => line.tell());
  outbox.addEventListener("empty", () => (work.card.isWork ? work.ahead.ask() : work.fetchIfWaiting()));
  outbox.addEventListener("kept", ({ detail }) => { if (detail.late) tellAbove(detail.late); });
  outbox.addEventListener("refused", () => work.tellRefused());
  outbox.addEventListener("notYours", () => tellAbove(wordFor("notYours")));
  for (const state of ["fine", "offline", "broken", "loggedOut"]) line.addEventListener(state, () => work.whenLineIs(state));
}

function listenToTabs() {
  tabs.addEventListener("answered", ({ detail }) => work.answeredElsewhere(detail.assignment));
  tabs.addEventListener("draft", ({ detail }) => work.takeDraft(detail));
  document.addEventListener("visibilitychange", () => work.ahead.ask());
  window.addEventListener("pageshow", (event) => { if (event.persisted) work.ahead.ask(); });
}

function onClick(event) {
  const link = event.target.closest("[data-correct], [data-leave], [data-next], [data-look-again]");
  if (!link) return;
  event.preventDefault();
  if ("correct" in link.dataset) work.correctLast(link);
  else if ("leave" in link.dataset) work.leaveCorrection();
  else if ("next" in link.dataset) work.goOn();
  else work.fetch();
}

function onSubmit(event) {
  if (!event.target.matches("[data-skip-form]")) return;
  event.preventDefault();
  work.skip(event.target, event.submitter.value);
}

listenToOutbox();
listenToTabs();
listenToKeys({ card: () => work.card, panels });
panels.listenToPanels(() => work.card.questions?.lit?.dataset.question);
new Pause({ onBegin: (keptForMs) => work.rest(keptForMs), onEnd: () => work.resume() });
document.addEventListener("click", onClick);
document.addEventListener("submit", onSubmit);
forgetOldDrafts();
work.adopt();
work.tellRefused();
outbox.send();
