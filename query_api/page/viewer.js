// One photo large, with everything known of it.

import { ask } from "./api.js";
import { change, filters } from "./address.js";
import { detailsOf } from "./details.js";
import { byId, h, iconButton, isOn, replace } from "./dom.js";
import { facts } from "./facts.js";
import { leastConfidence } from "./filters.js";
import { Frame } from "./frame.js";
import { shortName } from "./words.js";

const SHOW = "s";

export class Viewer {
  /** `closed(index)` is told which photo of `gallery` was seen last. */
  constructor({ closed }) {
    this.dialog = byId("viewer");
    this.showsBoxes = true;
    // It stays while photos come and go, so that it is read aloud.
    this.told = h("p", { class: "viewer-told unseen", role: "status" });
    this.dialog.addEventListener("close", () => {
      this.dialog.replaceChildren();
      if (history.state?.viewer) history.back();
      closed(this.index);
    });
    // Back closes it: on a phone there is no nearer way.
    addEventListener("popstate", () => {
      if (this.dialog.open && !history.state?.viewer) this.dialog.close();
    });
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close();
    });
    this.dialog.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** Where the shown photo stands now: others may have come before it. */
  get index() {
    return this.gallery.photos.indexOf(this.photo);
  }

  /** Show one photo of a gallery, from which one goes on to its others. */
  open(gallery, index) {
    this.gallery = gallery;
    this.show(index);
    if (this.dialog.open) return;
    history.pushState({ viewer: true }, "");
    this.dialog.showModal();
  }

  show(index) {
    const photo = this.gallery.photos[index];
    if (!photo) return;
    this.photo = photo;
    this.decider = null;
    this.told.textContent = "";
    this.frame = new Frame(photo, { revealed: () => this.reveal(photo), draws: () => this.showsBoxes });
    this.side = h("div", { class: "facts" }, h("p", { class: "quiet" }, "Reading what is known …"));
    replace(
      this.dialog,
      this.head(photo),
      h("div", { class: "viewer-body" }, h("div", { class: "stage" }, this.frame.element), this.side),
      this.told,
    );
    this.dialog.setAttribute("aria-label", photo.key);
    if (index >= this.gallery.photos.length - 5) this.gallery.more();
    this.filling = this.fill(photo);
  }

  head(photo) {
    const boxes = h(
      "button",
      {
        class: "button quiet",
        type: "button",
        "aria-pressed": String(this.showsBoxes),
        on: { click: (event) => this.toggleBoxes(event.currentTarget) },
      },
      "Boxes",
    );
    return h(
      "header",
      { class: "viewer-head" },
      h("h2", { class: "viewer-title", title: photo.key }, shortName(photo.key)),
      photo.status === "recognized" ? boxes : null,
      iconButton("left", "Previous photo", () => this.step(-1), { disabled: this.index === 0 }),
      iconButton("right", "Next photo", () => this.step(1), {
        disabled: this.index >= this.gallery.photos.length - 1,
      }),
      iconButton("close", "Close", () => this.dialog.close()),
    );
  }

  async fill(photo) {
    try {
      const details = await detailsOf(photo);
      if (photo !== this.photo) return;
      const { corrector, decider } = await this.editorsOf(photo, details);
      if (photo !== this.photo) return;
      this.decider = decider;
      this.showFacts(photo, details, corrector);
    } catch (error) {
      if (photo !== this.photo) return;
      const again = h(
        "button",
        { class: "button", type: "button", on: { click: () => this.fill(photo) } },
        "Try again",
      );
      replace(this.side, h("p", {}, error.message), again);
    }
  }

  /** What changes a photo is loaded where a deployment takes changes, with the first photo that is opened. */
  async editorsOf(photo, details) {
    if (!details.corrections) return { corrector: null, decider: null };
    const { editorsOf } = await import("./editors.js").catch(() => {
      throw new Error("A part of this page cannot be loaded.");
    });
    return editorsOf(photo, details, {
      changed: (corrected, corrector) => {
        this.describe(photo);
        this.showFacts(photo, corrected, corrector);
      },
      isShown: () => photo === this.photo && this.dialog.open,
      told: (text) => this.tell(photo, text),
    });
  }

  /** Have a photo blurred no more wherever the gallery has it. */
  reveal({ key }) {
    for (const tile of this.gallery.tiles) if (tile.photo.key === key) tile.unveil(false);
  }

  /** Write what the gallery says of a photo again: it was corrected. */
  describe({ key }) {
    for (const tile of this.gallery.tiles) if (tile.photo.key === key) tile.describe();
  }

  /** Say what came of a decision, also about a photo that somebody has gone on from. */
  tell(photo, text) {
    this.describe(photo);
    this.told.textContent = photo === this.photo ? text : `${shortName(photo.key)}: ${text}`;
  }

  showFacts(photo, details, corrector) {
    const held = this.side.contains(document.activeElement) ? document.activeElement.dataset.hold : null;
    replace(
      this.side,
      facts(details, {
        least: leastConfidence(filters()),
        chosen: (some) => {
          change(some, { inPlace: true });
          this.dialog.close();
        },
        pointed: (name, face) => this.frame.point(name, face),
        raw: () => ask("images", { key: photo.key, raw: "true" }),
        corrector,
        decider: this.decider,
      }),
    );
    this.frame.draw(details);
    corrector?.focus();
    if (held) this.side.querySelector(`[data-hold="${held}"]`)?.focus();
  }

  toggleBoxes(button) {
    this.showsBoxes = !this.showsBoxes;
    button.setAttribute("aria-pressed", String(this.showsBoxes));
    this.frame.draw();
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
    if (event.target.closest("pre, input, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { ArrowLeft: -1, ArrowRight: 1, ...(isOn("policy") ? { n: 1 } : {}) }[event.key];
    if (!by) return this.decide(event);
    event.preventDefault();
    this.step(by);
  }

  /** Decide by a key, about the photo that is seen now, as soon as it is known how it stands; or show it. */
  async decide(event) {
    const { photo } = this;
    if (!isOn("policy") || event.repeat) return;
    if (event.key === SHOW) this.frame.show();
    await this.filling;
    if (photo === this.photo) this.decider?.press(event.key);
  }
}
