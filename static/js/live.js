// Parts of a page that keep themselves up to date: asked for again every few seconds while somebody looks.
// What is there is changed in place, so that focus, selection, scrolling and open folds stay as they are.

const LONGEST_REST = 60;

function refreshing(root) {
  let misses = 0;
  let timer = 0;
  let isOver = false;

  const rest = () => Math.min(Number(root.dataset.every || 30) * 2 ** misses, LONGEST_REST) * 1000;

  function later() {
    clearTimeout(timer);
    if (!document.hidden && !isOver) timer = setTimeout(look, rest());
  }

  async function look() {
    try {
      const answer = await fetch(root.dataset.liveFrom, { headers: { "X-Requested-With": "fetch" }, redirect: "manual" });
      if (answer.type === "opaqueredirect" || answer.status === 403) return loggedOut();
      if (answer.status === 404) return; // not there any more: the page stays as it is
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(root.id);
      if (!fresh) throw new Error("another page");
      misses = 0;
      become(root, fresh);
    } catch {
      misses += 1;
      const words = root.querySelector("[data-live-lost]");
      if (words) words.hidden = false;
    }
    later();
  }

  // Who has logged out gets no answer however often the page asks.
  function loggedOut() {
    isOver = true;
    const words = root.querySelector("[data-live-out]");
    if (!words) return;
    words.querySelector("a").search = new URLSearchParams({ next: location.pathname + location.search });
    words.hidden = false;
    const lost = root.querySelector("[data-live-lost]");
    if (lost) lost.hidden = true;
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else if (!isOver) look();
  });
  later();
}

// One element made like another. Rows with an id are known by it, so that a new one pushes the others down and no more.
function become(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !isKept(old, name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && !isKept(old, name)) old.setAttribute(name, value);
  }
  if (old.hasAttribute("data-drawn-by-script")) return; // what is in it did not come from the server
  const ids = new Set([...fresh.children].map((child) => child.id));
  for (const child of [...old.children]) if (child.id && !ids.has(child.id)) child.remove();
  let place = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    // Spaces around what is gone would make its neighbours move, and what moves loses the focus.
    while (place?.nodeType === Node.TEXT_NODE && wanted.nodeType === Node.ELEMENT_NODE) place = removed(place);
    const found = alike(place, wanted) ? place : byId(old, wanted);
    if (!found) {
      old.insertBefore(document.importNode(wanted, true), place);
    } else {
      if (found !== place) old.insertBefore(found, place);
      else place = place.nextSibling;
      if (wanted.nodeType === Node.ELEMENT_NODE) become(found, wanted);
      else if (found.data !== wanted.data) found.data = wanted.data;
    }
  }
  while (place) place = removed(place);
}

// Takes a node away and gives the one after it.
function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

// Whether a fold is open is the reader's choice.
function isKept(element, name) {
  return name === "open" && element.localName === "details";
}

function alike(one, other) {
  return Boolean(one) && one.nodeType === other.nodeType && one.nodeName.toLowerCase() === other.nodeName.toLowerCase() && (one.id ?? "") === (other.id ?? "");
}

function byId(parent, wanted) {
  if (!wanted.id) return null;
  return [...parent.children].find((child) => child.id === wanted.id && child.localName === wanted.localName) ?? null;
}

for (const root of document.querySelectorAll("[data-live-from]")) refreshing(root);
