// Boxes and names over a photo. Boxes are ratios of the upright picture, which is how browsers show it.

import { h } from "./dom.js";
import { percent } from "./words.js";

/** About the width of a letter of a name, and of what is around the name. */
const [LETTER_PX, AROUND_PX] = [7, 14];
const LEGEND_NAMES = 4;

/**
 * List what has a place in the photo (labels, faces, lines of text) in the order in which it is drawn: small
 * ones last, to be on top. Faces that were found as faces are not boxed as a label too.
 */
export function placesOf(details, leastConfidence = 0) {
  const hasFaces = details.face_details?.length > 0;
  const labels = details.labels
    .filter((label) => !(hasFaces && label.name === "Face"))
    .flatMap((label) =>
      (label.instances ?? []).map(({ box, confidence }) => ({
        kind: "label",
        name: label.name,
        box,
        confidence,
      })),
    );
  const named = new Map((details.persons ?? []).map(({ face, name }) => [face, name]));
  const faces = (details.face_details ?? []).map(({ box, confidence }, number) => ({
    kind: "face",
    number,
    name: named.get(number) ?? "Face",
    box,
    confidence: confidence ?? 100,
  }));
  const lines = (details.text_lines ?? []).map(({ box, confidence, text }) => ({
    kind: "text",
    name: text,
    box,
    confidence,
  }));
  return [...labels, ...lines, ...faces]
    .filter((place) => place.box && place.confidence >= leastConfidence)
    .sort((one, other) => area(other.box) - area(one.box));
}

/**
 * Draw places into `layer`, which lies exactly over the frame in which the photo is shown. `covers` says
 * that the photo fills the frame and is cut off where it is too long (object-fit: cover). Gives the places
 * that had no room for their names.
 */
export function drawPlaces(layer, places, picture, { covers = false } = {}) {
  const frame = { width: layer.clientWidth || 1, height: layer.clientHeight || 1 };
  const shown = covers ? coverage(picture, frame) : { x: 0, y: 0, width: 1, height: 1 };
  const boxes = places.map((place) => boxOf(place, shown, frame));
  layer.replaceChildren(...boxes.map(({ element }) => element));
  return boxes.filter(({ isNamed }) => !isNamed).map(({ place }) => place);
}

/** Name at the bottom what has no room for a name, or no box: each of `names` has a `kind` and a `name`. */
export function drawLegend(layer, names) {
  const counts = new Map();
  for (const { kind, name } of names) {
    const text = `${kind}\n${name}`;
    counts.set(text, { kind, name, count: (counts.get(text)?.count ?? 0) + 1 });
  }
  const shown = [...counts.values()].slice(0, LEGEND_NAMES);
  if (!shown.length) return;
  layer.append(
    h(
      "span",
      { class: "legend" },
      shown.map(({ kind, name, count }) =>
        h("span", { class: `legend-name ${kind}` }, count > 1 ? `${name} × ${count}` : name),
      ),
    ),
  );
}

function boxOf(place, shown, frame) {
  const { kind, name, box, confidence, number } = place;
  const left = Math.max(0, shown.x + box.left * shown.width);
  const top = Math.max(0, shown.y + box.top * shown.height);
  const right = Math.min(1, shown.x + (box.left + box.width) * shown.width);
  const bottom = Math.min(1, shown.y + (box.top + box.height) * shown.height);
  const room = ((right - left) * frame.width - AROUND_PX) / LETTER_PX;
  const said = [kind === "label" ? `${name} ${percent(confidence)}` : name, name].find(
    (text) => text.length <= room,
  );
  const element = h(
    "span",
    { class: `box ${kind}`, "data-name": name, "data-face": number },
    said ? h("span", { class: "box-name" }, said) : null,
  );
  element.hidden = right <= left || bottom <= top;
  const sides = { left, top, width: right - left, height: bottom - top };
  for (const [side, ratio] of Object.entries(sides)) element.style.setProperty(side, `${ratio * 100}%`);
  return { element, place, isNamed: said !== undefined || element.hidden };
}

/** Where a picture that covers a frame lies in it, in ratios of the frame. */
function coverage(picture, frame) {
  const scale = Math.max(frame.width / picture.width, frame.height / picture.height);
  const width = (picture.width * scale) / frame.width;
  const height = (picture.height * scale) / frame.height;
  return { x: (1 - width) / 2, y: (1 - height) / 2, width, height };
}

const area = (box) => box.width * box.height;
