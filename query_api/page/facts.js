// What is known of a photo, in words: labels, faces, text, flags, where it came from.

import { captureRows } from "./capture.js";
import { h, replace } from "./dom.js";
import { film } from "./film.js";
import { choiceOf, notButton } from "./people.js";
import { ACTIONS, clock, foremost, moment, percent, plural, size, worn } from "./words.js";

/**
 * List the facts. `least` is the least confidence of labels; `chosen` takes filters, `pointed` the name of
 * what is pointed at, or null, and the number of its face; `raw` gives Rekognition's own answer; `corrector` lets labels and persons be
 * corrected, and `decider` lets people decide whether it is shown; null where nobody may.
 */
export function facts(details, { least, chosen, pointed, raw, corrector, decider }) {
  return [
    details.rejection ? rejection(details.rejection) : null,
    decider?.part(),
    details.has_vector ? moreLikeThis(details, chosen) : null,
    film(details),
    details.moderation.length
      ? part(
          "Flagged",
          h(
            "ul",
            { class: "tags" },
            details.moderation.map((flag) => tag(flag, "flag", () => chosen({ moderation: flag.name }))),
          ),
        )
      : null,
    persons(details, { chosen, pointed, corrector }),
    labels(details, { least, chosen, pointed, corrector }),
    details.face_details?.length
      ? part(
          plural(details.face_details.length, "face"),
          h(
            "ul",
            { class: "faces" },
            details.face_details.map((found, number) => face(found, number, details, { pointed, corrector })),
          ),
        )
      : null,
    details.text_lines?.length
      ? part(
          "Text",
          h(
            "ul",
            { class: "lines" },
            details.text_lines.map((line) => h("li", {}, line.text)),
          ),
        )
      : null,
    part("Photo", about(details, captureRows(details, chosen))),
    rawAnswer(raw),
  ];
}

function moreLikeThis({ key }, chosen) {
  const act = () => chosen({ similar_to: key });
  return h("button", { class: "button", type: "button", on: { click: act } }, "More like this");
}

/** Who agreed to be looked for and is on the photo. */
function persons({ persons = [] }, { chosen, pointed, corrector }) {
  if (!persons.length) return null;
  const items = persons.map(({ name, similarity, by }) => {
    const item = tag({ name, confidence: similarity, by }, "person", () => chosen({ person: [name] }));
    for (const event of ["pointerenter", "focusin"]) item.addEventListener(event, () => pointed(name));
    for (const event of ["pointerleave", "focusout"]) item.addEventListener(event, () => pointed(null));
    item.append(notButton(corrector, name) ?? "");
    return item;
  });
  return part("People", h("ul", { class: "tags" }, items));
}

function labels(details, { least, chosen, pointed, corrector }) {
  if (details.status !== "recognized") return null;
  const shown = foremost(details.labels, least);
  if (!shown.length)
    return part(
      "Labels",
      h("p", { class: "quiet" }, least ? `None is ${percent(least)} sure.` : "None were found."),
      corrector?.form(),
    );
  return part(
    "Labels",
    h(
      "ul",
      { class: "tags" },
      shown.map((label) => {
        const item = tag(label, label.parent ? "parent" : "label", () => chosen({ label: [label.name] }));
        for (const event of ["pointerenter", "focusin"])
          item.addEventListener(event, () => pointed(label.instances?.length ? label.name : null));
        for (const event of ["pointerleave", "focusout"]) item.addEventListener(event, () => pointed(null));
        if (corrector) item.append(corrector.removeButton(label.name));
        return item;
      }),
    ),
    corrector?.form(),
  );
}

function tag({ name, confidence, by }, kind, act) {
  const button = h(
    "button",
    { class: `tag ${kind}`, type: "button", title: `Show photos with ${name}`, on: { click: act } },
    h("span", {}, name),
    h("span", { class: "tag-confidence" }, by === "person" ? "by a person" : percent(confidence)),
  );
  return h("li", { class: "tag-item" }, button);
}

function face(found, number, { persons = [] }, { pointed, corrector }) {
  const named = persons.find((person) => person.face === number)?.name;
  const said = named ? [named] : [];
  if (found.gender?.value) said.push(found.gender.value.toLowerCase());
  if (found.age_range) said.push(`${found.age_range.low}–${found.age_range.high} years`);
  const feeling = [...(found.emotions ?? [])].sort((one, other) => other.confidence - one.confidence)[0];
  if (feeling) said.push(feeling.type.toLowerCase());
  for (const name of ["smile", "eyeglasses", "sunglasses", "beard", "mustache"])
    if (found[name]?.value) said.push(name);
  const choice = choiceOf(corrector, number, (is) => pointed(is ? (named ?? "Face") : null, number));
  return h("li", {}, said.join(", ") || `face, ${percent(found.confidence ?? 0)}`, choice);
}

function rejection({ code, message, detector }) {
  return part(
    "Rejected",
    h("p", {}, h("strong", {}, code), ` ${message}`),
    detector ? h("p", { class: "quiet" }, `by the detector of ${detector}`) : null,
  );
}

function about(details, captured) {
  const detectors = Object.keys(details.detectors).join(", ");
  const rows = [
    ["Key", details.key],
    ...captured,
    ...(details.photo?.duration_seconds ? [["Lasts", clock(details.photo.duration_seconds)]] : []),
    ["Uploaded", moment(details.uploaded_at)],
    ["Decided", moment(details.decided_at)],
    ["Size", size(details.size_bytes)],
    ...ofChoice(details),
    ["Detectors", detectors || "none"],
    ...(details.moderation_action ? [["Policy", ACTIONS[details.moderation_action]]] : []),
  ];
  return h(
    "dl",
    { class: "about" },
    rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]),
  );
}

/** What few deployments look for, where it was found. */
function ofChoice({ celebrities = [], colors = [], equipment = [] }) {
  const rows = [
    ["Celebrities", celebrities.map(({ name, confidence }) => `${name} ${percent(confidence)}`)],
    ["Colours", colors],
    ["Worn", equipment.map(worn)],
  ];
  return rows.filter(([, found]) => found.length).map(([name, found]) => [name, found.join(", ")]);
}

/** What Rekognition itself said, asked for when it is opened: an address to it could not carry a token. */
function rawAnswer(raw) {
  const text = h("pre", { tabindex: "0" }, "…");
  const element = h("details", { class: "raw" }, h("summary", {}, "Rekognition’s own answer"), text);
  element.addEventListener("toggle", async () => {
    if (!element.open || element.dataset.asked) return;
    element.dataset.asked = "yes";
    try {
      replace(text, JSON.stringify(await raw(), null, 2));
    } catch (error) {
      delete element.dataset.asked;
      replace(text, error.message);
    }
  });
  return element;
}

const part = (title, ...content) => h("section", { class: "fact" }, h("h3", {}, title), content);
