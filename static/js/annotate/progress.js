// Today's count in the header: one more with every answer, and what the server counts whenever it has said so.

const place = (name) => document.querySelector(`[data-progress-${name}]`);

export function countOne(step = 1) {
  const today = place("today");
  if (today) today.textContent = Math.max(0, Number(today.textContent) + step);
}

export function takeOver(root) {
  for (const name of ["today", "minutes"]) {
    if (place(name) && root.dataset[name]) place(name).textContent = root.dataset[name];
  }
}
