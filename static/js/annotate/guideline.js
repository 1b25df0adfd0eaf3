// Who opens the guideline knows what stood in it: said to the server, and the mark on the button goes.
import { post } from "./server.js";

const panel = () => document.getElementById("guideline");

async function markRead() {
  const { readUrl, guideline, rubric } = panel()?.dataset ?? {};
  if (!readUrl) return;
  const answer = await post(readUrl, { guideline, rubric });
  if (answer.is !== "ok") return;
  delete panel()?.dataset.readUrl;
  for (const mark of document.querySelectorAll("[data-guideline-new]")) mark.remove();
}

document.addEventListener("concord:guideline", (event) => {
  if (event.detail.isOpen) markRead();
});
