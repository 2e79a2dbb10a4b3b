// The years and months at the side of photos that are in the order of time: a press leads there.
//
// It leads there by the filters that end or begin the list. Years in which there are photos are asked for one
// by one, when somebody first shows an interest.

import { ask } from "./api.js";
import { change, filters, follow } from "./address.js";
import { byId, h, replace } from "./dom.js";
import { isByMeaning, question, write } from "./filters.js";
import { monthName, two } from "./words.js";

// By order: the filter that says where the list begins, and whether time goes backwards in it.
const ORDERS = {
  "": { limit: "to", isBackwards: true, dateOf: (photo) => photo.uploaded_at },
  oldest: { limit: "from", isBackwards: false, dateOf: (photo) => photo.uploaded_at },
  taken: { limit: "taken_to", isBackwards: true, dateOf: (photo) => photo.photo?.taken_at },
  taken_oldest: { limit: "taken_from", isBackwards: false, dateOf: (photo) => photo.photo?.taken_at },
};
const A_DATE = /^\d{4}-(0[1-9]|1[0-2])-/;
const MOST_YEARS = 60;
// What stands fast above the photos.
const TOP_PX = 80;

export class Timeline {
  constructor(gallery) {
    this.gallery = gallery;
    this.element = byId("timeline");
    this.toggle = byId("timeline-toggle");
    this.list = byId("timeline-list");
    this.years = new Set();
    this.toggle.addEventListener("click", () => this.open(!this.element.classList.contains("open")));
    for (const event of ["pointerenter", "focusin"])
      this.list.addEventListener(event, () => this.discover());
    this.element.addEventListener("keydown", (event) => this.onKey(event));
    addEventListener("pointerdown", (event) => {
      if (!this.element.contains(event.target)) this.open(false);
    });
    addEventListener("scroll", () => this.seeSoon(), { passive: true });
    follow((next) => this.follow(next));
    this.follow(filters());
  }

  /** Another question has another scale; another place in the same list has not. */
  follow(next) {
    this.order = next.near_duplicates_of || isByMeaning(next) ? undefined : ORDERS[next.order];
    this.element.hidden = this.order === undefined;
    const asked = this.order ? write(question({ ...next, [this.order.limit]: "" })) : "";
    if (asked === this.asked) return;
    this.asked = asked;
    this.years.clear();
    this.isComplete = false;
    this.current = "";
    this.draw();
  }

  /** Take in what the gallery has by now. */
  loaded() {
    if (!this.order) return;
    for (const photo of this.gallery.photos) this.add(this.dateOf(photo));
    if (!this.gallery.cursor && !filters()[this.order.limit]) this.isComplete = true;
    this.see();
    this.draw();
  }

  /** Give the date by which a photo is ordered; none where a file says what is no date. */
  dateOf(photo) {
    const date = this.order.dateOf(photo) ?? "";
    return A_DATE.test(date) ? date : undefined;
  }

  add(date) {
    if (date) this.years.add(date.slice(0, 4));
  }

  /** Ask which years have photos: for the first photo of all, for the first beyond its year, and so on. */
  async discover() {
    if (!this.order || this.isComplete || this.isAsking) return;
    this.isAsking = true;
    const { asked, order } = this;
    try {
      for (let limit = ""; this.years.size < MOST_YEARS; ) {
        const { images } = await ask("images", { ...question(filters()), [order.limit]: limit, limit: 1 });
        if (asked !== this.asked) return;
        const date = images.length ? this.dateOf(images[0]) : null;
        if (!date) break;
        this.add(date);
        this.draw();
        const year = Number(date.slice(0, 4));
        limit = order.isBackwards ? `${padded(year - 1)}-12-31` : `${padded(year + 1)}-01-01`;
      }
      this.isComplete = true;
      this.draw();
    } catch {
      // What is known stays; the next interest asks again.
    } finally {
      this.isAsking = false;
    }
  }

  draw() {
    const years = this.inOrder();
    const focused = document.activeElement?.dataset?.date;
    replace(
      this.list,
      years.map((year) => this.year(year)),
      this.isComplete || !years.length
        ? null
        : h("li", {}, this.button("", "Others …", "Look for other years")),
    );
    this.list.querySelector(`[data-date="${focused}"]`)?.focus();
    replace(this.toggle, this.current ? `${monthName(this.current)} ${this.current.slice(0, 4)}` : "Dates");
    this.toggle.hidden = !years.length;
  }

  inOrder() {
    const years = [...this.years].sort();
    return this.order?.isBackwards ? years.reverse() : years;
  }

  year(year) {
    const isOpen = this.current.startsWith(year);
    return h(
      "li",
      { class: isOpen ? "year open" : "year" },
      this.button(year, year, `Go to ${year}`),
      isOpen ? h("ol", { class: "months" }, this.months(year)) : null,
    );
  }

  months(year) {
    const months = Array.from({ length: 12 }, (_, index) => `${year}-${two(index + 1)}`);
    if (this.order.isBackwards) months.reverse();
    return months.map((month) =>
      h("li", {}, this.button(month, monthName(month), `Go to ${monthName(month)} ${year}`)),
    );
  }

  button(date, name, label) {
    return h(
      "button",
      {
        type: "button",
        class: "date",
        "data-date": date,
        "aria-label": label,
        "aria-current": date && date === this.current ? "date" : null,
        on: { click: () => (date ? this.go(date) : this.discover()) },
      },
      name,
    );
  }

  /** Go to a month or a year: by scrolling where it is there already, else by having the list begin there. */
  go(date) {
    const { isBackwards, limit } = this.order;
    const { start, end } = spanOf(date);
    const dates = this.gallery.photos.map((photo) => this.dateOf(photo));
    const isBeyond = (found) => (isBackwards ? found.slice(0, 10) <= end : found >= start);
    const at = dates.findIndex((found) => found && isBeyond(found));
    this.open(false);
    // The first photo of a list that begins somewhere may not be the first of that time.
    const isThere = at > 0 || (at === 0 && (dates[0].startsWith(date) || !filters()[limit]));
    if (isThere) return this.scrollTo(at);
    const isWhole = this.isComplete && date === this.inOrder()[0];
    return change({ [limit]: isWhole ? "" : isBackwards ? end : start });
  }

  scrollTo(index) {
    this.target = this.gallery.tiles[index];
    this.target.element.scrollIntoView({ block: "start" });
    this.see();
  }

  seeSoon() {
    if (this.frame || !this.order) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.see();
    });
  }

  /** See which month is at the top of the screen; or that which was gone to, for as long as it is seen. */
  see() {
    const tile = this.isSeen(this.target) ? this.target : this.topmost();
    const month = (tile && this.dateOf(tile.photo)?.slice(0, 7)) ?? "";
    if (month === this.current) return;
    this.current = month;
    this.draw();
    const current = this.list.querySelector("[aria-current]");
    if (current) this.list.scrollTop = current.offsetTop - this.list.clientHeight / 2;
  }

  isSeen(tile) {
    if (!tile?.element.isConnected) return false;
    const { top } = tile.element.getBoundingClientRect();
    return top >= 0 && top < innerHeight;
  }

  topmost() {
    const { tiles } = this.gallery;
    let [low, high] = [0, tiles.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (tiles[middle].element.getBoundingClientRect().bottom > TOP_PX) high = middle;
      else low = middle + 1;
    }
    return tiles[low];
  }

  open(isOpen) {
    // What is about to be hidden must not take the focus with it; where nothing is, the button is not shown.
    if (!isOpen && this.list.contains(document.activeElement)) this.toggle.focus();
    this.element.classList.toggle("open", isOpen);
    this.toggle.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.discover();
  }

  onKey(event) {
    if (event.key === "Escape" && this.element.classList.contains("open")) {
      this.open(false);
      return this.toggle.focus();
    }
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by || event.ctrlKey || event.metaKey || event.altKey) return undefined;
    event.preventDefault();
    const buttons = [...this.list.querySelectorAll("button")];
    return buttons[buttons.indexOf(document.activeElement) + by]?.focus();
  }
}

/** The first and the last day of a year or a month. */
function spanOf(date) {
  const [year, month] = date.split("-");
  if (!month) return { start: `${year}-01-01`, end: `${year}-12-31` };
  const last = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return { start: `${date}-01`, end: `${date}-${last}` };
}

const padded = (year) => String(year).padStart(4, "0");
