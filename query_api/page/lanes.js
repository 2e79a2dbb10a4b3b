// Lanes of bars on a length of time: that of a day, or of a film.

import { h } from "./dom.js";

/** Draw a bar from one part of the length to another, both in percent. */
export function bar([from, to], { isOpen = false, ...properties }) {
  const drawn = h("button", { class: isOpen ? "bar-of open" : "bar-of", type: "button", ...properties });
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
