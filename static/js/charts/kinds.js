// One function for each kind of picture: from what annotation/review/charts/kinds.py says to an SVG element by Observable Plot.
import { FONT, LINE, WHO, boxSign, dash, element, fills, folded, hue, legend, lineSign, shape, shapeSign, wide, widest } from "./looks.js";

const QUIET = { stroke: "var(--line)", strokeWidth: 1 };
const SOFT = "var(--ink-soft)";
const NARROW = 480;
const language = document.documentElement.lang || "en";

const NUMBERS = {
  count: new Intl.NumberFormat(language, { maximumFractionDigits: 1 }),
  number: new Intl.NumberFormat(language, { maximumFractionDigits: 2 }),
  share: new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 }),
};
const DAYS = new Intl.DateTimeFormat(language, { month: "short", day: "numeric", timeZone: "UTC" });

const ticked = (form) => (value) => NUMBERS[form].format(value);
const has = (row) => row.value !== null;
const lacks = (row) => row.value === null;
const titled = (...words) => words.filter(Boolean).join(": ");
const halo = { stroke: "var(--surface)", strokeWidth: 3, paintOrder: "stroke", strokeLinejoin: "round" };

// The library's picture, with what else stands in it: legends and names of axes.
function plot(width, height, options, ...beside) {
  const style = { background: "none", color: "var(--ink)", fontSize: `${FONT}px`, fontFamily: "inherit" };
  const svg = Plot.plot({ width, height, style, ...options });
  svg.append(...beside.filter(Boolean));
  return svg;
}

export function bars(data, width, id) {
  return data.horizontal ? lying(data, width, id) : standing(data, width, id);
}

export const histogram = (data, width, id) => standing({ ...data, edge: true }, width, id);

// What a bar is filled with: a single series may have a hue for each bar, several have one each.
function paint(data, id) {
  const isSingle = data.series.length === 1;
  const painted = fills(id, isSingle ? 1 : data.series.length, isSingle ? [] : data.hues);
  const fill = (row) => (isSingle ? (data.hues.length ? hue(row.at, data.hues) : painted.of[0]) : painted.of[row.series]);
  return { fill, ...painted, isSingle };
}

const identity = { type: "identity" };

function lying(data, width, id) {
  const { fill, of, defs, isSingle } = paint(data, id);
  const shelf = isSingle ? { height: 0, drawn: null } : legend(data.series, width, boxSign(of));
  const left = Math.min(widest(data.labels), width * 0.38) + 12;
  const right = data.stacked ? 12 : Math.min(widest(data.rows.map((row) => row.text)) + 16, width * 0.35);
  const thick = data.stacked || isSingle ? 32 : 14 + 20 * data.series.length;
  const across = data.stacked ? {} : { y: "series" };
  const long = data.stacked ? longest(data) : 0;
  const fits = (row) => wide(row.text) + 10 < (row.value / long) * (width - left - right);
  return plot(width, shelf.height + thick * data.labels.length + 34, {
    marginLeft: left, marginRight: right, marginTop: shelf.height + 4, marginBottom: 30,
    x: { label: null, ...zeroed(data), grid: false },
    y: { axis: null, padding: isSingle || data.stacked ? 0 : 0.12 }, fy: { domain: d3.range(data.labels.length), axis: null, padding: 0.2 },
    color: identity,
    marks: [
      Plot.gridX({ ticks: ticksFor(data, width - left - right), ...QUIET }),
      Plot.axisX({ ticks: ticksFor(data, width - left - right), tickFormat: ticked(data.form), tickSize: 0, color: SOFT, label: null, anchor: "bottom" }),
      Plot.axisFy({ anchor: "left", tickSize: 0, tickFormat: (at) => folded(data.labels[at], left - 12), textAnchor: "end", label: null }),
      Plot.barX(data.rows.filter(has), { x: "value", fy: "at", ...across, z: "series", fill, stroke: data.stacked ? "var(--surface)" : undefined, title: (row) => titled(data.labels[row.at], isSingle ? "" : data.series[row.series], row.text) }),
      data.stacked
        ? Plot.text(data.rows.filter((row) => has(row) && fits(row)), stackedText())
        : Plot.text(data.rows.filter(has), { x: (row) => Math.max(row.value, 0), fy: "at", ...across, text: "text", textAnchor: "start", dx: 6 }),
      Plot.text(data.rows.filter(lacks), { x: 0, fy: "at", ...across, text: "text", textAnchor: "start", dx: 6, fill: SOFT, fontStyle: "italic" }),
      Plot.ruleX([0], { stroke: "var(--control-border)" }),
    ],
  }, defs, shelf.drawn);

  function stackedText() {
    const place = new Map();
    const sums = new Map();
    for (const row of data.rows) {
      const before = sums.get(row.at) ?? 0;
      place.set(row, before + (row.value ?? 0) / 2);
      sums.set(row.at, before + (row.value ?? 0));
    }
    return { x: (row) => place.get(row), fy: "at", text: "text", fill: "var(--ink)", ...halo };
  }
}

const longest = (data) => Math.max(...d3.rollup(data.rows, (rows) => d3.sum(rows, (row) => row.value ?? 0), (row) => row.at).values(), 0);

// Lengths begin at nothing. What is counted has no ticks between whole numbers.
function zeroed(data) {
  const most = data.stacked ? longest(data) : Math.max(0, ...data.rows.map((row) => row.value ?? 0));
  const least = Math.min(0, ...data.rows.map((row) => row.value ?? 0));
  return { domain: [least, most || 1], nice: data.form !== "share" || most < 0.9 };
}

function ticksFor(data, room) {
  const many = Math.max(2, Math.floor(room / 80));
  if (data.form !== "count") return many;
  return Math.min(many, Math.max(1, ...data.rows.map((row) => Math.abs(row.value ?? 0))));
}

function standing(data, width, id) {
  const { fill, of, defs, isSingle } = paint(data, id);
  const shelf = isSingle ? { height: 0, drawn: null } : legend(data.series, width, boxSign(of));
  const left = widest(data.rows.filter(has).map((row) => row.text)) + 16;
  const room = (width - left - 8) / data.labels.length;
  const words = room >= 34 || widest(data.labels) < room - 4;
  const nth = words ? 1 : Math.ceil((widest(data.labels) + 12) / room);
  const lines = words ? Math.max(...data.labels.map((label) => folded(label, room - 6, 3).split("\n").length)) : 1;
  const beside = data.stacked || isSingle ? {} : { x: "series" };
  const label = (at) => (at % nth ? "" : words ? folded(data.labels[at], room - 6, 3) : data.labels[at]);
  const isLabelled = isSingle && widest(data.rows.map((row) => row.text)) < room;
  const total = shelf.height + 190 + lines * LINE + (data.heading ? LINE : 0);
  return plot(width, total, {
    marginLeft: left, marginRight: 8, marginTop: shelf.height + 20, marginBottom: lines * LINE + 12 + (data.heading ? LINE + 4 : 0),
    y: { label: null, ...zeroed(data) },
    x: { axis: null, padding: 0.08 }, fx: { domain: d3.range(data.labels.length), axis: null, padding: data.edge ? 0.06 : 0.25 },
    color: identity,
    marks: [
      Plot.gridY({ ticks: ticksFor(data, 320), ...QUIET }),
      Plot.axisY({ ticks: ticksFor(data, 320), tickFormat: ticked(data.form), tickSize: 0, color: SOFT, label: null }),
      Plot.axisFx({ anchor: "bottom", tickSize: 0, tickFormat: label, lineAnchor: "top", label: null }),
      Plot.barY(data.rows.filter(has), { y: "value", fx: "at", ...beside, z: "series", fill, stroke: data.stacked ? "var(--surface)" : undefined, title: (row) => titled(data.labels[row.at], isSingle ? "" : data.series[row.series], row.text) }),
      isLabelled ? Plot.text(data.rows.filter(has), { y: (row) => Math.max(row.value, 0), fx: "at", text: "text", dy: -8 }) : null,
      Plot.text(data.rows.filter(lacks), { y: 0, fx: "at", ...beside, text: "text", rotate: -90, textAnchor: "start", dx: -1, dy: -4, fill: SOFT, fontStyle: "italic" }),
      Plot.ruleY([0], { stroke: "var(--control-border)" }),
    ],
  }, defs, shelf.drawn, data.heading ? under(data.heading, (left + width - 8) / 2, total) : null);
}

// The name of the axis along the bottom, in the middle of it.
const under = (words, middle, height) => text(words, middle, height - 6, { fill: SOFT });

function text(words, x, y, attributes = {}) {
  const made = element("text", { x, y, ...attributes });
  made.textContent = words;
  return made;
}

export function lines(data, width) {
  const rows = data.rows.map((row) => ({ ...row, x: data.is_time ? new Date(row.x) : row.x }));
  const marks = data.marks.map((mark) => ({ ...mark, at: data.is_time ? new Date(mark.at) : mark.at }));
  const shelf = data.series.length > 1 ? legend(data.series, width, lineSign([])) : { height: 0, drawn: null };
  const places = [...new Set(rows.map((row) => +row.x))].sort((one, other) => one - other);
  const left = Math.max(36, widest(rows.filter(has).map((row) => ticked(data.form)(row.value))) + 16);
  const right = data.reference ? Math.min(wide(data.reference.words), width / 4) + 16 : 24;
  const nth = Math.ceil(places.length / Math.max(1, Math.floor((width - left - right) / 56)));
  const ticks = places.filter((_at, index) => index % nth === 0).map((at) => (data.is_time ? new Date(at) : at));
  const total = shelf.height + (width < NARROW ? 220 : 260);
  const format = data.is_time ? (at) => DAYS.format(at) : (at) => NUMBERS.number.format(at);
  const banded = rows.filter((row) => has(row) && row.low !== undefined);
  const each = data.series.flatMap((name, index) => course(rows, banded, index, name, data));
  return plot(width, total, {
    marginLeft: left, marginRight: right, marginTop: shelf.height + (marks.length ? 24 : 12), marginBottom: 44,
    x: { type: data.is_time ? "utc" : "linear", label: null, domain: within(places, marks, data.is_time) },
    y: { label: null, ...height(data, rows) },
    symbol: { type: "identity" }, color: identity,
    marks: [
      Plot.gridY({ ticks: 5, ...QUIET }),
      Plot.axisY({ ticks: 5, tickFormat: ticked(data.form), tickSize: 0, color: SOFT, label: null }),
      Plot.axisX({ ticks, tickFormat: format, tickSize: 4, color: SOFT, label: null }),
      data.reference ? level(data.reference, right) : null,
      ...(marks.length ? moments(marks) : []),
      ...each,
    ],
  }, shelf.drawn, under(data.heading, (left + width - right) / 2, total));
}

function course(rows, banded, index, name, data) {
  const own = rows.filter((row) => row.series === index);
  const title = (row) => titled(data.series.length > 1 ? name : "", data.is_time ? DAYS.format(row.x) : NUMBERS.number.format(row.x), row.text);
  const band = banded.filter((row) => row.series === index);
  return [
    // Between gaps the band stands as a bar of its own, where one point has no neighbour.
    Plot.areaY(own, { x: "x", y1: (row) => row.low ?? NaN, y2: (row) => row.high ?? NaN, fill: hue(index), fillOpacity: 0.16 }),
    Plot.ruleX(band, { x: "x", y1: "low", y2: "high", stroke: hue(index), strokeOpacity: 0.5 }),
    Plot.lineY(own, { x: "x", y: (row) => row.value ?? NaN, stroke: hue(index), strokeWidth: 2, strokeDasharray: dash(index) }),
    Plot.dot(own.filter(has), { x: "x", y: "value", symbol: () => shape(index), fill: hue(index), stroke: "var(--surface)", r: 4, title }),
  ];
}

function within(places, marks, isTime) {
  const all = [...places, ...marks.map((mark) => +mark.at)];
  const [from, to] = [Math.min(...all), Math.max(...all)];
  const room = from === to ? (isTime ? 86400000 : 1) : (to - from) * 0.02;
  return [from - room, to + room].map((at) => (isTime ? new Date(at) : at));
}

// Counts and shares begin at nothing; other numbers keep the span that is given, or their own.
function height(data, rows) {
  if (data.span) return { domain: data.span };
  const values = rows.filter(has).flatMap((row) => [row.value, row.low ?? row.value, row.high ?? row.value]);
  if (data.reference) values.push(data.reference.at);
  if (data.form !== "number") values.push(0);
  return { domain: d3.extent(values)[0] === d3.extent(values)[1] ? [values[0] - 1, values[0] + 1] : d3.extent(values), nice: true };
}

const level = (reference, right) => [
  Plot.ruleY([reference.at], { stroke: "var(--control-border)", strokeDasharray: "5 4" }),
  Plot.text([reference], { y: "at", text: () => folded(reference.words, right - 8), frameAnchor: "right", textAnchor: "start", dx: 6, fill: SOFT }),
];

const moments = (marks) => [
  Plot.ruleX(marks, { x: "at", stroke: "var(--ink-muted)", strokeDasharray: "1 3", strokeWidth: 1.5 }),
  Plot.text(marks, { x: "at", text: "words", frameAnchor: "top", dy: -10, fill: SOFT, ...halo }),
];

export function intervals(data, width) {
  const isNarrow = width < NARROW;
  const rows = data.rows.map((row, at) => ({ ...row, at }));
  const left = isNarrow ? 16 : Math.min(widest(rows.map((row) => row.label)), width * 0.34) + 16;
  const right = isNarrow ? 12 : Math.min(widest(rows.map((row) => row.text)), width * 0.3) + 20;
  const each = isNarrow ? 48 : 32;
  const top = data.reference ? 24 : 6;
  const lift = isNarrow ? 10 : 0;
  const domain = data.span ?? around(rows, data.reference);
  const inside = (value) => Math.min(Math.max(value, domain[0]), domain[1]);
  const banded = rows.filter((row) => has(row) && row.low !== undefined);
  return plot(width, top + each * rows.length + 32, {
    marginLeft: left, marginRight: right, marginTop: top, marginBottom: 28,
    x: { domain, label: null, nice: !data.span }, y: { type: "band", domain: d3.range(rows.length), axis: null, padding: 0 },
    symbol: { type: "identity" }, color: identity,
    marks: [
      Plot.gridX({ ticks: Math.floor((width - left - right) / 70), ...QUIET }),
      Plot.axisX({ ticks: Math.floor((width - left - right) / 70), tickFormat: ticked(data.form), tickSize: 0, color: SOFT, label: null }),
      data.reference ? against(data.reference) : null,
      Plot.link(banded, { x1: (row) => inside(row.low), x2: (row) => inside(row.high), y1: "at", y2: "at", dy: lift, stroke: "var(--ink-muted)", strokeWidth: 2 }),
      Plot.text(banded.flatMap((row) => [row.low, row.high].map((x) => ({ x: inside(x), at: row.at }))), { x: "x", y: "at", dy: lift, text: () => "|", fill: "var(--ink-muted)" }),
      ...rows.filter(has).map((row) => Plot.dot([row], { x: (it) => inside(it.value), y: "at", dy: lift, r: 5.5, symbol: () => WHO[row.who].symbol, fill: WHO[row.who].fill, stroke: "var(--surface)", title: (it) => titled(it.label, it.text) })),
      Plot.text(rows, isNarrow ? { y: "at", frameAnchor: "left", textAnchor: "start", dy: -10, text: (row) => folded(row.label, width * 0.5, 1) } : { y: "at", frameAnchor: "left", textAnchor: "end", dx: -14, text: (row) => folded(row.label, left - 16) }),
      Plot.text(rows, { y: "at", frameAnchor: "right", textAnchor: isNarrow ? "end" : "start", dx: isNarrow ? 0 : 14, dy: isNarrow ? -10 : 0, text: (row) => folded(row.text, isNarrow ? width * 0.45 : right - 20, isNarrow ? 1 : 2), fill: (row) => (has(row) ? "var(--ink)" : SOFT), ...halo }),
    ],
  });
}

const against = (reference) => [
  Plot.ruleX([reference.at], { stroke: "var(--control-border)", strokeWidth: 1.5, strokeDasharray: "5 4" }),
  Plot.text([reference], { x: "at", text: "words", frameAnchor: "top", dy: -12, fill: SOFT, ...halo }),
];

function around(rows, reference) {
  const values = rows.filter(has).flatMap((row) => [row.value, row.low ?? row.value, row.high ?? row.value]);
  if (reference) values.push(reference.at);
  const [from, to] = d3.extent(values);
  return from === to ? [from - 1, to + 1] : [from, to];
}

export function heat(data, width) {
  const isSame = (row) => data.is_square && row.row === row.column;
  const left = Math.min(widest([...data.labels, data.heading]), width * 0.3) + 16;
  const room = (width - left - 8) / data.columns.length;
  const lines = Math.max(...data.columns.map((name) => folded(name, room - 6, 3).split("\n").length));
  const top = lines * LINE + LINE + 12;
  return plot(width, top + 40 * data.labels.length + 8, {
    marginLeft: left, marginRight: 8, marginTop: top, marginBottom: 8,
    x: { type: "band", domain: d3.range(data.columns.length), axis: null, padding: 0.03 },
    y: { type: "band", domain: d3.range(data.labels.length), axis: null, padding: 0.05 },
    color: identity,
    marks: [
      Plot.cell(data.rows, { x: "column", y: "row", fill: "var(--surface)", stroke: "var(--line)" }),
      Plot.cell(data.rows.filter(has), { x: "column", y: "row", fill: "var(--chart-1)", fillOpacity: (row) => 0.04 + 0.46 * row.share, title: (row) => titled(`${data.labels[row.row]} / ${data.columns[row.column]}`, row.text) }),
      data.is_square ? Plot.cell(data.rows.filter(isSame), { x: "column", y: "row", fill: "none", stroke: "var(--ink-soft)", strokeWidth: 1.5 }) : null,
      Plot.text(data.rows, { x: "column", y: "row", text: (row) => folded(row.text, room - 4, 2), fontWeight: (row) => (isSame(row) ? 600 : 400) }),
      Plot.axisX({ anchor: "top", tickSize: 0, tickFormat: (at) => folded(data.columns[at], room - 6, 3), label: null }),
      Plot.axisY({ tickSize: 0, tickFormat: (at) => folded(data.labels[at], left - 16), label: null }),
    ],
  }, text(data.across, (left + width - 8) / 2, FONT, { fill: SOFT }), text(folded(data.heading, left + room / 2, 1), left - 8, FONT, { fill: SOFT, "text-anchor": "end" }));
}

export function dots(data, width) {
  const named = data.groups.length > 1 || data.groups[0];
  const rows = data.rows.filter(has).map((row) => ({ ...row, index: data.groups.indexOf(row.group) }));
  const shelf = named ? legend(data.groups, width, shapeSign([])) : { height: 0, drawn: null };
  const left = 52;
  const banded = rows.filter((row) => row.low !== undefined);
  const title = (row) => titled(row.words || row.group, `${NUMBERS[data.form].format(row.x)}, ${row.text}`);
  const room = data.span ? { domain: data.span } : { nice: true };
  const total = shelf.height + Math.min(380, Math.max(260, width * 0.6));
  return plot(width, total, {
    marginLeft: left, marginRight: 24, marginTop: shelf.height + 28, marginBottom: 46,
    x: { label: null, ...room }, y: { label: null, ...room }, symbol: { type: "identity" }, color: identity,
    marks: [
      Plot.gridX({ ticks: Math.floor(width / 90), ...QUIET }), Plot.gridY({ ticks: 5, ...QUIET }),
      Plot.axisX({ ticks: Math.floor(width / 90), tickFormat: ticked(data.form), tickSize: 0, color: SOFT, label: null }),
      Plot.axisY({ ticks: 5, tickFormat: ticked(data.form), tickSize: 0, color: SOFT, label: null }),
      data.diagonal ? same(data) : null,
      Plot.ruleX(banded, { x: "x", y1: "low", y2: "high", stroke: "var(--ink-muted)", strokeWidth: 1.5 }),
      ...data.groups.map((_name, index) => Plot.dot(rows.filter((row) => row.index === index), { x: "x", y: "value", r: 5, symbol: () => shape(index), fill: hue(index), stroke: "var(--surface)", title })),
      rows.length <= 16 ? Plot.text(rows.filter((row) => row.words), { x: "x", y: "value", text: (row) => folded(row.words, 120, 1), textAnchor: "start", dx: 9, ...halo }) : null,
    ],
  }, shelf.drawn, under(data.x, (left + width - 24) / 2, total), text(data.y, 0, shelf.height + FONT, { fill: SOFT, "text-anchor": "start" }));
}

function same(data) {
  const values = data.rows.filter(has).flatMap((row) => [row.x, row.value]);
  const [from, to] = data.span ?? d3.extent(values);
  return [
    Plot.link([0], { x1: from, y1: from, x2: to, y2: to, stroke: "var(--control-border)", strokeDasharray: "5 4" }),
    Plot.text([0], { x: to, y: to, text: () => data.diagonal, textAnchor: "end", dx: -8, dy: 12, fill: SOFT, ...halo }),
  ];
}
