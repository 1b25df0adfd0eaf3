// The explorer by keyboard: a row is lit, opened, marked; the search has the focus; pages are turned.
import { areSingleKeysOff, hasModifier, isPressable, isTyping, keyOf } from "./shortcuts.js";

const rows = [...document.querySelectorAll("[data-row]")];
let lit = -1;

function light(at) {
  if (!rows.length) return;
  rows[lit]?.removeAttribute("data-lit");
  lit = Math.min(Math.max(at, 0), rows.length - 1);
  rows[lit].setAttribute("data-lit", "");
  rows[lit].querySelector("[data-open]").focus({ preventScroll: true });
  rows[lit].scrollIntoView({ block: "nearest" });
}

function mark() {
  if (lit < 0) light(0);
  rows[lit]?.querySelector("input[type=checkbox]").click();
}

function press(selector) {
  document.querySelector(selector)?.click();
}

const KEYS = {
  j: () => light(lit + 1),
  k: () => light(lit - 1),
  x: mark,
  n: () => press("a[rel=next]"),
  p: () => press("a[rel=prev]"),
  "/": () => document.querySelector("[data-search]").focus(),
};

document.addEventListener("keydown", (event) => {
  if (isTyping(event) || hasModifier(event) || areSingleKeysOff()) return;
  const key = keyOf(event);
  if (key === "Enter" && lit >= 0 && !isPressable(event.target)) return rows[lit].querySelector("[data-open]").click();
  if (!KEYS[key]) return;
  event.preventDefault();
  KEYS[key]();
});

// Whoever goes through the rows with the tab key or the mouse goes on from there.
for (const [at, row] of rows.entries()) {
  row.addEventListener("focusin", () => {
    rows[lit]?.removeAttribute("data-lit");
    lit = at;
    row.setAttribute("data-lit", "");
  });
}

// A field that is left empty says nothing in the address.
document.querySelector(".explorer-form")?.addEventListener("formdata", ({ formData }) => {
  const asked = [...formData].filter(([name, value]) => value && !isPartner(name, formData) && !(name === "sort" && value === "newest"));
  for (const name of new Set(formData.keys())) formData.delete(name);
  for (const [name, value] of asked) formData.append(name, value);
});

function isPartner(name, formData) {
  return (name === "did" && !formData.get("person")) || (name === "said" && !formData.get("judge"));
}
