// Draws the formulas of a text. KaTeX is fetched only when there is one; what it cannot read, or may not do, stays as its LaTeX.

const LIMITS = { throwOnError: true, strict: "ignore", maxExpand: 300, maxSize: 20, output: "htmlAndMathml" };
const SLICE_MS = 24; // drawn at once before the page gets its turn

let loading = null;

// Draws every formula under root, in slices, and resolves when all are done. Works on what is not in the page yet.
export async function drawMaths(root) {
  const waiting = [...root.querySelectorAll(".math:not([data-drawn]):not([data-unread])")];
  if (waiting.length === 0) return;
  const katex = await katexOnce();
  let since = performance.now();
  for (const formula of waiting) {
    draw(katex, formula);
    if (performance.now() - since < SLICE_MS) continue;
    await new Promise((resolve) => { setTimeout(resolve); });
    since = performance.now();
  }
}

function katexOnce() {
  loading ??= load().catch((error) => { loading = null; throw error; });
  return loading;
}

async function load() {
  for (const styles of document.querySelectorAll("[data-maths-style]")) document.head.append(styles.content); // empty from then on
  await import("../../vendor/katex/katex.min.js");
  return globalThis.katex;
}

function draw(katex, formula) {
  const written = formula.textContent;
  const place = document.createElement("span");
  let isTrusted = true;
  const trust = () => { isTrusted = false; return false; }; // links, images and attributes: the whole formula stays as written
  try {
    const options = { ...LIMITS, displayMode: formula.classList.contains("math--display"), trust };
    withoutStyleAttributes(() => katex.render(latexOf(written), place, options));
  } catch {
    isTrusted = false;
  }
  if (!isTrusted) {
    formula.dataset.unread = "";
    return;
  }
  formula.dataset.latex = written;
  formula.dataset.drawn = "";
  formula.replaceChildren(...place.childNodes);
}

function latexOf(written) {
  if (written.startsWith("\\begin")) return written;
  const mark = /^(?:\$\$|\$|\\\(|\\\[)/.exec(written)[0].length;
  return written.slice(mark, -mark);
}

// The page's policy forbids style attributes. KaTeX sets nearly all its styles by property; the few that it writes as
// attributes are turned into properties while it draws.
function withoutStyleAttributes(work) {
  const setAttribute = Element.prototype.setAttribute;
  Element.prototype.setAttribute = function set(name, value) {
    if (name === "style") this.style.cssText = value;
    else setAttribute.call(this, name, value);
  };
  try {
    work();
  } finally {
    Element.prototype.setAttribute = setAttribute;
  }
}
