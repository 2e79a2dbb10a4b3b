// The photo of the large view, with its boxes.

import { filters } from "./address.js";
import { drawPlaces, placesOf } from "./boxes.js";
import { h } from "./dom.js";
import { leastConfidence } from "./filters.js";
import { flags, isVeiled, pictureOf, reveal } from "./photo.js";

export class Frame {
  /** `revealed(photo)` is called when somebody asks for what was flagged; `draws()` whether to draw boxes. */
  constructor(photo, { revealed, draws }) {
    Object.assign(this, { photo, revealed, draws });
    this.layer = h("div", { class: "boxes", "aria-hidden": "true" });
    this.picture = pictureOf(photo, { broken: () => this.element.classList.add("broken") });
    const names = photo.labels.map((label) => label.name).join(", ");
    this.picture.alt = names ? `Photo with ${names}` : "Photo";
    this.picture.addEventListener("load", () => this.draw());
    this.element = h(
      "figure",
      { class: "frame" },
      this.picture,
      this.layer,
      h("figcaption", { class: "frame-broken" }, "This photo cannot be shown."),
    );
    if (isVeiled(photo)) this.veil();
  }

  /** Draw the boxes, as soon as the details and the picture are there. */
  draw(details = this.details) {
    this.details = details;
    const isReady = details && this.picture.naturalWidth && !isVeiled(this.photo);
    if (!isReady || !this.draws()) return this.layer.replaceChildren();
    drawPlaces(this.layer, placesOf(details, leastConfidence(filters())));
  }

  /** Make the boxes of one name stand out; null for none. */
  point(name) {
    this.layer.classList.toggle("pointing", name !== null);
    for (const box of this.layer.children) box.classList.toggle("pointed", box.dataset.name === name);
  }

  veil() {
    const show = () => {
      reveal(this.photo);
      this.element.classList.remove("veiled");
      veil.remove();
      this.draw();
      this.revealed(this.photo);
    };
    const veil = h(
      "div",
      { class: "veil" },
      h("span", {}, `Flagged: ${flags(this.photo)}`),
      h("button", { class: "button", type: "button", on: { click: show } }, "Show"),
    );
    this.element.classList.add("veiled");
    this.element.append(veil);
  }
}
