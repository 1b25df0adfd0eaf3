// How things look in a picture: hues with patterns, dashes and shapes beside them, so that no two differ by colour alone.
// Colours are names of css/tokens.css: the theme changes them without drawing anew.

const HUES = ["chart-1", "chart-2", "chart-3", "chart-4", "chart-5", "chart-6"];
const DASHES = ["none", "7 4", "2 3", "10 3 2 3", "4 2", "1 5"];
const SHAPES = ["circle", "square", "triangle", "diamond", "star", "cross"];
const SVG = "http://www.w3.org/2000/svg";
export const FONT = 12;
export const LINE = 16;

const pick = (from, index) => from[index % from.length];
export const hue = (index, names = []) => `var(--${names.length ? pick(names, index) : pick(HUES, index)})`;
export const dash = (index) => pick(DASHES, index);
export const shape = (index) => pick(SHAPES, index);
export const WHO = { people: { symbol: "circle", fill: "var(--accent)" }, judge: { symbol: "square", fill: "var(--state-escalated)" }, "": { symbol: "circle", fill: "var(--chart-1)" } };

const ruler = document.createElement("canvas").getContext("2d");

export function wide(words) {
  ruler.font = `${FONT}px ${getComputedStyle(document.body).fontFamily}`;
  return Math.ceil(ruler.measureText(words).width);
}

export const widest = (all) => Math.max(0, ...all.map(wide));

// Words in at most so many lines of this width; what does not fit is in the table.
export function folded(words, width, lines = 2) {
  const kept = [];
  let rest = words;
  while (rest && kept.length < lines) {
    const line = kept.length === lines - 1 ? cut(rest, width) : lineOf(rest, width);
    kept.push(line);
    rest = line.endsWith("…") && !rest.startsWith(line) ? "" : rest.slice(line.length).trimStart();
  }
  return kept.join("\n");
}

function lineOf(words, width) {
  let end = 0;
  for (const space of words.matchAll(/\s|$/g)) {
    if (wide(words.slice(0, space.index)) > width) break;
    end = space.index;
  }
  return end ? words.slice(0, end) : cut(words, width);
}

function cut(words, width) {
  if (wide(words) <= width) return words;
  let end = words.length;
  while (end > 1 && wide(`${words.slice(0, end).trimEnd()}…`) > width) end -= 1;
  return `${words.slice(0, end).trimEnd()}…`;
}

// Fills for the series of a chart: the first is solid, the others have patterns of their own.
export function fills(id, count, names) {
  const defs = element("defs");
  const of = [];
  for (let index = 0; index < count; index += 1) {
    const drawn = pick(PATTERNS, index);
    if (drawn) defs.append(pattern(`${id}-fill-${index}`, drawn, hue(index, names)));
    of.push(drawn ? `url(#${id}-fill-${index})` : hue(index, names));
  }
  return { of, defs };
}

const PATTERNS = [null, "M-2 2 L2 -2 M0 8 L8 0 M6 10 L10 6", "M0 4 H8", "M-2 6 L2 10 M0 0 L8 8 M6 -2 L10 2", "M4 0 V8", "M0 4 H8 M4 0 V8"];

function pattern(id, path, colour) {
  const made = element("pattern", { id, width: 8, height: 8, patternUnits: "userSpaceOnUse" });
  made.append(element("rect", { width: 8, height: 8, fill: "var(--surface)" }));
  made.append(element("rect", { width: 8, height: 8, fill: colour, "fill-opacity": 0.3 }));
  made.append(element("path", { d: path, stroke: colour, "stroke-width": 2.5, fill: "none" }));
  return made;
}

export function element(name, attributes = {}) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// What stands for what, in lines above the picture. `sign` draws the little example of an entry, 20 wide, around (0, 0).
export function legend(names, width, sign) {
  const group = element("g", { "text-anchor": "start", fill: "var(--ink)" });
  let left = 0;
  let top = LINE / 2;
  names.forEach((name, index) => {
    const words = folded(name, width - 32, 1);
    const size = 28 + wide(words) + 16;
    if (left && left + size > width) [left, top] = [0, top + LINE + 4];
    const entry = element("g", { transform: `translate(${left},${top})` });
    const text = element("text", { x: 28, dy: "0.32em" });
    text.textContent = words;
    entry.append(sign(index), text);
    group.append(entry);
    left += size;
  });
  return { height: top + LINE / 2 + 8, drawn: group };
}

export const boxSign = (of) => (index) => element("rect", { x: 2, y: -6, width: 18, height: 12, fill: of[index], stroke: "var(--line-strong)" });

export function lineSign(names) {
  return (index) => {
    const sign = element("g", { fill: hue(index, names), stroke: hue(index, names) });
    sign.append(element("line", { x1: 0, x2: 22, "stroke-width": 2, "stroke-dasharray": dash(index) }), symbol(index, 11));
    return sign;
  };
}

export const shapeSign = (names) => (index) => {
  const sign = element("g", { fill: hue(index, names) });
  sign.append(symbol(index, 11));
  return sign;
};

function symbol(index, x) {
  const types = { circle: d3.symbolCircle, square: d3.symbolSquare, triangle: d3.symbolTriangle, diamond: d3.symbolDiamond, star: d3.symbolStar, cross: d3.symbolCross };
  return element("path", { transform: `translate(${x},0)`, d: d3.symbol(types[shape(index)], 50)() });
}
