// One decision on several samples: cause, note and consent by keyboard; sent once.
import { listen, sendOnce } from "./keys.js";

const form = document.querySelector("[data-decide]");
listen(form);
sendOnce(form);
