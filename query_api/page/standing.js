// Queues, quotas and the day's figures.

import { byId, h, replace } from "./dom.js";
import { dollars, number, plural } from "./words.js";

// Calls are reserved in runs, so how many a second there are is told over some looks.
const LOOKS = 10;
const LANES = { images: "Live", bulk: "Bulk" };

export class Standing {
  constructor() {
    this.looks = [];
  }

  show(now) {
    this.looks = [...this.looks, now].slice(-LOOKS);
    byId("status").removeAttribute("aria-busy");
    byId("as-of").textContent = `As of ${new Date(now.at).toLocaleTimeString("en")}`;
    replace(byId("lanes"), lanesHead(), h("tbody", {}, Object.values(now.lanes).map(laneRow)));
    replace(
      byId("quotas"),
      Object.entries(now.quotas).map(([operation, quota]) => this.quota(operation, quota)),
    );
    replace(byId("today"), dayOf(now));
  }

  /** Say that the figures are of the past. */
  fade() {
    byId("status").setAttribute("aria-busy", "true");
    this.looks = [];
  }

  quota(operation, quota) {
    const rate = this.rate(operation);
    const { calls_today: today, in_use: limit } = quota.calls_a_day;
    const notes = [
      limit === null
        ? `${plural(today, "call")} today`
        : `${number(today)} of ${plural(limit, "call")} allowed today`,
    ];
    if (limit !== null && today >= limit) notes.push("none is left: photos wait until midnight (UTC)");
    if (quota.rate_now < quota.in_use) notes.push(`slowed to ${quota.rate_now.toFixed(1)} after a throttle`);
    const share = rate === null ? 0 : Math.min(1, rate / quota.in_use);
    const full = h("div", { class: "meter-full" });
    full.style.setProperty("--share", share);
    return h(
      "div",
      { class: "quota" },
      h("span", { class: "quota-name" }, operation),
      h(
        "span",
        {},
        rate === null ? `${number(quota.in_use)} a second` : `${rate.toFixed(1)} of ${number(quota.in_use)} a second`,
      ),
      h(
        "div",
        {
          class: "meter",
          role: "meter",
          "aria-label": `${operation}: quota in use`,
          "aria-valuemin": 0,
          "aria-valuemax": 100,
          "aria-valuenow": Math.round(share * 100),
        },
        full,
      ),
      h("span", { class: "quota-note" }, notes.join("; ")),
    );
  }

  /** Return the calls a second since the oldest look that is known; null where that cannot be told. */
  rate(operation) {
    const [first, last] = [this.looks[0], this.looks.at(-1)];
    const seconds = (Date.parse(last.at) - Date.parse(first.at)) / 1000;
    const calls = (look) => look.quotas[operation]?.calls_a_day.calls_today ?? Number.NaN;
    const made = calls(last) - calls(first);
    return seconds > 0 && made >= 0 ? made / seconds : null;
  }
}

const lanesHead = () =>
  h(
    "thead",
    {},
    h("tr", {}, ["Lane", "Waiting", "At work", "Dead letters"].map((name) => h("th", { scope: "col" }, name))),
  );

const laneRow = (lane) =>
  h(
    "tr",
    {},
    h("th", { scope: "row" }, LANES[lane.name] ?? lane.name),
    h("td", {}, number(lane.waiting)),
    h("td", {}, number(lane.in_flight)),
    h("td", { class: lane.dead_letters ? "bad-number" : "" }, number(lane.dead_letters)),
  );

function dayOf({ today, dollars: spent }) {
  const figures = [
    ["spent on Rekognition", dollars(spent.today), "first"],
    ["this month", dollars(spent.month)],
    ["recognized", number(today.images_recognized)],
    ["rejected", number(today.images_rejected)],
    ["given up", number(today.dead_letters)],
    ["calls made", number(today.calls_made)],
    ["calls avoided", number(today.calls_avoided)],
    ["calls throttled", number(today.calls_throttled)],
  ];
  return figures.map(([name, value, kind = ""]) =>
    h("div", { class: kind }, h("dt", {}, name), h("dd", {}, value)),
  );
}
