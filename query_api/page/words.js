// Numbers, sizes, times and keys, as they are read.

const IMPLIED_PERCENT = 15;

/** What a policy asks to do with a photo. */
export const ACTIONS = { allow: "allowed", review: "to review", block: "blocked" };

export const worn = (kind) => kind.replace("_", " ");

export const number = (value) => new Intl.NumberFormat("en").format(value);

export const percent = (confidence) => `${Math.floor(confidence)} %`;

export const dollars = (value) =>
  new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumFractionDigits: 2 }).format(value);

export const moment = (iso) =>
  new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));

/** Name the month of a date in three letters. */
export const monthName = (date) =>
  new Intl.DateTimeFormat("en", { month: "short", timeZone: "UTC" }).format(
    new Date(`${date.slice(0, 7)}-15`),
  );

/** Write a time by the clock of the camera as it is, whatever the zone of who reads it. */
export function byCamera(local) {
  const time = new Date(`${local}Z`);
  if (Number.isNaN(time.getTime())) return local;
  const style = { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" };
  return new Intl.DateTimeFormat("en", style).format(time);
}

/** How much a photo looks like the one whose near duplicates are shown. */
export const alike = (bits) => (bits ? `differs in ${bits} of 64 bits` : "looks the same");

/** Write a place in a few words: `lat,lon,km` as the API takes it. */
export function nearby(near) {
  const [latitude, longitude, km] = near.split(",").map(Number);
  if (![latitude, longitude, km].every(Number.isFinite)) return `near ${near}`;
  return `within ${number(km)} km of ${latitude.toFixed(3)}, ${longitude.toFixed(3)}`;
}

export function size(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  const [value, unit] = bytes < 1024 * 1024 ? [bytes / 1024, "KB"] : [bytes / 1024 / 1024, "MB"];
  return `${value >= 10 ? Math.round(value) : value.toFixed(1)} ${unit}`;
}

export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** Rekognition's name of a failure in words: InvalidImageFormatException is an invalid image format. */
export function failure(code) {
  const words = code
    .replace(/Exception$/, "")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The last part of a key; the whole key where that is empty. */
export const shortName = (key) => key.split("/").pop() || key;

/**
 * The labels worth reading first: the surest, where what was seen itself counts for a little more than what
 * it implies. So a dog is a dog rather than an animal, and a bird that may be a finch is a bird.
 */
export function foremost(labels, least = 0) {
  const worth = (label) => label.confidence - (label.parent ? IMPLIED_PERCENT : 0);
  return labels.filter((label) => label.confidence >= least).sort((one, other) => worth(other) - worth(one));
}

/** Write a number with two digits at least. */
export const two = (number) => String(number).padStart(2, "0");

/** Write seconds of a film as 1:02:03, or 2:03. */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  const [hours, minutes, left] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(left)}` : `${minutes}:${two(left)}`;
}
