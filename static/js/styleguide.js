// Shows in the guide what other scripts show on the pages: one question lit, and what stands in place of a card.

document.querySelector("#questions .question")?.setAttribute("data-lit", "");

const states = document.querySelector("[data-states]");
for (const template of document.querySelectorAll("template[id^=state-]")) {
  const drawn = template.content.cloneNode(true).firstElementChild;
  drawn.removeAttribute("id");
  drawn.removeAttribute("tabindex");
  for (const spoken of drawn.querySelectorAll("[role=status]")) spoken.removeAttribute("role");
  states.append(drawn);
}
