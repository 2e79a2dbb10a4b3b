// The filters that hold, each to be seen and taken away.

import { change, follow, go } from "./address.js";
import { byId, h, icon, replace } from "./dom.js";
import { cleared } from "./filters.js";
import { ACTIONS, nearby, percent, shortName, worn } from "./words.js";

const WORDS = {
  label: (value) => value,
  any_label: (value) => `or ${value}`,
  not_label: (value) => `not ${value}`,
  text: (value) => `reads “${value}”`,
  person: (value) => `with ${value}`,
  color: (value) => value,
  celebrity: (value) => `with ${value}`,
  equipment: (value) => `wears ${worn(value)}`,
  moderation: (value) => `flagged ${value}`,
  moderation_action: (value) => ACTIONS[value] ?? value,
  min_confidence: (value) => `at least ${percent(Number(value))} sure`,
  min_faces: (value) => `${value} or more faces`,
  prefix: (value) => `key begins with ${value}`,
  from: (value) => `uploaded from ${value}`,
  to: (value) => `uploaded to ${value}`,
  taken_from: (value) => `taken from ${value}`,
  taken_to: (value) => `taken to ${value}`,
  camera: (value) => `camera ${value}`,
  near: nearby,
  like: (value) => `like “${value}”`,
  similar_to: (value) => `more like ${shortName(value)}`,
  min_similarity: (value) => (Number(value) > 0 ? `similarity of ${value} or more` : "however similar"),
  near_duplicates_of: (value) => `nearly the same as ${shortName(value)}`,
  include_parents: () => "as seen, not implied",
};
const OPPOSITE = { label: "not_label", not_label: "label" };

export class Chips {
  constructor(filters) {
    this.list = byId("chips");
    follow((next) => this.show(next));
    this.show(filters);
  }

  show(filters) {
    const chips = Object.keys(WORDS).flatMap((name) => {
      const values = Array.isArray(filters[name]) ? filters[name] : [filters[name]].filter(Boolean);
      return values.map((value) => chip(filters, name, value));
    });
    const clear = h(
      "button",
      { class: "button quiet", type: "button", on: { click: () => go(cleared(filters)) } },
      "Clear all",
    );
    replace(this.list, chips, chips.length > 1 ? h("li", {}, clear) : null);
    this.list.hidden = chips.length === 0;
  }
}

function chip(filters, name, value) {
  const said = WORDS[name](value);
  const without = () => (Array.isArray(filters[name]) ? filters[name].filter((each) => each !== value) : "");
  const turned = OPPOSITE[name];
  const turn = () => change({ [name]: without(), [turned]: [...filters[turned], value] });
  const text = turned
    ? h(
        "button",
        {
          class: "chip-text",
          type: "button",
          title: turned === "label" ? "Show only these instead" : "Leave these out instead",
          on: { click: turn },
        },
        said,
      )
    : h("span", { class: "chip-text" }, said);
  const remove = h(
    "button",
    {
      class: "chip-remove",
      type: "button",
      "aria-label": `Remove filter: ${said}`,
      on: { click: () => change({ [name]: without() }) },
    },
    icon("close"),
  );
  return h("li", { class: `chip ${name}` }, text, remove);
}
