// The clock of a card: the seconds somebody really worked on it.
//
// A second is active when the page is in sight and a hand has moved in this tab within the last minute. Everything is measured
// with performance.now(), which no change of the device's clock can move. The server believes none of it beyond the wall time.
import { recall, remember } from "../store.js";

const IDLE_AFTER_MS = 60_000;
const TICK_MS = 1_000;
// A tick that comes much later was held up by something that was no work: the device slept, or the tab was put aside.
const LONGEST_TICK_MS = 5_000;
const SIGNS_OF_LIFE = ["pointermove", "pointerdown", "keydown", "wheel", "touchmove"];

// A hand is in one place: whoever moves in this tab stops the clocks of the others, which may be in sight beside it.
const tabs = "BroadcastChannel" in window ? new BroadcastChannel("concord.active") : null;
const NEVER = -Infinity;
let isResting = false;
let lastSignAt = performance.now();
let toldAt = NEVER;

function noteSign() {
  lastSignAt = performance.now();
  if (lastSignAt - toldAt < TICK_MS) return;
  toldAt = lastSignAt;
  tabs?.postMessage("here");
}

for (const sign of SIGNS_OF_LIFE) document.addEventListener(sign, noteSign, { passive: true, capture: true });
tabs?.addEventListener("message", () => { lastSignAt = NEVER; toldAt = NEVER; });

export function setResting(rests) {
  isResting = rests;
}

export function isActive() {
  return !isResting && document.visibilityState === "visible" && performance.now() - lastSignAt < IDLE_AFTER_MS;
}

// What was counted survives a reload, also before anything is chosen; after a week it goes with the drafts.
const keyOfSeconds = (form) => `concord.draft.${form.dataset.draft}.seconds`;

export function forgetSeconds(form) {
  remember(keyOfSeconds(form), null);
}

export function countActiveSeconds(form) {
  const field = form.elements.active_seconds;
  const kept = recall(keyOfSeconds(form))?.seconds;
  let activeMs = 1000 * Math.max(Number(field.value) || 0, Number(kept) || 0);
  let lastTickAt = performance.now();
  field.value = Math.floor(activeMs / 1000);

  function tick() {
    const now = performance.now();
    const passed = now - lastTickAt;
    lastTickAt = now;
    if (!isActive() || passed > LONGEST_TICK_MS) return;
    activeMs += passed;
    field.value = Math.floor(activeMs / 1000);
  }

  function keep() {
    if (form.isConnected) remember(keyOfSeconds(form), { at: Date.now(), seconds: Number(field.value) });
  }

  function onVisibility() {
    if (document.visibilityState === "hidden") keep();
    lastTickAt = performance.now(); // what passed out of sight is nobody's work
  }

  const timer = setInterval(tick, TICK_MS);
  document.addEventListener("visibilitychange", onVisibility);
  window.addEventListener("pagehide", keep);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", onVisibility);
    window.removeEventListener("pagehide", keep);
  };
}
