// The page for operators put together: how the pipeline stands, and what failed.

import { ask } from "./api.js";
import { byId } from "./dom.js";
import { Failures } from "./failures.js";
import { Notices } from "./notices.js";
import { Standing } from "./standing.js";

const BUSY_MS = 3_000;
const QUIET_MS = 15_000;

const notices = new Notices();
const standing = new Standing();
const failures = new Failures({ changed: () => soon(0) });
let timer = null;

document.addEventListener("visibilitychange", () => soon(0));
soon(0);

/** Ask after a while, and only while the page is seen. */
function soon(wait) {
  clearTimeout(timer);
  if (document.visibilityState === "visible") timer = setTimeout(poll, wait);
}

async function poll() {
  try {
    const now = await ask("pipeline");
    notices.clear();
    byId("status").hidden = false;
    standing.show(now);
    failures.expect(deadLetters(now));
    soon(isBusy(now) ? BUSY_MS : QUIET_MS);
  } catch (error) {
    // Figures of a moment ago would mislead; what failed stays, for it is true until somebody acts.
    standing.fade();
    notices.tell(error, poll);
  }
}

const deadLetters = ({ lanes }) => Object.values(lanes).reduce((sum, lane) => sum + lane.dead_letters, 0);

const isBusy = ({ lanes }) => Object.values(lanes).some((lane) => lane.waiting + lane.in_flight > 0);
