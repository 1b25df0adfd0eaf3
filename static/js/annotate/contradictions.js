// A preference that goes against the ratings is asked about once: "Is that what you mean?" A second Enter submits it as it is.
// Whether this card may ask was decided on the server, which gave the comparison its sentences (annotation/web/contradictions.py).

// The comparison that contradicts the ratings and was not asked about yet, or null.
export function contradiction(form) {
  return [...form.querySelectorAll("[data-follows]:not([data-asked])")].find((question) => found(form, question)) ?? null;
}

export function ask(question) {
  const { kind, preferred, other } = found(question.closest("form"), question);
  question.dataset.asked = "";
  question.querySelector("[data-ask]").textContent = question.dataset[kind].replace("{preferred}", preferred).replace("{other}", other);
}

function found(form, question) {
  const chosen = question.querySelector(".levels input:checked:not(:disabled)");
  const preferred = chosen?.dataset.favours;
  if (!preferred) return null;
  const rated = ratedOn(form, question.dataset.follows);
  const own = rated.get(preferred);
  if (!own) return null;
  const other = [...rated.keys()].find((letter) => letter !== preferred && rated.get(letter).value > own.value);
  if (other) return { kind: "lower", preferred, other };
  return "strong" in chosen.dataset && own.value === own.lowest ? { kind: "lowest", preferred, other: "" } : null;
}

// What each response was rated on an attribute, by its letter; those without a rating are left out.
function ratedOn(form, name) {
  const rated = new Map();
  for (const question of form.querySelectorAll(`[data-question="${CSS.escape(name)}"][data-letter]`)) {
    const levels = [...question.querySelectorAll(".levels input")];
    const chosen = levels.find((input) => input.checked);
    const values = levels.map((input) => Number(input.value));
    if (chosen) rated.set(question.dataset.letter, { value: Number(chosen.value), lowest: Math.min(...values) });
  }
  return rated;
}
