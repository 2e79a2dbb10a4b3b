// A day by the clock of who looks at it, and its time line: a row for each label, a bar for each event.

import { h, replace } from "./dom.js";
import { bar, lane } from "./lanes.js";
import { two } from "./words.js";

const HOURS = [0, 3, 6, 9, 12, 15, 18, 21, 24];

/** Write the day of a time: 2026-11-27. */
export const dayOf = (time) => `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;

/** Return when a day begins, or one so many days on; days are 23 to 25 hours long. */
export function startOf(day, daysOn = 0) {
  const start = new Date(`${day}T00:00`);
  start.setDate(start.getDate() + daysOn);
  return start;
}

export const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(startOf(text).getTime());

export const inWords = (day) => new Intl.DateTimeFormat("en", { dateStyle: "full" }).format(startOf(day));

const clock = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** Write from when to when something was there, and that it may have been there for longer. */
export function span({ begin, end, is_over: isOver, is_cut: isCut }) {
  const [from, to] = [begin, end].map((time) => clock.format(new Date(time)));
  const said = isOver ? (from === to ? from : `${from}–${to}`) : `since ${from}`;
  return isCut ? `${said} or longer` : said;
}

/** Say why an event may have been longer; nothing where it is whole. */
export const cutWords = ({ is_cut: isCut }) =>
  isCut ? "More pictures than were read: it may have begun before, or ended later." : "";

/** Write what came: a person by name, or a label. */
export const whatOf = ({ person, label }) => person?.name ?? label;

export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/**
 * Draw the events of a day into an element; `name(event)` says in which row, `open(index)` shows one large.
 * Who does not see it, or has no pointer, has the same below it, one by one.
 */
export function drawLine(element, day, events, { name, open }) {
  const [start, next] = [startOf(day), startOf(day, 1)];
  const part = (time) => Math.min(100, Math.max(0, ((time - start) / (next - start)) * 100));
  const drawn = (event, index) =>
    bar([part(new Date(event.begin)), part(new Date(event.end))], {
      isOpen: !event.is_over,
      isCut: event.is_cut,
      tabindex: "-1",
      title: [`${name(event)} ${span(event)}`, cutWords(event)].filter(Boolean).join(". "),
      on: { click: () => open(index) },
    });
  const rows = new Map();
  events.forEach((event, index) => {
    const row = name(event);
    rows.set(row, [...(rows.get(row) ?? []), drawn(event, index)]);
  });
  const hours = HOURS.map((hour) => {
    const at = h("span", { class: "hour" }, two(hour));
    at.style.setProperty("--from", `${part(hour === 24 ? next : startOf(day).setHours(hour))}%`);
    return at;
  });
  replace(
    element,
    [...rows].sort(([one], [other]) => one.localeCompare(other)).map(([row, bars]) => lane(row, bars)),
    h("div", { class: "line-row" }, h("span", {}), h("div", { class: "hours" }, hours)),
  );
}
