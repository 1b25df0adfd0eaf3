// What is kept in the browser and not with the account: the colours, and whether single keys do anything.
import { currentTheme, setTheme } from "./colours.js";
import { recall, remember } from "./store.js";

const KEYS_OFF = "concord.keysOff"; // annotate/main.js goes by it
const themes = [...document.querySelectorAll("[data-theme-choice]")];
const keysOff = document.querySelector("[data-keys-off]");

function showTheme() {
  for (const radio of themes) radio.checked = radio.value === currentTheme();
}

for (const radio of themes) radio.addEventListener("change", () => setTheme(radio.value));
document.addEventListener("concord:theme", showTheme);
showTheme();

keysOff.checked = Boolean(recall(KEYS_OFF));
keysOff.addEventListener("change", () => remember(KEYS_OFF, keysOff.checked || null));
