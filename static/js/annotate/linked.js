// Responses beside each other that scroll together: where one is half read, so are the others. Off until somebody asks.
import { recall, remember } from "../store.js";

const KEY = "concord.linkedScrolling";
const PANES = ".responses .response-text, .review-responses .response-text";

let isLinked = Boolean(recall(KEY));
let led = new WeakMap(); // where a pane was put from here: the scroll event that follows is an echo

export function isLinkedScrolling() {
  return isLinked;
}

export function toggleLinked() {
  isLinked = !isLinked;
  remember(KEY, isLinked || null);
  markLinked(document);
  return isLinked;
}

export function markLinked(within) {
  for (const button of within.querySelectorAll("[data-linked-toggle]")) button.setAttribute("aria-pressed", String(isLinked));
}

function range(pane) {
  return pane.scrollHeight - pane.clientHeight;
}

function follow(pane, share) {
  const top = Math.round(share * range(pane));
  if (Math.abs(pane.scrollTop - top) < 1) return;
  led.set(pane, top);
  pane.scrollTop = top;
}

function onScroll(event) {
  const leader = event.target;
  if (!isLinked || !leader.matches?.(PANES)) return;
  const put = led.get(leader);
  led.delete(leader);
  if (put !== undefined && Math.abs(leader.scrollTop - put) <= 1) return;
  const share = range(leader) > 0 ? leader.scrollTop / range(leader) : 0;
  for (const pane of document.querySelectorAll(PANES)) if (pane !== leader) follow(pane, share);
}

document.addEventListener("scroll", onScroll, true);
document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-linked-toggle]")) toggleLinked();
});
