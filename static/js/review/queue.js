// The review queue by keyboard: j and k move, x chooses, Enter opens; the keys of the buttons act on what is chosen.
import { listen } from "./keys.js";

const form = document.querySelector("[data-queue]");
const rows = [...document.querySelectorAll("[data-row]")];
const several = form?.querySelector("[data-several]");
const told = form?.querySelector("[data-chosen]");

function here() {
  return rows.findIndex((row) => row.contains(document.activeElement));
}

function move(by) {
  const row = rows[Math.min(Math.max(here() + by, 0), rows.length - 1)];
  row?.querySelector("a").focus();
  return Boolean(row);
}

function choose() {
  const box = rows[here()]?.querySelector("[type=checkbox]");
  box?.click();
  return Boolean(box);
}

function tell() {
  const chosen = form.querySelectorAll("[name=sample]:checked").length;
  several.toggleAttribute("data-some", chosen > 0);
  told.textContent = told.dataset.words.replace("{count}", String(chosen));
  for (const row of rows) row.toggleAttribute("data-is-chosen", Boolean(row.querySelector(":checked")));
  for (const button of several.querySelectorAll("button")) button.disabled = !chosen;
}

if (form) {
  listen(form, { j: () => move(1), k: () => move(-1), x: choose });
  form.addEventListener("change", tell);
  window.addEventListener("pageshow", tell);
  tell();
}
