// Several tabs of one person: what is done in one is known in the others.

export class Tabs extends EventTarget {
  constructor(person) {
    super();
    this.channel = "BroadcastChannel" in window ? new BroadcastChannel(`concord.tabs.${person}`) : null;
    this.channel?.addEventListener("message", ({ data }) => {
      this.dispatchEvent(new CustomEvent(data.what, { detail: data }));
    });
  }

  tellAnswered(assignment) {
    this.channel?.postMessage({ what: "answered", assignment });
  }

  tellDraft(key, draft) {
    this.channel?.postMessage({ what: "draft", key, draft });
  }
}
