// What every page has: the colour theme, menus that close, and the language of shown texts.
import { setLanguages } from "./language.js";

const THEMES = ["system", "light", "dark"];

function currentTheme() {
  return document.documentElement.dataset.theme ?? "system";
}

// The theme is kept as a bare word, not as JSON: theme.js reads it before any module is loaded.
function setTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem("concord.theme");
    else localStorage.setItem("concord.theme", theme);
  } catch {
    // The choice then holds for this page alone.
  }
}

function nameTheme(button) {
  const label = button.dataset[`label${currentTheme().replace(/^./, (c) => c.toUpperCase())}`];
  button.querySelector(".visually-hidden").textContent = label;
  button.title = label;
}

for (const button of document.querySelectorAll("[data-theme-toggle]")) {
  nameTheme(button);
  button.addEventListener("click", () => {
    setTheme(THEMES[(THEMES.indexOf(currentTheme()) + 1) % THEMES.length]);
    nameTheme(button);
  });
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
document.addEventListener("htmx:afterSwap", () => setLanguages(document));
