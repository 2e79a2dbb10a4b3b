// Numbers, sizes, times and keys, as they are read.

export const number = (value) => new Intl.NumberFormat("en").format(value);

export const percent = (confidence) => `${Math.floor(confidence)} %`;

export const dollars = (value) =>
  new Intl.NumberFormat("en", { style: "currency", currency: "USD", maximumFractionDigits: 2 }).format(value);

export const moment = (iso) =>
  new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso));

export function size(bytes) {
  if (bytes < 1024) return `${bytes} bytes`;
  const [value, unit] = bytes < 1024 * 1024 ? [bytes / 1024, "KB"] : [bytes / 1024 / 1024, "MB"];
  return `${value >= 10 ? Math.round(value) : value.toFixed(1)} ${unit}`;
}

export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** The last part of a key; the whole key where that is empty. */
export const shortName = (key) => key.split("/").pop() || key;

/** The labels worth reading first: what was seen itself before what it implies, surest first. */
export function foremost(labels, least = 0) {
  const sure = labels.filter((label) => label.confidence >= least);
  return [...sure.filter((label) => !label.parent), ...sure.filter((label) => label.parent)];
}
