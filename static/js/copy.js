// Buttons that copy a text of the page. Where the browser does not let them, the text is marked for the reader to copy.

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const words = button.textContent;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    if (await copied(source.textContent)) {
      button.textContent = button.dataset.copied;
      setTimeout(() => { button.textContent = words; }, 2000);
    } else {
      getSelection().selectAllChildren(source);
      source.focus();
    }
  });
}
