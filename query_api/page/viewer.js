// One photo large, with everything known of it.

import { ask } from "./api.js";
import { change, filters } from "./address.js";
import { drawPlaces, placesOf } from "./boxes.js";
import { detailsOf } from "./details.js";
import { byId, h, icon, replace } from "./dom.js";
import { facts } from "./facts.js";
import { flags, isVeiled, pictureOf, reveal } from "./photo.js";
import { shortName } from "./words.js";

export class Viewer {
  /** `closed(index)` is told which photo was seen last; `revealed(photo)`, which may be seen everywhere now. */
  constructor(gallery, { closed, revealed }) {
    Object.assign(this, { gallery, revealed });
    this.dialog = byId("viewer");
    this.showsBoxes = true;
    this.dialog.addEventListener("close", () => {
      this.dialog.replaceChildren();
      if (history.state?.viewer) history.back();
      closed(this.index);
    });
    // Back closes it: on a phone there is no nearer way.
    addEventListener("popstate", () => { if (this.dialog.open && !history.state?.viewer) this.dialog.close(); });
    this.dialog.addEventListener("click", (event) => { if (event.target === this.dialog) this.dialog.close(); });
    this.dialog.addEventListener("keydown", (event) => this.onKey(event));
  }

  open(index) {
    this.show(index);
    if (this.dialog.open) return;
    history.pushState({ viewer: true }, "");
    this.dialog.showModal();
  }

  show(index) {
    const photo = this.gallery.photos[index];
    if (!photo) return;
    this.index = index;
    this.photo = photo;
    this.makeFrame(photo);
    this.side = h("div", { class: "facts" }, h("p", { class: "quiet" }, "Reading what is known …"));
    replace(this.dialog, this.head(photo), h("div", { class: "viewer-body" }, h("div", { class: "stage" }, this.frame), this.side));
    this.dialog.setAttribute("aria-label", photo.key);
    if (index >= this.gallery.photos.length - 5) this.gallery.more();
    this.fill(photo);
  }

  makeFrame(photo) {
    this.layer = h("div", { class: "boxes", "aria-hidden": "true" });
    this.picture = pictureOf(photo, { broken: () => this.frame.classList.add("broken") });
    this.picture.alt = photo.labels.length ? `Photo with ${photo.labels.map((label) => label.name).join(", ")}` : "Photo";
    this.picture.addEventListener("load", () => this.draw());
    this.frame = h("figure", { class: "frame" }, this.picture, this.layer, h("figcaption", { class: "frame-broken" }, "This photo cannot be shown."));
    if (isVeiled(photo)) this.veil(photo);
  }

  head(photo) {
    const button = (name, label, act, disabled) =>
      h("button", { class: "button icon-button", type: "button", "aria-label": label, title: label, disabled, on: { click: act } }, icon(name));
    const boxes = h(
      "button",
      { class: "button quiet", type: "button", "aria-pressed": String(this.showsBoxes), on: { click: (event) => this.toggleBoxes(event.currentTarget) } },
      "Boxes",
    );
    return h(
      "header", { class: "viewer-head" },
      h("h2", { class: "viewer-title", title: photo.key }, shortName(photo.key)),
      photo.status === "recognized" ? boxes : null,
      button("left", "Previous photo", () => this.step(-1), this.index === 0),
      button("right", "Next photo", () => this.step(1), this.index >= this.gallery.photos.length - 1),
      button("close", "Close", () => this.dialog.close(), false),
    );
  }

  async fill(photo) {
    try {
      const details = await detailsOf(photo);
      if (photo !== this.photo) return;
      this.details = details;
      replace(this.side, facts(details, {
        least: Number(filters().min_confidence || 0),
        chosen: (some) => {
          change(some, { inPlace: true });
          this.dialog.close();
        },
        pointed: (name) => this.point(name),
        raw: () => ask("images", { key: photo.key, raw: "true" }),
      }));
      this.draw();
    } catch (error) {
      if (photo !== this.photo) return;
      const again = h("button", { class: "button", type: "button", on: { click: () => this.fill(photo) } }, "Try again");
      replace(this.side, h("p", {}, error.message), again);
    }
  }

  draw() {
    const isReady = this.details?.key === this.photo.key && this.picture.naturalWidth && !isVeiled(this.photo);
    if (!isReady || !this.showsBoxes) return this.layer.replaceChildren();
    drawPlaces(this.layer, placesOf(this.details, Number(filters().min_confidence || 0)));
  }

  /** Make the boxes of one name stand out; null for none. */
  point(name) {
    this.layer.classList.toggle("pointing", name !== null);
    for (const box of this.layer.children) box.classList.toggle("pointed", box.dataset.name === name);
  }

  toggleBoxes(button) {
    this.showsBoxes = !this.showsBoxes;
    button.setAttribute("aria-pressed", String(this.showsBoxes));
    this.draw();
  }

  veil(photo) {
    const show = () => {
      reveal(photo);
      this.frame.classList.remove("veiled");
      veil.remove();
      this.draw();
      this.revealed(photo);
    };
    const veil = h("div", { class: "veil" }, h("span", {}, `Flagged: ${flags(photo)}`), h("button", { class: "button", type: "button", on: { click: show } }, "Show"));
    this.frame.classList.add("veiled");
    this.frame.append(veil);
  }

  step(by) {
    const index = this.index + by;
    if (index < 0 || index >= this.gallery.photos.length) return;
    this.show(index);
    const label = by < 0 ? "Previous photo" : "Next photo";
    const button = this.dialog.querySelector(`[aria-label="${label}"]`);
    (button.disabled ? this.dialog.querySelector('[aria-label="Close"]') : button).focus();
  }

  onKey(event) {
    if (event.target.closest("pre, input") || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    this.step(by);
  }
}
