// Sending a card. What cannot be sent is kept and tried again with the same client key, so that it is counted once.
import { forgetDraft } from "./draft.js";

const RETRY_AFTER_MS = 5_000;

let retry = null;
let submitter = null;

export function say(word, detail = "", tone = "") {
  const place = document.querySelector("[data-word]");
  if (!place) return;
  place.textContent = word ? [place.dataset[word], detail].filter(Boolean).join(" ") : "";
  place.dataset.tone = tone;
}

function isCardForm(element) {
  return Boolean(element?.matches?.("form") && element.getAttribute("hx-target") === "#sample-card");
}

function setBusy(isBusy) {
  document.getElementById("sample-card")?.toggleAttribute("data-busy", isBusy);
  document.querySelector("[data-submit]")?.setAttribute("aria-disabled", String(isBusy));
}

function tryAgain(form) {
  clearTimeout(retry);
  if (!form.isConnected) return;
  if (submitter?.isConnected && submitter.form === form) submitter.click();
  else form.requestSubmit();
}

function onSendError(event) {
  const form = event.detail.elt;
  if (!isCardForm(form)) return;
  setBusy(false);
  say("offline", "", "act");
  clearTimeout(retry);
  retry = setTimeout(() => tryAgain(form), RETRY_AFTER_MS);
  window.addEventListener("online", () => tryAgain(form), { once: true });
}

// A session that has ended answers with the page for logging in: it must not stand where the answer is.
function onBeforeSwap(event) {
  const { xhr, target } = event.detail;
  if (target?.id !== "sample-card" || xhr.status >= 400) return;
  const isCard = xhr.responseText.includes('id="sample-card"');
  if (!isCard) {
    event.detail.shouldSwap = false;
    setBusy(false);
    say("loggedOut", "", "act");
    return;
  }
  const answer = document.getElementById("answer");
  if (answer && isCardForm(event.detail.requestConfig?.elt)) forgetDraft(answer);
}

function onResponseError(event) {
  if (!isCardForm(event.detail.elt)) return;
  setBusy(false);
  say(event.detail.xhr.status === 403 || event.detail.xhr.status === 401 ? "loggedOut" : "refused", "", "act");
}

export function listenToSending() {
  document.addEventListener("submit", (event) => { submitter = event.submitter; }, true);
  document.addEventListener("htmx:beforeSend", (event) => {
    if (!isCardForm(event.detail.elt)) return;
    clearTimeout(retry);
    setBusy(true);
    say("sending");
  });
  document.addEventListener("htmx:sendError", onSendError);
  document.addEventListener("htmx:timeout", onSendError);
  document.addEventListener("htmx:responseError", onResponseError);
  document.addEventListener("htmx:beforeSwap", onBeforeSwap);
}
