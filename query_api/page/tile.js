// One photo of the gallery.

import { drawLegend, drawPlaces, placesOf } from "./boxes.js";
import { detailsOf } from "./details.js";
import { h } from "./dom.js";
import { flags, isVeiled, pictureOf, ratioOf, reveal, smallAddresses } from "./photo.js";
import { ACTIONS, alike, failure, foremost, percent, plural, shortName } from "./words.js";

const LABELS_NAMED = 3;

/**
 * A list item with the photo as a button. `least` gives the least confidence of what is drawn, `scored` whether
 * it is said how well the photo fits what was asked for by meaning.
 */
export class Tile {
  constructor(photo, { least, scored }) {
    this.photo = photo;
    this.least = least;
    this.scored = scored;
    this.layer = h("span", { class: "boxes", "aria-hidden": "true" });
    this.button = h(
      "button",
      { class: "photo", type: "button", tabindex: "-1", "aria-haspopup": "dialog" },
      this.inside(),
    );
    this.caption = h("p", { class: "caption", "aria-hidden": "true" });
    this.element = h("li", { class: `tile ${photo.status}` }, this.button, this.caption);
    this.element.style.setProperty("--ratio", ratioOf(photo));
    this.element.tile = this;
    if (isVeiled(photo)) this.veil();
    this.describe();
  }

  /** Draw boxes and names. What is flagged or was rejected has none. */
  async showBoxes() {
    if (this.photo.status !== "recognized" || isVeiled(this.photo) || this.drawing) return;
    this.drawing = true;
    try {
      const details = await detailsOf(this.photo);
      if (!this.drawing || !this.picture.naturalWidth) return;
      const picture = { width: this.picture.naturalWidth, height: this.picture.naturalHeight };
      const places = placesOf(details, this.least());
      const unnamed = drawPlaces(this.layer, places, picture, { covers: true });
      drawLegend(this.layer, places.length ? unnamed : this.seen());
    } catch {
      // The next look asks again; the photo itself is shown all the same.
      this.drawing = false;
    }
  }

  /** Give the labels in words, for a photo in which nothing has a box. */
  seen() {
    return foremost(this.photo.labels, this.least())
      .slice(0, LABELS_NAMED)
      .map(({ name, confidence }) => ({ kind: "seen", name: `${name} ${percent(confidence)}` }));
  }

  hideBoxes() {
    this.drawing = false;
    this.layer.replaceChildren();
  }

  /** Write the caption, and the same in words for those who do not see the photo. */
  describe() {
    const { photo } = this;
    if (photo.status === "rejected") {
      this.caption.replaceChildren(h("span", { class: "caption-name" }, shortName(photo.key)));
      this.button.setAttribute("aria-label", `${photo.key}: rejected, ${photo.rejection?.message ?? ""}`);
      return;
    }
    const seen = foremost(photo.labels, this.least()).slice(0, LABELS_NAMED);
    const action = isToBeSeen(photo) ? ACTIONS[photo.moderation_action] : null;
    const names = (photo.persons ?? []).map(({ name }) => name);
    const score = this.scored() ? photo.score : undefined;
    const shown = [...names, ...seen.map((label) => label.name)].join(", ");
    this.caption.replaceChildren(
      h("span", { class: "caption-labels" }, shown || "No labels"),
      h("span", { class: "caption-name", title: photo.key }, shortName(photo.key)),
      action ? h("span", { class: `caption-action ${photo.moderation_action}` }, action) : "",
      photo.distance === undefined ? "" : h("span", { class: "caption-distance" }, alike(photo.distance)),
      score ? h("span", { class: "caption-distance" }, score) : "",
    );
    const said = [...names, ...seen.map((label) => `${label.name} ${percent(label.confidence)}`)];
    if (photo.distance !== undefined) said.push(alike(photo.distance));
    if (score) said.push(score);
    if (action) said.push(action);
    if (photo.faces) said.push(plural(photo.faces, "face"));
    if (photo.moderation.length) said.push(`flagged: ${flags(photo)}`);
    this.button.setAttribute("aria-label", `${photo.key}: ${said.join(", ") || "no labels"}`);
  }

  inside() {
    if (this.photo.status === "rejected") return [rejection(this.photo)];
    this.picture = pictureOf(this.photo, {
      addresses: smallAddresses,
      lazy: true,
      broken: () => this.element.classList.add("broken"),
    });
    return [this.picture, this.layer];
  }

  veil() {
    const show = h(
      "button",
      { class: "button small", type: "button", on: { click: () => this.unveil() } },
      "Show",
    );
    this.veiled = h("div", { class: "veil" }, h("span", {}, `Flagged: ${flags(this.photo)}`), show);
    this.element.classList.add("veiled");
    this.element.append(this.veiled);
  }

  /** Take the blur away; `ask` is false where somebody has asked already. */
  unveil(ask = true) {
    if (ask) reveal(this.photo);
    if (!this.veiled || isVeiled(this.photo)) return;
    this.element.classList.remove("veiled");
    this.veiled.remove();
    this.veiled = null;
    if (ask) this.button.focus();
  }
}

const isToBeSeen = ({ moderation_action }) => ["review", "block"].includes(moderation_action);

function rejection(photo) {
  const { code, message } = photo.rejection ?? { code: "rejected", message: "" };
  return h("span", { class: "rejection" }, h("strong", {}, failure(code)), h("span", {}, message));
}
