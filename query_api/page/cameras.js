// Turns from the photos to what cameras have seen on a day, and back: the address ends in `#cameras`, then. The
// view itself is loaded when it is first turned to.

import { byId, h, replace } from "./dom.js";
import { button } from "./notices.js";

const [CAMERAS, PHOTOS] = ["#cameras", "#gallery"];

export class CamerasView {
  /** `open(day, index)` shows one picture of a day large; `turned()` is told of each turn. */
  constructor({ open, turned }) {
    Object.assign(this, { open, turned });
    this.isShown = false;
    this.link = h("a", { class: "button", href: CAMERAS }, "Cameras");
    this.place = h("main", { class: "day", hidden: true, "aria-label": "Cameras" });
    byId("add").before(this.link);
    byId("gallery").before(this.place);
    addEventListener("hashchange", () => this.follow());
  }

  /** Show what the address says; nothing is asked for again that is shown. */
  follow() {
    const isShown = location.hash.split("/")[0] === CAMERAS;
    if (isShown !== this.isShown) this.turn(isShown);
    if (isShown) this.show(location.hash);
  }

  turn(isShown) {
    if (isShown) this.scrolled = scrollY;
    this.isShown = isShown;
    this.place.hidden = !isShown;
    document.documentElement.dataset.view = isShown ? "cameras" : "photos";
    this.link.textContent = isShown ? "Photos" : "Cameras";
    this.link.href = isShown ? PHOTOS : CAMERAS;
    scrollTo({ top: isShown ? 0 : this.scrolled });
    this.turned();
  }

  async show(address) {
    try {
      const { Day } = await import("./day.js");
      this.day ??= new Day(this.place, { open: this.open });
    } catch {
      const again = button("Try again", () => this.show(location.hash));
      replace(this.place, h("div", { class: "empty" }, h("h2", {}, "A part of this page cannot be loaded."), again));
      return;
    }
    if (address === location.hash) this.day.follow(address);
  }
}
