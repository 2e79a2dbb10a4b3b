// When, with what and where a photo was taken, as its file says: hostile, and only ever set as text.

import { h, isOn } from "./dom.js";
import { byCamera, number } from "./words.js";

const NEAR_KM = 5;
const MAP = "https://www.openstreetmap.org/";

/** List what a photo's file says, as names with what they stand for. `chosen` takes filters. */
export function captureRows(details, chosen) {
  const file = details.photo;
  if (!isOn("pictures")) return [];
  if (!file) return [["Taken", quiet(withoutFacts(details))]];
  return [
    ["Taken", file.taken_at ? taken(file) : quiet("The file does not say.")],
    [
      "Camera",
      file.camera &&
        action(file.camera, "Show photos of this camera", () => chosen({ camera: file.camera })),
    ],
    ["Lens", file.lens],
    ["Exposure", exposure(file)],
    ["Place", hasPlace(file) && place(file, chosen)],
    ["Picture", `${number(file.width)} × ${number(file.height)}, ${file.format}`],
    ["Rating", rating(file.rating)],
    ["Keywords", file.keywords?.length > 0 && keywords(file.keywords)],
    [
      "Alike",
      isOn("nearDuplicates") &&
        action("Near duplicates", "Show photos that look nearly the same", () =>
          chosen({ near_duplicates_of: details.key }),
        ),
    ],
  ].filter(([, value]) => value);
}

function taken({ taken_at: local, taken_zone: zone, taken_from: tag }) {
  const said = zone ? `${byCamera(local)} (UTC${zone})` : byCamera(local);
  const title = tag ? `By the camera’s clock, from ${tag}` : null;
  return h("time", { datetime: `${local}${zone ?? ""}`, title }, said);
}

function exposure(file) {
  const said = [
    file.exposure_seconds > 0 ? `${seconds(file.exposure_seconds)}\u00a0s` : null,
    file.f_number > 0 ? `f/${tenths(file.f_number)}` : null,
    file.iso > 0 ? `ISO\u00a0${file.iso}` : null,
    file.focal_length_mm > 0 ? `${tenths(file.focal_length_mm)}\u00a0mm` : null,
  ];
  return said.filter(Boolean).join(", ");
}

const seconds = (value) => (value < 0.3 ? `1/${Math.round(1 / value)}` : tenths(value));
const tenths = (value) => String(Math.round(value * 10) / 10);

function rating(stars) {
  if (stars === null || stars === undefined) return null;
  if (stars < 0) return "rejected by its owner";
  const full = Math.min(stars, 5);
  return `${"★".repeat(full)}${"☆".repeat(5 - full)} ${stars} of 5`;
}

function withoutFacts({ detectors, rejection }) {
  const wasLookedAt = "picture" in detectors || rejection?.detector === "picture";
  return wasLookedAt ? "The file could not be read." : "The file was not looked at yet.";
}

const hasPlace = ({ latitude, longitude }) => Number.isFinite(latitude) && Number.isFinite(longitude);

function place({ latitude, longitude }, chosen) {
  const [north, east] = [latitude.toFixed(5), longitude.toFixed(5)];
  const map = `${MAP}?mlat=${north}&mlon=${east}#map=15/${north}/${east}`;
  return [
    h("a", { class: "map", href: map, target: "_blank", rel: "noopener noreferrer" }, `${north}, ${east}`),
    action("Near here", `Show photos within ${NEAR_KM} km`, () =>
      chosen({ near: `${north},${east},${NEAR_KM}` }),
    ),
  ];
}

function keywords(words) {
  return h(
    "ul",
    { class: "keywords" },
    words.map((word) => h("li", {}, word)),
  );
}

const action = (name, title, act) =>
  h("button", { class: "tag", type: "button", title, on: { click: act } }, h("span", {}, name));

const quiet = (text) => h("span", { class: "quiet" }, text);
