// What every page has: the colour theme, menus that close, the reader's zone, and the language of shown texts.
import { THEMES, currentTheme, setTheme } from "./colours.js";
import { setLanguages } from "./language.js";
import "./zone.js";

function nameTheme(button) {
  const label = button.dataset[`label${currentTheme().replace(/^./, (c) => c.toUpperCase())}`];
  button.querySelector(".visually-hidden").textContent = label;
  button.title = label;
}

for (const button of document.querySelectorAll("[data-theme-toggle]")) {
  nameTheme(button);
  button.addEventListener("click", () => setTheme(THEMES[(THEMES.indexOf(currentTheme()) + 1) % THEMES.length]));
  document.addEventListener("concord:theme", () => nameTheme(button));
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("[data-menu][open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
  event.stopImmediatePropagation();
});

setLanguages(document);
