// What opens beside the card: the guideline, the keys, the reasons for a skip, and the tabs of a narrow screen.
let guidelineIsOpen = false;

const card = () => document.getElementById("sample-card");

export function showGuideline(isOpen, questionName) {
  guidelineIsOpen = isOpen;
  card().toggleAttribute("data-guideline-open", isOpen);
  document.querySelector("[data-guideline-toggle]")?.setAttribute("aria-expanded", String(isOpen));
  if (isOpen) pointGuidelineAt(questionName);
  document.dispatchEvent(new CustomEvent("concord:guideline", { detail: { isOpen } }));
}

export function toggleGuideline(questionName) {
  showGuideline(!guidelineIsOpen, questionName);
}

export function closeGuideline() {
  if (!guidelineIsOpen) return false;
  showGuideline(false);
  return true;
}

export function pointGuidelineAt(questionName) {
  for (const entry of document.querySelectorAll("[data-about]")) {
    const isLit = entry.dataset.about === questionName;
    entry.toggleAttribute("data-lit", isLit);
    if (isLit && guidelineIsOpen) entry.scrollIntoView({ block: "nearest" });
  }
}

export function keepGuideline(questionName) {
  if (document.querySelector("[data-guideline-toggle]")) showGuideline(guidelineIsOpen, questionName);
}

// Says whether the person now looks at another text than before: on a wide screen all are in sight.
export function showResponse(form, letter) {
  const before = form.querySelector("[data-response][data-shown]")?.dataset.response;
  for (const part of form.querySelectorAll("[data-response], [data-ratings-of]")) {
    part.toggleAttribute("data-shown", (part.dataset.response ?? part.dataset.ratingsOf) === letter);
  }
  for (const tab of form.querySelectorAll("[data-show-response]")) {
    tab.setAttribute("aria-pressed", String(tab.dataset.showResponse === letter));
  }
  return before !== letter && Boolean(form.querySelector("[data-show-response]")?.checkVisibility());
}

export function markTabs(form, isAnswered) {
  for (const tab of form.querySelectorAll("[data-show-response]")) {
    const ratings = form.querySelector(`[data-ratings-of="${CSS.escape(tab.dataset.showResponse)}"]`);
    const questions = [...(ratings?.querySelectorAll("[data-question]") ?? [])];
    const mark = tab.querySelector("[data-left]");
    mark.hidden = questions.length === 0;
    mark.toggleAttribute("data-done", questions.length > 0 && questions.every(isAnswered));
  }
}

export function openKeys() {
  document.getElementById("keys").showModal();
}

function skipMenu() {
  return document.querySelector("[data-skip]");
}

export function openSkip() {
  const menu = skipMenu();
  if (!menu) return;
  menu.open = true;
  menu.querySelector("button").focus();
}

// Says whether the key was one of a reason to skip, with the reasons open.
export function pressSkipReason(key) {
  const menu = skipMenu();
  if (!menu?.open) return false;
  const button = [...menu.querySelectorAll("button[data-key]")].find((reason) => reason.dataset.key === key);
  button?.click();
  return Boolean(button);
}

export function listenToPanels(litQuestion) {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-guideline-toggle]")) {
      event.preventDefault();
      toggleGuideline(litQuestion());
    } else if (event.target.closest("[data-guideline-close]")) {
      event.preventDefault();
      closeGuideline();
      document.querySelector("[data-guideline-toggle]").focus();
    } else if (event.target.closest("[data-keys-open]")) {
      openKeys();
    }
  });
}
