// How things stand, asked slowly, and only while the page is seen.

import { ask } from "./api.js";
import { byId, h, isOn, replace } from "./dom.js";
import { dollars, number, plural } from "./words.js";

const BUSY_MS = 3_000;
const QUIET_MS = 20_000;

export class Stats {
  /** `told(stats)` is called with each answer; `isAwaited()` says whether somebody waits for a photo. */
  constructor({ told, isAwaited }) {
    Object.assign(this, { told, isAwaited });
    this.line = byId("stats");
    document.addEventListener("visibilitychange", () => this.soon(0));
    this.soon(0);
  }

  soon(wait) {
    clearTimeout(this.timer);
    if (document.visibilityState === "visible" && !this.isClosed) this.timer = setTimeout(() => this.poll(), wait);
  }

  /** Ask now where nothing is shown and nothing was asked: the API has come back. */
  wake() {
    if (this.line.hidden && !this.isAsking) this.soon(0);
  }

  async poll() {
    let busy = this.isAwaited();
    this.isAsking = true;
    try {
      const stats = await ask("stats");
      busy ||= queued(stats) > 0;
      this.show(stats);
      this.told(stats);
    } catch (error) {
      // The gallery tells when the API does not answer; old figures would only mislead.
      this.line.hidden = true;
      // What is about all photos is not for those who may see some.
      this.isClosed = error.kind === "refused";
    }
    this.isAsking = false;
    this.soon(busy ? BUSY_MS : QUIET_MS);
  }

  show(stats) {
    const waiting = queued(stats);
    const { made, avoided, dollars_saved: worth, days } = stats.calls;
    const saved = avoided
      ? figure(
          `${plural(avoided, "call")} saved`,
          `${dollars(worth)} in ${days} days; ${number(made)} calls were made`,
        )
      : null;
    replace(
      this.line,
      waiting
        ? figure(`${number(waiting)} in the queue`, "Photos that wait or are being recognized, about", "busy", true)
        : figure("Queue empty", "Nothing waits", "idle", true),
      stats.dead_letters
        ? figure(
            plural(stats.dead_letters, "dead letter"),
            "Given up, each with its reason: imagepipe dlq summary",
            "bad",
            true,
          )
        : null,
      saved,
    );
    this.line.hidden = false;
  }
}

export const queued = ({ queues }) =>
  Object.values(queues).reduce((sum, queue) => sum + queue.waiting + queue.in_flight, 0);

/** Make a figure; where the deployment has a page for operators, one that leads there if it is `theirs`. */
const figure = (text, title, kind = "", theirs = false) =>
  theirs && isOn("operator")
    ? h("a", { class: `figure ${kind}`, title, href: "status" }, text)
    : h("span", { class: `figure ${kind}`, title }, text);
