// What is kept in the browser and not with the account: the colours, and whether single keys do anything.
import { currentTheme, setTheme } from "./colours.js";
import { keepKeysOffIn } from "./shortcuts.js";

const themes = [...document.querySelectorAll("[data-theme-choice]")];

function showTheme() {
  for (const radio of themes) radio.checked = radio.value === currentTheme();
}

for (const radio of themes) radio.addEventListener("change", () => setTheme(radio.value));
document.addEventListener("concord:theme", showTheme);
showTheme();

keepKeysOffIn(document.querySelector("[data-keys-off]"));
