// The rubric editor: what people will see follows what is typed, and a row is added without leaving the page.
// Without this script every button posts the form and the whole page comes back.

const form = document.querySelector("[data-rubric]");
const PAUSE = 400;
let timer = 0;
let asked = 0;

form.querySelector("[data-see]").hidden = true;
form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(see, PAUSE);
});
form.addEventListener("submit", (event) => {
  const pressed = event.submitter?.value ?? "";
  if (pressed === "save" || pressed === "") return;
  event.preventDefault();
  clearTimeout(timer);
  rebuild(pressed);
});

async function answer(pressed) {
  const body = new FormData(form);
  body.set("do", pressed);
  const mine = ++asked;
  const said = await fetch(form.action || location.href, { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
  if (!said.ok && said.status !== 422) throw new Error(String(said.status));
  const page = new DOMParser().parseFromString(await said.text(), "text/html");
  return mine === asked ? page : null; // something newer was asked meanwhile
}

async function see() {
  try {
    const page = await answer("preview");
    if (page) document.getElementById("preview").replaceWith(page.getElementById("preview"));
  } catch {
    // the next letter asks again
  }
}

async function rebuild(pressed) {
  let page;
  try {
    page = await answer(pressed);
  } catch {
    form.requestSubmit(form.querySelector("[data-see]"));
    return;
  }
  if (!page) return;
  for (const part of ["attributes", "remarks"]) {
    const old = form.querySelector(`[aria-labelledby="${part}-title"]`);
    old.replaceWith(page.querySelector(`[aria-labelledby="${part}-title"]`));
  }
  document.getElementById("preview").replaceWith(page.getElementById("preview"));
  focusOn(pressed);
}

// Whoever added a row writes into it; whoever moved one goes on from where it is now.
function focusOn(pressed) {
  const [action, part, at] = pressed.split("-");
  const rows = form.querySelectorAll(`[aria-labelledby="${part}-title"] fieldset`);
  const place = action === "add" ? rows.length - 1 : Number(at) + (action === "up" ? -1 : action === "down" ? 1 : 0);
  rows[Math.max(0, Math.min(place, rows.length - 1))]?.querySelector("input")?.focus();
}
