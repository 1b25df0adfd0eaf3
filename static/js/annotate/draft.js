// What is chosen and typed stays on this device until the server has it: a reload, a lost line or an ended session loses nothing.
import { keysBeginning, recall, remember } from "../store.js";
import { forgetSeconds } from "./clock.js";

const PREFIX = "concord.draft.";
const KEPT_DAYS = 7;
const DAY_MS = 24 * 60 * 60 * 1000;

function keyOfDraft(form) {
  return PREFIX + form.dataset.draft;
}

function chosenRatings(form) {
  return Object.fromEntries([...form.querySelectorAll("[data-question] input:checked")].map((input) => [input.name, input.value]));
}

export function saveDraft(form) {
  return remember(keyOfDraft(form), {
    at: Date.now(),
    ratings: chosenRatings(form),
    comment: form.elements.comment.value,
    neither: Boolean(form.elements.neither_valid?.checked),
    clientKey: form.elements.client_key.value,
    activeSeconds: Number(form.elements.active_seconds.value),
  });
}

export function restoreDraft(form) {
  const draft = recall(keyOfDraft(form));
  if (!draft) return false;
  for (const [name, value] of Object.entries(draft.ratings)) {
    const input = form.querySelector(`input[name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]`);
    if (input) input.checked = true;
  }
  if (!form.elements.comment.value) form.elements.comment.value = draft.comment;
  if (draft.neither && form.elements.neither_valid) form.elements.neither_valid.checked = true;
  if (draft.clientKey) form.elements.client_key.value = draft.clientKey;
  form.elements.active_seconds.value = Math.max(Number(draft.activeSeconds) || 0, Number(form.elements.active_seconds.value) || 0);
  return true;
}

export function forgetDraft(form) {
  remember(keyOfDraft(form), null);
  forgetSeconds(form);
}

export function forgetOldDrafts(now = Date.now()) {
  for (const key of keysBeginning(PREFIX)) {
    if (now - (recall(key)?.at ?? 0) > KEPT_DAYS * DAY_MS) remember(key, null);
  }
}
