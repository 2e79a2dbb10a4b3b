// Which files can be added: what Rekognition reads and, where files are looked at first, what phones write.

import { isOn } from "./dom.js";

const MB = 1024 * 1024;
const REKOGNITIONS = ["image/jpeg", "image/png"];
// Not every browser knows the type of these, so their names tell too. The bytes decide in the end.
const OTHERS = {
  heic: "image/heic",
  heif: "image/heif",
  avif: "image/avif",
  webp: "image/webp",
  gif: "image/gif",
  bmp: "image/bmp",
  tif: "image/tiff",
  tiff: "image/tiff",
};

/** Give the type of a file that can be added; undefined if it cannot. */
export function typeOf(file) {
  if (REKOGNITIONS.includes(file.type)) return file.type;
  if (!isOn("pictures")) return undefined;
  const named = OTHERS[file.name.split(".").pop().toLowerCase()];
  return Object.values(OTHERS).includes(file.type) ? file.type : named;
}

/** Say why a file cannot be added; nothing if it can. */
export function refusalOf(file) {
  const hasOthers = isOn("pictures");
  if (!typeOf(file))
    return hasOthers
      ? "Only photos can be recognized: JPEG, PNG, HEIC, WebP, …"
      : "Only JPEG and PNG can be recognized.";
  if (file.size === 0) return "The file is empty.";
  if (!hasOthers) return file.size > 15 * MB ? "More than 15 MB, which Rekognition does not take." : "";
  return file.size > 300 * MB ? "More than 300 MB." : "";
}

/** Say what a file chooser is to offer. */
export function accepted() {
  const others = isOn("pictures") ? Object.entries(OTHERS) : [];
  return [...REKOGNITIONS, ...others.flatMap(([suffix, type]) => [type, `.${suffix}`])].join(",");
}
