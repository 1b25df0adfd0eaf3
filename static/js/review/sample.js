// The page of one sample under review: decide by keyboard, see what setting changes, open the judges, look in another order.
import { listen, sendOnce } from "./keys.js";

const form = document.querySelector("[data-decide]");

function press(selector) {
  const control = document.querySelector(selector);
  control?.click();
  return Boolean(control);
}

listen(form, {
  n: () => press("[data-next]"),
  j: () => press("[data-open-judges] button"),
  h: () => press("[data-history] > summary"),
  o: nextOrder,
});
sendOnce(form);

// --- what setting the chosen values changes, where it is not what is proposed anyway
const changes = form?.querySelector("[data-set-changes]");

function tellChanges() {
  const rows = [...form.querySelectorAll("[data-scale]")].map(changeOf).filter(Boolean);
  changes.replaceChildren(...(rows.length ? rows : [item(changes.dataset.same)]));
  changes.hidden = false;
}

function changeOf(scale) {
  const chosen = scale.querySelector("input:checked");
  if (!chosen || chosen.value === scale.dataset.offered) return null;
  const was = scale.querySelector(`input[value="${CSS.escape(scale.dataset.was)}"]`);
  return item(`${was?.dataset.word ?? changes.dataset.none} → ${chosen.dataset.word}`, scale.dataset.title);
}

function item(text, title = "") {
  const row = document.createElement("li");
  if (title) {
    const head = document.createElement("span");
    head.className = "change-title";
    head.textContent = title;
    row.append(head, " ");
  }
  row.append(text);
  return row;
}

if (changes) {
  form.addEventListener("change", tellChanges);
  tellChanges();
}

// --- the order in which the responses were seen
const responses = document.querySelector("[data-responses]");
const orders = [...document.querySelectorAll("[data-order]")];

function show(button) {
  for (const other of orders) other.setAttribute("aria-pressed", String(other === button));
  for (const letter of button.dataset.order.split(", ")) {
    responses.append(responses.querySelector(`[data-letter="${CSS.escape(letter)}"]`));
  }
}

function nextOrder() {
  if (!orders.length) return false;
  const at = orders.findIndex((button) => button.getAttribute("aria-pressed") === "true");
  show(orders[(at + 1) % orders.length]);
  return true;
}

for (const button of orders) button.addEventListener("click", () => show(button));

// --- judges: that they are asked for is written down before anything of them is sent
const opening = document.querySelector("[data-open-judges]");

opening?.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (opening.hasAttribute("data-busy")) return;
  opening.setAttribute("data-busy", "");
  try {
    const answer = await fetch(opening.action, {
      method: "POST",
      body: new FormData(opening),
      headers: { "X-Requested-With": "fetch" },
    });
    if (!answer.ok) throw new Error(String(answer.status));
    const said = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-judges-said]");
    opening.replaceWith(document.importNode(said, true));
    document.querySelector("[data-judges-said]").focus();
  } catch {
    opening.removeAttribute("data-busy");
    opening.querySelector("[data-failed]").hidden = false;
  }
});
