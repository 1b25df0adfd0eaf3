// A known answer disputed in one key: the field opens with the focus in it, and what is written goes to a reviewer without leaving the page.

export function openDispute(scope) {
  const fold = scope?.querySelector("[data-dispute]");
  if (!fold) return false;
  fold.open = true;
  fold.querySelector("textarea").focus({ preventScroll: true });
  fold.scrollIntoView({ block: "nearest" });
  return true;
}

async function send(form) {
  const word = form.querySelector("[data-dispute-word]");
  word.textContent = "";
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json" },
      body: new FormData(form),
      redirect: "manual",
    });
    const told = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : {};
    if (answer.ok) return close(form);
    word.textContent = told.detail ?? form.dataset.notSent;
  } catch {
    word.textContent = form.dataset.notSent;
  }
  return undefined;
}

// What was written stays to be read; the field is gone, and the focus goes where the next key is meant.
function close(form) {
  const text = document.createElement("blockquote");
  text.className = "text text--small";
  text.textContent = form.elements.text.value;
  const said = document.createElement("p");
  said.className = "muted small";
  said.setAttribute("role", "status");
  said.textContent = form.dataset.said;
  const place = document.createElement("div");
  place.className = "dispute-said";
  place.tabIndex = -1;
  place.append(text, said);
  form.closest("[data-dispute]").replaceWith(place);
  for (const opener of document.querySelectorAll("[data-dispute-open]")) opener.hidden = true;
  place.focus({ preventScroll: true });
}

export function listenToDisputes() {
  document.addEventListener("submit", (event) => {
    if (!event.target.closest("[data-dispute]")) return;
    event.preventDefault();
    send(event.target);
  });
  document.addEventListener("keydown", (event) => {
    const fold = event.target.closest?.("[data-dispute]");
    if (!fold || !event.target.matches("textarea")) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.target.form.requestSubmit();
    } else if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation();
      fold.open = false;
      fold.querySelector("summary").focus();
    }
  });
}
