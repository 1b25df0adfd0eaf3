// Talking to the server. Whatever comes back is one of five things, and none of them is an exception:
// "ok", "refused" (asking again would change nothing), "lost" (try again), "loggedOut", "notYours".

const PATIENCE_MS = 30_000;
const MOST_THAT_OUTLIVES_A_PAGE = 60_000; // browsers keep 64 KiB of a page that is closed
const PASSES = [408, 425, 429];

// The token changes with every log-in, also with one in another tab: the cookie always has the present one.
export function token() {
  const cookie = document.cookie.split("; ").find((pair) => pair.startsWith("csrftoken="));
  return cookie?.slice("csrftoken=".length) ?? document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}

function meaning(answer) {
  if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) return "loggedOut";
  if (answer.ok) return "ok";
  if (answer.status === 404) return "notYours";
  return answer.status >= 500 || PASSES.includes(answer.status) ? "lost" : "refused";
}

async function exchange(url, options) {
  try {
    const answer = await fetch(url, { redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS), ...options });
    return { is: meaning(answer), status: answer.status, text: answer.type === "opaqueredirect" ? "" : await answer.text() };
  } catch {
    return { is: "lost", status: 0, text: "" };
  }
}

// Whoever watches the line hears of every answer.
async function ask(url, options) {
  const answer = await exchange(url, options);
  document.dispatchEvent(new CustomEvent("concord:answered", { detail: answer }));
  return answer;
}

export function post(url, fields = [], headers = {}) {
  const body = new URLSearchParams(fields);
  const outlives = body.toString().length < MOST_THAT_OUTLIVES_A_PAGE;
  return ask(url, { method: "POST", body, keepalive: outlives, headers: { "X-CSRFToken": token(), ...headers } });
}

export function postForCard(url, fields = []) {
  return post(url, fields, { "X-Card": "alone" });
}

// A refusal comes as a word, the card itself as it is.
export function getCard(url) {
  return ask(url, { headers: { "X-Card": "alone", Accept: "application/json" } });
}

// For a page that is being closed: sent without an answer, and once.
export function tell(url) {
  return navigator.sendBeacon(url, new URLSearchParams({ csrfmiddlewaretoken: token() }));
}

export function read(answer) {
  try {
    return JSON.parse(answer.text);
  } catch {
    return {};
  }
}
