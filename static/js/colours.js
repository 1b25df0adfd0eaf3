// The colour theme. It is kept as a bare word, not as JSON: theme.js reads it before any module is loaded.

export const THEMES = ["system", "light", "dark"];

export function currentTheme() {
  return document.documentElement.dataset.theme ?? "system";
}

export function setTheme(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    if (theme === "system") localStorage.removeItem("concord.theme");
    else localStorage.setItem("concord.theme", theme);
  } catch {
    // The choice then holds for this page alone.
  }
  document.dispatchEvent(new CustomEvent("concord:theme"));
}
