// Photos by what they mean: those that carry the words as labels first, then the most similar. Loaded when
// somebody first asks so.

import { ask } from "./api.js";
import { change } from "./address.js";
import { h } from "./dom.js";
import { question } from "./filters.js";
import { button } from "./notices.js";
import { number, percent, shortName } from "./words.js";

// Every photo is similar to some degree. With this, four of five right answers are shown, and a quarter of all
// photos (docs/search.md).
const LEAST_SIMILARITY = "0.3";
const LABELLED = 24;
// Rekognition's longest names of labels have about as many words.
const [LONGEST_LABEL_WORDS, MOST_LABELS] = [4, 5];
const LITTLE_WORDS = new Set(
  "a an the of on in at by to and or with from for is are my our some near under over into".split(" "),
);
/** Stands for the first page of what is similar, after the labelled. */
const SIMILAR = Symbol("similar");

/** Give a page for the gallery. Raises ApiError, AbortError. */
export async function pageByMeaning(filters, { limit, cursor }, signal) {
  if (cursor === null && filters.like) {
    const page = await labelled(filters, signal);
    if (page) return page;
  }
  const isFirst = cursor === null || cursor === SIMILAR;
  const asked = { ...question(filters), min_similarity: filters.min_similarity || LEAST_SIMILARITY };
  const page = await ask("images", { ...asked, limit, cursor: isFirst ? null : cursor }, signal);
  const images = page.images.map((photo) => ({
    ...photo,
    score: `similarity ${photo.similarity.toFixed(2)}`,
  }));
  const title = filters.like ? "Similar in meaning" : `More like ${shortName(filters.similar_to)}`;
  return {
    ...page,
    images,
    parts: (gallery) => {
      const isBelow = gallery.tiles.length > 0;
      const isSome = page.cursor !== null || images.some(({ key }) => !gallery.byKey.has(key));
      return [
        isFirst && isSome ? heading(title, isBelow ? null : scores(gallery)) : [],
        isBelow || images.length ? ending(filters, page) : [],
      ];
    },
    empty: emptiness(filters, page),
  };
}

/** Give the photos that carry the words as labels; null where there are none. */
async function labelled(filters, signal) {
  const asking = asLabels(filters.like).map(async (labels) => {
    const asked = { ...filters, like: "", label: [...filters.label, ...labels], min_similarity: "" };
    if (asked.label.length > MOST_LABELS) return { labels, asked, images: [] };
    return { labels, asked, ...(await ask("images", { ...question(asked), limit: LABELLED }, signal)) };
  });
  // All at once: most words are no label, and each answer takes its time.
  for (const { labels, asked, images, cursor } of await Promise.all(asking)) {
    if (!images.length) continue;
    const names = labels.map((label) => named(images[0], label)?.name ?? label);
    const all = cursor ? button("Show all", () => change({ like: "", label: asked.label }), "small") : null;
    return {
      images: images.map((photo) => ({ ...photo, score: scoreOf(photo, labels) })),
      cursor: SIMILAR,
      parts: (gallery) => [heading(`Labelled ${names.join(", ")}`, all, scores(gallery)), []],
    };
  }
  return null;
}

/** Give what words may be as labels, the likeliest first: all of them one label, or each of those that count. */
function asLabels(text) {
  const words = text.toLowerCase().match(/[\p{L}\p{N}&'’-]+/gu) ?? [];
  const counting = words.filter((word) => !LITTLE_WORDS.has(word));
  const found = new Map();
  for (const labels of [words.length <= LONGEST_LABEL_WORDS ? [text.trim()] : [], counting]) {
    for (const each of [labels, labels.map(singular)])
      if (each.length && each.length <= MOST_LABELS) found.set(each.join("\n").toLowerCase(), each);
  }
  return [...found.values()];
}

const singular = (word) => (/[^s]s$/i.test(word) && word.length > 3 ? word.slice(0, -1) : word);

const named = ({ labels }, name) => labels.find((label) => label.name.toLowerCase() === name.toLowerCase());

function scoreOf(photo, names) {
  const carried = names.map((name) => named(photo, name)).filter(Boolean);
  return carried.map(({ name, confidence }) => `${name} ${percent(confidence)}`).join(", ");
}

/** A line across the grid, after the last row of what came before. */
function heading(title, ...actions) {
  return [
    h("li", { class: "grid-rest", role: "none" }),
    h("li", { class: "grid-line" }, h("h2", {}, title), ...actions),
  ];
}

/** Show or hide how well each photo fits. */
function scores(gallery) {
  const toggle = button("Scores", () => {
    gallery.showsScores = !gallery.showsScores;
    toggle.setAttribute("aria-pressed", String(gallery.showsScores));
    gallery.describe();
  }, "small quiet");
  toggle.setAttribute("aria-pressed", String(gallery.showsScores));
  return toggle;
}

/** Say what is not shown, at the end: what is less similar, or what could not be looked at. */
function ending(filters, { cursor, looked_at: lookedAt }) {
  if (cursor !== null) return [];
  const line = (...content) => [h("li", { class: "grid-rest", role: "none" }), h("li", { class: "grid-line" }, content)];
  if (lookedAt !== undefined) return line(h("p", { class: "quiet" }, beyond(lookedAt)));
  return hasLimit(filters) ? line(button("Show less similar photos", showAll)) : [];
}

function emptiness(filters, { looked_at: lookedAt }) {
  const title = "No photo is like this";
  if (lookedAt !== undefined) return { title, text: beyond(lookedAt), action: null };
  const text = "Take a filter away, or ask in other words.";
  if (!hasLimit(filters)) return { title, text, action: null };
  return { title, text, action: button("Show the most similar all the same", showAll, "primary") };
}

const beyond = (lookedAt) =>
  `Only the most similar photos can be searched, of which the last ${number(lookedAt)} were looked at just now. ` +
  "A prefix, a date, or other words lead to others.";

const hasLimit = ({ min_similarity: least }) => least === "" || Number(least) > 0;
const showAll = () => change({ min_similarity: "0" });
