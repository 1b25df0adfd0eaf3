// A question to a reviewer about the sample in hand: sent behind the page, kept on this device until the server has it, and sent
// again after a lost line. The server takes the same words about the same sample once.
import { recall, remember } from "../store.js";
import { Outbox } from "./outbox.js";

const DRAFT = "concord.question.";

const person = document.querySelector("[data-person]")?.dataset.person ?? "";
const outbox = new Outbox(`questions-${person}`);

const dialog = () => document.getElementById("ask");
const draftOf = (assignment) => `${DRAFT}${person}.${assignment}`;

export function openAsking() {
  const asking = dialog();
  if (!asking || asking.open) return;
  const text = asking.querySelector("textarea");
  text.value ||= recall(draftOf(asking.dataset.askAbout)) ?? "";
  asking.showModal();
  text.focus();
}

// The word stands beside the card that is shown when it is known, whichever that is.
function say(word, detail = "", tone = "") {
  const place = document.querySelector("[data-ask-said]");
  if (!place) return;
  place.textContent = detail || (place.dataset[word] ?? "");
  place.dataset.tone = tone;
}

function send(form) {
  const assignment = dialog().dataset.askAbout;
  const text = form.elements.text.value.trim();
  if (!text) return;
  outbox.add({ kind: "question", assignment, url: form.action, fields: [["text", text]] });
  form.reset();
  remember(draftOf(assignment), null);
  dialog().close();
  outbox.sendNow();
}

// A question that was refused goes back to where it was written, with the reason beside it.
function giveBack({ letter }) {
  remember(draftOf(letter.assignment), letter.fields[0][1]);
  outbox.forget(letter.name);
  say("refused", letter.refused?.said, "act");
}

outbox.addEventListener("kept", () => say("sent"));
outbox.addEventListener("refused", (event) => giveBack(event.detail));
outbox.addEventListener("changed", () => {
  if (outbox.waiting().length && outbox.line !== "fine") say(outbox.line === "lost" ? "kept" : "loggedOut");
});

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-ask-open]")) return;
  event.preventDefault();
  openAsking();
});

document.addEventListener("submit", (event) => {
  if (!dialog()?.contains(event.target) || !event.target.matches("[data-ask]")) return;
  event.preventDefault();
  send(event.target);
});

document.addEventListener("input", (event) => {
  if (dialog()?.contains(event.target)) remember(draftOf(dialog().dataset.askAbout), event.target.value || null);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.closest("#ask [data-ask]")) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

outbox.send(); // what an earlier page could not
