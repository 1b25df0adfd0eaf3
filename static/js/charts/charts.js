// Draws every chart of a page, and again when its numbers, its width or its letters change. The template has the table and the
// words; a page whose script cannot draw still says everything.
import * as kinds from "./kinds.js";
import { saving } from "./saving.js";

const drawn = new WeakMap(); // figure -> what its picture was made from

function draw(figure) {
  const data = figure.querySelector("script[type='application/json']");
  const picture = figure.querySelector("[data-chart-picture]");
  if (!data || !picture || !picture.clientWidth) return;
  const made = `${picture.clientWidth} ${data.textContent}`;
  if (drawn.get(figure) === made) return;
  const isFirst = !drawn.has(figure);
  drawn.set(figure, made);
  widths.observe(picture);
  figure.querySelector("[data-chart-failed]").hidden = true;
  try {
    picture.replaceChildren(pictureOf(figure, JSON.parse(data.textContent), picture.clientWidth));
    if (isFirst) figure.querySelector("[data-chart-table]").open = false;
  } catch (error) {
    failed(figure, picture);
    console.info(error); // for developers; the reader has the table
  }
}

// The library's own rules of style are in css/charts.css: a page's security policy takes no style from a script.
function pictureOf(figure, data, width) {
  const svg = kinds[data.kind](data, width, figure.id);
  for (const style of svg.querySelectorAll("style")) style.remove();
  for (const part of svg.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label"); // the whole has a name
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-labelledby", `${figure.id}-title`);
  return svg;
}

function failed(figure, picture) {
  picture.replaceChildren();
  figure.querySelector("[data-chart-failed]").hidden = false;
  figure.querySelector("[data-chart-table]").open = true;
  for (const button of figure.querySelectorAll("button[data-save]")) button.hidden = true;
}

const widths = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const figure = target.closest("[data-chart]");
    if (figure) requestAnimationFrame(() => draw(figure));
  }
});

export function drawAll() {
  for (const figure of document.querySelectorAll("[data-chart]")) draw(figure);
}

// A fold that hid a picture gives it a width when it opens.
document.addEventListener("toggle", drawAll, true);
document.addEventListener("click", saving);
for (const root of document.querySelectorAll("[data-live-from]")) {
  new MutationObserver(drawAll).observe(root, { subtree: true, childList: true, characterData: true });
}
drawAll();
