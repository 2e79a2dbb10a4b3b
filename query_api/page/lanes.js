// Lanes of bars on a length of time: that of a day, or of a film.

import { h } from "./dom.js";

/** Draw a bar from one part of the length to another, both in percent. */
export function bar([from, to], { isOpen = false, isCut = false, ...properties }) {
  const kind = `bar-of${isOpen ? " open" : ""}${isCut ? " cut" : ""}`;
  const drawn = h("button", { class: kind, type: "button", ...properties });
  drawn.style.setProperty("--from", `${from}%`);
  drawn.style.setProperty("--long", `${to - from}%`);
  return drawn;
}

/** Draw a lane: its name, and its bars. */
export const lane = (name, bars, element = "div") =>
  h(
    element,
    { class: "line-row" },
    h("span", { class: "line-name", title: name }, name),
    h("div", { class: "track" }, bars),
  );

/** Have the Tab key lead to one bar of all lanes; arrows lead to those beside it, and to the nearest of the next lane. */
export function walkable(lanes) {
  const rows = [...lanes.children].map((row) => [...row.querySelectorAll(".bar-of")]);
  let current = rows[0][0];
  for (const each of rows.flat()) each.tabIndex = each === current ? 0 : -1;
  lanes.addEventListener("focusin", ({ target }) => {
    current.tabIndex = -1;
    current = target;
    current.tabIndex = 0;
  });
  lanes.addEventListener("keydown", (event) => {
    const at = rows.findIndex((row) => row.includes(current));
    const [row, place] = [rows[at], rows[at].indexOf(current)];
    const away = (bar) => Math.abs(bar.offsetLeft - current.offsetLeft);
    const nearest = (bars = []) => [...bars].sort((one, other) => away(one) - away(other))[0];
    const targets = {
      ArrowLeft: () => row[place - 1],
      ArrowRight: () => row[place + 1],
      ArrowUp: () => nearest(rows[at - 1]),
      ArrowDown: () => nearest(rows[at + 1]),
      Home: () => row[0],
      End: () => row.at(-1),
    };
    if (!targets[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    // In the large view, arrows would lead to another photo.
    event.preventDefault();
    event.stopPropagation();
    targets[event.key]()?.focus();
  });
}
