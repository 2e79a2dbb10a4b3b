// Boxes and names over a photo. Boxes are ratios of the upright picture, which is how browsers show it.

import { h } from "./dom.js";
import { percent } from "./words.js";

/** The share of a frame's width, and the pixels, that a name needs to be read. */
const NAMED_FROM_PX = 44;

/** List what has a place in the photo: labels, faces, lines of text; least sure first, so that sure ones are on top. */
export function placesOf(details, leastConfidence = 0) {
  const labels = details.labels.flatMap((label) =>
    (label.instances ?? []).map(({ box, confidence }) => ({ kind: "label", name: label.name, box, confidence })));
  const faces = (details.face_details ?? []).map(({ box, confidence }) => ({ kind: "face", name: "Face", box, confidence: confidence ?? 100 }));
  const lines = (details.text_lines ?? []).map(({ box, confidence, text }) => ({ kind: "text", name: text, box, confidence }));
  return [...labels, ...lines, ...faces]
    .filter((place) => place.box && place.confidence >= leastConfidence)
    .sort((one, other) => area(other.box) - area(one.box));
}

/**
 * Draw places into `layer`, which lies exactly over the frame in which the photo is shown. `covers` says
 * that the photo fills the frame and is cut off where it is too long (object-fit: cover).
 */
export function drawPlaces(layer, places, picture, { covers = false } = {}) {
  const frame = { width: layer.clientWidth || 1, height: layer.clientHeight || 1 };
  const shown = covers ? coverage(picture, frame) : { x: 0, y: 0, width: 1, height: 1 };
  layer.replaceChildren(...places.map((place) => boxOf(place, shown, frame)));
}

function boxOf({ kind, name, box, confidence }, shown, frame) {
  const left = Math.max(0, shown.x + box.left * shown.width);
  const top = Math.max(0, shown.y + box.top * shown.height);
  const right = Math.min(1, shown.x + (box.left + box.width) * shown.width);
  const bottom = Math.min(1, shown.y + (box.top + box.height) * shown.height);
  const isNamed = (right - left) * frame.width >= NAMED_FROM_PX;
  const element = h(
    "span",
    { class: `box ${kind}`, "data-name": name },
    isNamed ? h("span", { class: "box-name" }, kind === "label" ? `${name} ${percent(confidence)}` : name) : null,
  );
  element.hidden = right <= left || bottom <= top;
  const place = { left, top, width: right - left, height: bottom - top };
  for (const [side, ratio] of Object.entries(place)) element.style.setProperty(side, `${ratio * 100}%`);
  return element;
}

/** Where a picture that covers a frame lies in it, in ratios of the frame. */
function coverage(picture, frame) {
  const scale = Math.max(frame.width / picture.width, frame.height / picture.height);
  const width = (picture.width * scale) / frame.width;
  const height = (picture.height * scale) / frame.height;
  return { x: (1 - width) / 2, y: (1 - height) / 2, width, height };
}

const area = (box) => box.width * box.height;
