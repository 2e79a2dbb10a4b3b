// What is asked for: kept in the page's address, so that it can be sent to somebody, and gone back to.

/** What few deployments look for, and where photos say what was found. */
export const OF_CHOICE = { color: "colors", celebrity: "celebrities", equipment: "equipment" };
const LISTS = ["label", "any_label", "not_label", "text", "person", ...Object.keys(OF_CHOICE)];
const BY_MEANING = ["like", "similar_to"];
const ABOUT_FILES = ["taken_from", "taken_to", "camera", "near", "near_duplicates_of"];
const SINGLE = [
  "moderation",
  "moderation_action",
  "min_confidence",
  "min_faces",
  "status",
  "prefix",
  "from",
  "to",
  ...ABOUT_FILES,
  ...BY_MEANING,
  "min_similarity",
  "order",
  "include_parents",
];
const DEFAULTS = { status: "recognized", order: "newest", include_parents: "true", min_confidence: "0" };
const ABOUT_RECOGNIZED = [
  ...LISTS,
  "moderation",
  "moderation_action",
  "min_faces",
  "min_confidence",
  ...ABOUT_FILES,
  ...BY_MEANING,
];
const BY_CAPTURE = ["taken", "taken_oldest"];
const WITH_CONFIDENCE = ["label", "any_label", "not_label", "moderation"];
const WITH_ORDER = ["label", "any_label", "moderation"];

/** Read the filters of an address's query: lists of text, or text; "" where nothing was asked. */
export function read(search) {
  const query = new URLSearchParams(search);
  const filters = {};
  for (const name of LISTS) filters[name] = unique(query.getAll(name));
  for (const name of SINGLE) filters[name] = withoutDefault(name, query.get(name) ?? "");
  return coherent(filters);
}

/** Write the query of the page's address. */
export function write(filters) {
  const query = new URLSearchParams();
  for (const name of LISTS) for (const value of filters[name]) query.append(name, value);
  for (const name of SINGLE) if (filters[name]) query.set(name, filters[name]);
  const text = query.toString();
  return text ? `?${text}` : location.pathname;
}

/** Whether photos are asked for by what they mean: the most similar come first. */
export const isByMeaning = (filters) => BY_MEANING.some((name) => isSet(filters[name]));

/** Give the filters with some changed, and what no longer fits beside the change left out. */
export function changed(filters, change) {
  const next = { ...filters, ...change };
  for (const name of LISTS) next[name] = unique([...next[name]]);
  for (const name of SINGLE) next[name] = withoutDefault(name, String(next[name]));
  // What comes first is said by one of them.
  const last = BY_MEANING.find((name) => name in change && isSet(next[name]));
  if (last) {
    for (const name of BY_MEANING) if (name !== last) next[name] = "";
    next.min_similarity = change.min_similarity ?? "";
  }
  const asksForContent = ABOUT_RECOGNIZED.some((name) => name in change && isSet(next[name]));
  if (asksForContent && !("status" in change)) next.status = "";
  return coherent(next);
}

/** The parameters for `GET /images`. Without a label, the least confidence only says what is drawn. */
export function question(filters) {
  const asked = { ...filters };
  if (!WITH_CONFIDENCE.some((name) => isSet(filters[name]))) asked.min_confidence = "";
  return asked;
}

/** In percent; what is less sure is not drawn. */
export const leastConfidence = (filters) => Number(filters.min_confidence || 0);

export const canOrderByConfidence = (filters) =>
  !filters.near_duplicates_of && !isByMeaning(filters) && WITH_ORDER.some((name) => isSet(filters[name]));

/** Rejected photos have no time of capture, and near duplicates come by upload. */
export const canOrderByCapture = (filters) =>
  filters.status !== "rejected" && !filters.near_duplicates_of && !isByMeaning(filters);

/** Whether what is uploaded now comes first. */
export const isNewestFirst = (filters) => !filters.order && !isByMeaning(filters);

export const isUnfiltered = (filters) =>
  [...LISTS, ...SINGLE].every(
    (name) => ["order", "min_confidence", "include_parents"].includes(name) || !isSet(filters[name]),
  );

/** Those of some names that are asked for. */
export const asksFor = (filters, names) => [...new Set(names)].filter((name) => filters[name]?.length > 0);

/** Everything taken away but the order. */
export const cleared = (filters) => ({
  ...read(""),
  order: filters.order === "confidence" ? "" : filters.order,
});

function coherent(filters) {
  if (filters.status === "rejected") {
    for (const name of ABOUT_RECOGNIZED) filters[name] = LISTS.includes(name) ? [] : "";
  }
  if (isByMeaning(filters)) filters.order = "";
  else filters.min_similarity = "";
  if (filters.order === "confidence" && !canOrderByConfidence(filters)) filters.order = "";
  if (BY_CAPTURE.includes(filters.order) && !canOrderByCapture(filters)) filters.order = "";
  return filters;
}

const isSet = (value) => value.length > 0;
const unique = (values) => [...new Set(values.filter((value) => value.trim()))];
const withoutDefault = (name, value) => (value === DEFAULTS[name] ? "" : value);
