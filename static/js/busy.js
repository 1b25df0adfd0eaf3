// A form that takes its time says so on its button, and is sent once.
for (const form of document.querySelectorAll("form[data-busy]")) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button");
    button.setAttribute("aria-disabled", "true");
    button.textContent = form.dataset.busy;
    form.addEventListener("submit", (again) => again.preventDefault());
  });
}
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
