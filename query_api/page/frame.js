// The photo of the large view, with its boxes. Its small picture stands in until the large one is there.

import { filters } from "./address.js";
import { drawPlaces, placesOf } from "./boxes.js";
import { h } from "./dom.js";
import { leastConfidence } from "./filters.js";
import { flags, isVeiled, largeAddresses, pictureOf, reveal } from "./photo.js";

export class Frame {
  /** `revealed(photo)` is called when somebody asks for what was flagged; `draws()` whether to draw boxes. */
  constructor(photo, { revealed, draws }) {
    Object.assign(this, { photo, revealed, draws });
    this.layer = h("div", { class: "boxes", "aria-hidden": "true" });
    this.picture = pictureOf(photo, {
      addresses: largeAddresses,
      broken: () => this.element.classList.add("broken"),
    });
    const names = photo.labels.map((label) => label.name).join(", ");
    this.picture.alt = names ? `Photo with ${names}` : "Photo";
    this.element = h(
      "figure",
      { class: "frame" },
      this.picture,
      this.layer,
      h("figcaption", { class: "frame-broken" }, "This photo cannot be shown."),
    );
    this.picture.addEventListener("load", () => {
      this.resize(this.picture.naturalWidth, this.picture.naturalHeight);
      this.small?.remove();
      this.draw();
    });
    if (photo.photo) {
      this.resize(photo.photo.width, photo.photo.height);
      if (photo.thumbnail_url) this.standIn(photo.thumbnail_url);
    }
    if (isVeiled(photo)) this.veil();
  }

  /** Show the small picture, which the gallery has loaded, in the place that the large one will take. */
  standIn(address) {
    this.small = h("img", { class: "stand-in", alt: "", src: address, draggable: "false" });
    this.small.addEventListener("load", () => this.draw());
    this.small.addEventListener("error", () => this.small.remove());
    this.element.classList.add("filled");
    this.element.prepend(this.small);
  }

  /** Give the frame the form of a picture; it is never larger than the largest there is. */
  resize(width, height) {
    this.across = Math.max(width, this.across ?? 0);
    this.element.style.setProperty("--across", this.across);
    this.element.style.setProperty("--ratio", width / height);
  }

  /** Draw the boxes, as soon as the details and a picture are there. */
  draw(details = this.details) {
    this.details = details;
    const isShown = this.picture.naturalWidth || this.small?.naturalWidth;
    if (!details || !isShown || isVeiled(this.photo) || !this.draws()) return this.layer.replaceChildren();
    drawPlaces(this.layer, placesOf(details, leastConfidence(filters())));
  }

  /** Make the boxes of one name stand out, or the one with a number among faces; null for none. */
  point(name, face) {
    this.layer.classList.toggle("pointing", name !== null);
    for (const box of this.layer.children) {
      const isIt = face === undefined || box.dataset.face === String(face);
      box.classList.toggle("pointed", isIt && box.dataset.name === name);
    }
  }

  /** Show what is blurred. */
  show() {
    if (!this.blur) return;
    reveal(this.photo);
    this.element.classList.remove("veiled");
    this.blur.remove();
    this.blur = null;
    this.draw();
    this.revealed(this.photo);
  }

  veil() {
    this.blur = h(
      "div",
      { class: "veil" },
      h("span", {}, `Flagged: ${flags(this.photo)}`),
      h("button", { class: "button", type: "button", on: { click: () => this.show() } }, "Show"),
    );
    this.element.classList.add("veiled");
    this.element.append(this.blur);
  }
}
