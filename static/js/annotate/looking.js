// Where there is nothing just now the page looks again by itself, while somebody looks at it.

export class Looking {
  constructor(look) {
    this.look = look;
    this.timer = 0;
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible" && this.every) this.now(); });
  }

  // `root`: the card on the screen; one that says after how many seconds to look again is looked at.
  watch(root) {
    clearTimeout(this.timer);
    this.every = 1000 * Number(root.dataset.again || 0);
    if (this.every) this.timer = setTimeout(() => this.now(), this.every);
  }

  now() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), this.every);
    if (document.visibilityState === "visible" && !isBusy()) this.look();
  }
}

// Nothing is taken from under somebody's hands.
function isBusy() {
  return Boolean(document.querySelector("dialog[open], [data-menu][open]") || document.activeElement?.matches("textarea, input, select"));
}
