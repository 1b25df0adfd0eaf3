// Pictures as files: an SVG that stands on its own, and the same as PNG at twice its size.

const PAINTS = ["fill", "stroke"];
const HEAD = 32;

export async function saving(event) {
  const button = event.target.closest?.("[data-save]");
  const figure = button?.closest("[data-chart]");
  const svg = figure?.querySelector("[data-chart-picture] svg");
  if (!svg) return;
  const file = standingAlone(svg, figure);
  const text = new XMLSerializer().serializeToString(file);
  const blob = button.dataset.save === "svg" ? new Blob([text], { type: "image/svg+xml" }) : await asPng(file, text);
  save(blob, `${figure.dataset.file}.${button.dataset.save}`);
}

// A copy with its title above it, whose colours are values instead of names.
function standingAlone(svg, figure) {
  const file = svg.cloneNode(true);
  const [width, height] = [Number(svg.getAttribute("width")), Number(svg.getAttribute("height"))];
  const copies = [file, ...file.querySelectorAll("*")];
  [svg, ...svg.querySelectorAll("*")].forEach((element, index) => valued(element, copies[index]));
  const style = getComputedStyle(svg);
  for (const [name, value] of Object.entries({
    xmlns: "http://www.w3.org/2000/svg", width, height: height + HEAD, viewBox: `0 ${-HEAD} ${width} ${height + HEAD}`,
    fill: style.color,
  })) file.setAttribute(name, value);
  Object.assign(file.style, { color: style.color, fontFamily: style.fontFamily, fontSize: style.fontSize, whiteSpace: "pre" });
  file.removeAttribute("aria-labelledby");
  file.prepend(ground(figure, width, height), named("title", titleOf(figure)), named("desc", figure.querySelector(".chart-caption")?.textContent ?? ""), heading(figure, style));
  return file;
}

const titleOf = (figure) => figure.querySelector(".chart-title").textContent;

function valued(element, copy) {
  for (const name of PAINTS) {
    if (copy.getAttribute(name)?.includes("var(")) copy.setAttribute(name, getComputedStyle(element)[name]);
  }
}

function named(name, words = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  made.textContent = words;
  return made;
}

function ground(figure, width, height) {
  const made = named("rect");
  for (const [name, value] of Object.entries({ y: -HEAD, width, height: height + HEAD, fill: surface(figure) })) made.setAttribute(name, value);
  return made;
}

// The first fill behind the figure: what it lies on differs from page to page.
function surface(element) {
  const colour = getComputedStyle(element).backgroundColor;
  return colour !== "rgba(0, 0, 0, 0)" || !element.parentElement ? colour : surface(element.parentElement);
}

function heading(figure, style) {
  const made = named("text", titleOf(figure));
  for (const [name, value] of Object.entries({ x: 0, y: -12, "text-anchor": "start", "font-weight": 600, "font-size": "14px", fill: style.color })) made.setAttribute(name, value);
  return made;
}

async function asPng(file, text) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = ["width", "height"].map((side) => 2 * Number(file.getAttribute(side)));
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
