// The page of a question that is under way: live.js keeps its progress up to date; with the answer the page is another one.

const progress = document.getElementById("progress");

new MutationObserver(() => {
  if ("finished" in progress.dataset) location.reload();
}).observe(progress, { attributes: true, attributeFilter: ["data-finished"] });
