// Filters that are not typed: which photos, how sure, how many faces, when, in which order.

import { change, filters, follow } from "./address.js";
import { byId, h, isOn, replace } from "./dom.js";
import { OF_CHOICE, canOrderByCapture, canOrderByConfidence, isByMeaning } from "./filters.js";
import { ACTIONS, number, percent, worn } from "./words.js";

const STATUSES = [
  ["recognized", "Recognized"],
  ["rejected", "Rejected"],
];
const FACES = [
  ["", "any number"],
  ["1", "1 or more"],
  ["2", "2 or more"],
  ["3", "3 or more"],
  ["5", "5 or more"],
  ["10", "10 or more"],
];
const CHOICES = [
  ["color", "Colour"],
  ["celebrity", "Celebrity"],
  ["equipment", "Somebody wears"],
];
const DISTANCES_KM = [1, 5, 25, 100];
const DATES = [
  ["taken_from", "Taken from"],
  ["taken_to", "Taken to"],
  ["from", "Uploaded from"],
  ["to", "Uploaded to"],
];
// The top level of Rekognition's categories:
// https://docs.aws.amazon.com/rekognition/latest/dg/moderation-api.html
const CATEGORIES = [
  "Explicit",
  "Non-Explicit Nudity of Intimate parts and Kissing",
  "Swimwear or Underwear",
  "Violence",
  "Visually Disturbing",
  "Drugs & Tobacco",
  "Alcohol",
  "Rude Gestures",
  "Gambling",
  "Hate Symbols",
];

export class Controls {
  constructor() {
    this.statuses = STATUSES.map(([value, name]) => statusChoice(value, name));
    byId("status").append(...this.statuses.map(({ element }) => element));
    this.confidence = byId("confidence");
    this.confidenceSaid = byId("confidence-value");
    this.confidence.addEventListener("input", () => this.sayConfidence());
    this.confidence.addEventListener("change", () => change({ min_confidence: this.confidence.value }));
    this.order = byId("order");
    if (!isOn("pictures")) for (const name of ["taken", "taken_oldest"]) this.forgetOrder(name);
    this.order.addEventListener("change", () => change({ order: this.order.value }));
    this.makeMore();
    this.placeForWidth();
    follow((next) => this.show(next));
    this.show(filters());
  }

  /** Say how many photos there are of each status; `images` as `/stats` has them. */
  showCounts(images) {
    for (const { value, count } of this.statuses) replace(count, number(images[value]));
  }

  /** Offer what was found in photos of the answer; of its first page, only that. */
  offer(photos, isFirst) {
    for (const [name, known] of this.choices) {
      const found = photos.flatMap((photo) => photo[OF_CHOICE[name]] ?? []);
      known.names = [...(isFirst ? [] : known.names), ...found.map((each) => each.name ?? each)];
    }
    this.showChoices(filters());
  }

  showChoices(next) {
    for (const [name, known] of this.choices) {
      known.names = [...new Set([...known.names, ...next[name]])].sort();
      const options = [["", "any"], ...known.names.map((value) => [value, worn(value)])];
      replace(known.control, options.map(option));
      known.control.value = next[name][0] ?? "";
      known.whole.hidden = !known.names.length;
    }
  }

  show(next) {
    for (const { value, input } of this.statuses) input.checked = value === (next.status || "recognized");
    this.confidence.value = next.min_confidence || "0";
    this.sayConfidence();
    for (const option of this.order.options) {
      if (option.value === "confidence") option.disabled = !canOrderByConfidence(next);
      if (option.value.startsWith("taken")) option.disabled = !canOrderByCapture(next);
    }
    this.order.value = next.order;
    this.order.closest("label").hidden = isByMeaning(next);
    this.faces.value = FACES.some(([value]) => value === next.min_faces) ? next.min_faces : "";
    this.action.value = next.moderation_action in ACTIONS ? next.moderation_action : "";
    this.moderation.value = CATEGORIES.includes(next.moderation) ? next.moderation : "";
    for (const [name, input] of Object.entries(this.dates)) input.value = next[name].slice(0, 10);
    this.showChoices(next);
    this.camera.value = next.camera;
    const [, , km] = next.near.split(",");
    this.distance.value = DISTANCES_KM.includes(Number(km)) ? km : "";
    this.distance.closest("label").hidden = !next.near;
    this.parents.checked = next.include_parents !== "false";
    this.confidence.closest("label").classList.toggle("off", next.status === "rejected");
  }

  /** On small screens, the photos are worth more room than the filters. */
  placeForWidth() {
    const [narrow, medium] = [matchMedia("(max-width: 640px)"), matchMedia("(max-width: 900px)")];
    const [confidence, order, more] = [
      this.confidence.closest("label"),
      this.order.closest("label"),
      byId("more"),
    ];
    const place = () => {
      byId("more-name").textContent = narrow.matches ? "Filters" : "More filters";
      if (medium.matches) byId("more-panel").prepend(order);
      else more.after(order);
      if (narrow.matches) byId("more-panel").prepend(confidence);
      else more.before(confidence);
    };
    for (const width of [narrow, medium]) width.addEventListener("change", place);
    place();
  }

  /** This deployment does not keep an order. */
  forgetOrder(name) {
    [...this.order.options].find((option) => option.value === name)?.remove();
  }

  sayConfidence() {
    const value = Number(this.confidence.value);
    replace(this.confidenceSaid, value ? `${percent(value)} +` : "any");
  }

  makeMore() {
    this.faces = select(FACES, (value) => change({ min_faces: value }));
    this.moderation = select([["", "do not ask"], ...CATEGORIES.map((name) => [name, name])], (value) =>
      change({ moderation: value }),
    );
    this.action = select([["", "anything"], ...Object.entries(ACTIONS)], (value) =>
      change({ moderation_action: value }),
    );
    this.choices = CHOICES.map(([name, said]) => {
      const control = select([], (value) => change({ [name]: [value] }));
      return [name, { names: [], control, whole: field(said, control) }];
    });
    const date = (name) => input("date", (value) => change({ [name]: value }));
    this.dates = Object.fromEntries(DATES.map(([name]) => [name, date(name)]));
    this.distance = select(
      [["", "…"], ...DISTANCES_KM.map((km) => [String(km), `${km} km`])],
      (km) => km && change({ near: filters().near.replace(/[^,]*$/, km) }),
    );
    this.camera = input("text", (value) => change({ camera: value.trim() }));
    this.parents = h("input", {
      type: "checkbox",
      on: { change: () => change({ include_parents: this.parents.checked ? "" : "false" }) },
    });
    byId("more-panel").append(
      field("Faces", this.faces),
      ...this.choices.map(([, { whole }]) => whole),
      field("Flagged as", this.moderation),
      isOn("policy") ? field("Policy", this.action) : "",
      ...DATES.filter(([name]) => isOn("pictures") || !name.startsWith("taken")).map(([name, said]) =>
        field(said, this.dates[name]),
      ),
      isOn("pictures") ? field("Camera", this.camera) : "",
      field("Within", this.distance),
      h("label", { class: "field check" }, this.parents, h("span", {}, "“Animal” finds dogs too")),
    );
    const more = byId("more");
    addEventListener("pointerdown", (event) => {
      if (!more.contains(event.target)) more.open = false;
    });
    more.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !more.open) return;
      more.open = false;
      more.querySelector("summary").focus();
    });
  }
}

function statusChoice(value, name) {
  const input = h("input", {
    type: "radio",
    name: "status",
    value,
    on: { change: () => change({ status: value }) },
  });
  const count = h("span", { class: "count" });
  return {
    value,
    input,
    count,
    element: h("label", { class: "segment" }, input, h("span", {}, name), count),
  };
}

function select(options, chosen) {
  const element = h(
    "select",
    {},
    options.map(option),
  );
  element.addEventListener("change", () => chosen(element.value));
  return element;
}

const option = ([value, name]) => h("option", { value }, name);

function input(type, chosen) {
  const element = h("input", { type, autocomplete: "off", spellcheck: "false" });
  element.addEventListener("change", () => chosen(element.value));
  return element;
}

const field = (name, control) => h("label", { class: "field" }, h("span", {}, name), control);
