// Two clocks of a card: the seconds somebody really worked on it, and the lease that is renewed while the page is looked at.

const IDLE_AFTER_MS = 60_000;
const RENEW_EVERY_MS = 60_000;
const SIGNS_OF_LIFE = ["pointermove", "pointerdown", "keydown", "wheel", "touchmove"];

let lastSignAt = Date.now();
for (const sign of SIGNS_OF_LIFE) {
  document.addEventListener(sign, () => { lastSignAt = Date.now(); }, { passive: true, capture: true });
}

export function isActive() {
  return document.visibilityState === "visible" && Date.now() - lastSignAt < IDLE_AFTER_MS;
}

export function countActiveSeconds(form) {
  const field = form.elements.active_seconds;
  const timer = setInterval(() => {
    if (isActive()) field.value = Number(field.value) + 1;
  }, 1000);
  return () => clearInterval(timer);
}

async function renew(form, onEnded) {
  try {
    const answer = await fetch(form.dataset.renewUrl, {
      method: "POST",
      headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
      redirect: "manual",
    });
    if (answer.status === 409 || answer.status === 410) onEnded();
  } catch {
    // No line just now. The next minute asks again; the submission itself says whether it still counts.
  }
}

export function keepLease(form, onEnded) {
  if (!form.dataset.renewUrl) return () => {};
  const timer = setInterval(() => {
    if (document.visibilityState === "visible") renew(form, onEnded);
  }, RENEW_EVERY_MS);
  return () => clearInterval(timer);
}
