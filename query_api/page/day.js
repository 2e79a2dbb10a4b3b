// What cameras have seen come and go on a day: a time line, and below it each event by its best picture.

import { ask } from "./api.js";
import { cutWords, dayOf, drawLine, inWords, isDay, span, startOf, whatOf, zone } from "./day-line.js";
import { h, iconButton, replace } from "./dom.js";
import { Notices, button } from "./notices.js";
import { Tile } from "./tile.js";
import { Walk } from "./walk.js";
import { plural } from "./words.js";

const LIMIT = 100;
// The API goes back only so far for one answer: where nearly nothing is an event, answers are empty.
const MOST_ANSWERS = 10;

/** An event by its best picture; pictures may be those of others too. */
class EventTile extends Tile {
  /** `ofMany` says whether it is told which camera saw it. */
  constructor(event, { ofMany }) {
    super({ ...event.best, event, ofMany }, { least: () => 0, scored: () => false });
  }

  describe() {
    const { event, ofMany } = this.photo;
    const when = span(event);
    this.caption.replaceChildren(
      h("span", { class: "caption-labels" }, whatOf(event)),
      h("span", { class: "caption-name", title: cutWords(event) }, when),
      ofMany ? h("span", { class: "caption-name" }, event.camera) : "",
    );
    const where = event.zones.length ? `, in ${event.zones.join(", ")}` : "";
    const cut = event.is_cut ? `. ${cutWords(event)}` : "";
    this.button.setAttribute("aria-label", `${whatOf(event)} at ${event.camera}, ${when}${where}${cut}`);
  }
}

export class Day {
  /** `open(day, index)` shows the picture of an event large. */
  constructor(place, { open }) {
    this.open = (index) => open(this, index);
    this.events = [];
    this.tiles = [];
    this.cursor = null;
    this.run = 0;
    this.camera = h("select", { on: { change: () => this.go(this.camera.value, this.day) } });
    this.cameraField = h("label", { class: "order", hidden: true }, h("span", {}, "Camera"), this.camera);
    this.date = h("input", {
      type: "date",
      "aria-label": "Day",
      on: { change: () => isDay(this.date.value) && this.go(this.asked.camera, this.date.value) },
    });
    this.before = this.step("left", "The day before", -1);
    this.after = this.step("right", "The day after", 1);
    const newest = button("Newest", () => this.go(this.asked.camera, ""));
    const notices = h("div", { class: "notices" });
    this.notices = new Notices(notices);
    this.said = h("p", { class: "found", role: "status" });
    this.line = h("div", { class: "day-line", "aria-hidden": "true" });
    this.grid = h("ul", { class: "grid", role: "list" });
    this.rest = h("div", { class: "day-rest" });
    this.place = place;
    replace(
      place,
      h("div", { class: "day-bar" }, this.cameraField, h("div", { class: "days" }, this.before, this.date, this.after), newest),
      notices,
      this.said,
      this.line,
      this.grid,
      this.rest,
    );
    this.walk = new Walk(this);
  }

  get photos() {
    return this.tiles.map((tile) => tile.photo);
  }

  step(name, label, days) {
    const act = () => this.go(this.asked.camera, dayOf(startOf(this.day, days)));
    return iconButton(name, label, act);
  }

  /** Go to a camera and a day, all and the newest where they are empty: by the address, if it is another. */
  go(camera, day) {
    const address = `#cameras/${camera}/${day}`;
    if (location.hash !== address) location.hash = address;
    else this.restart();
  }

  /** Show what an address says; what it said before stays. */
  follow(address) {
    if (address === this.address) return;
    this.address = address;
    const [, camera = "", day = ""] = address.split("/");
    this.asked = { camera, day: isDay(day) ? day : "" };
    this.restart();
  }

  async restart() {
    this.run += 1;
    this.loading?.abort();
    this.loading = null;
    const asking = async (signal) => {
      const day = this.asked.day || (await this.newest(signal));
      return { day, page: await this.pageOf(day, null, signal), isFirst: true };
    };
    await this.load(asking, (error) => {
      this.clear(this.asked.day || dayOf(new Date()));
      this.failed(error, () => this.restart());
    });
  }

  async more() {
    if (this.loading || !this.cursor) return;
    const asking = async (signal) => ({ page: await this.pageOf(this.day, this.cursor, signal) });
    await this.load(asking, (error) => this.failed(error, () => this.more()));
  }

  async load(asking, failed) {
    const { run } = this;
    this.loading = new AbortController();
    this.place.setAttribute("aria-busy", "true");
    try {
      const found = await asking(this.loading.signal);
      if (run !== this.run) return;
      this.loading = null;
      this.notices.clear();
      this.take(found);
    } catch (error) {
      if (run !== this.run || error.name === "AbortError") return;
      this.loading = null;
      failed(error);
    } finally {
      if (run === this.run) this.place.removeAttribute("aria-busy");
    }
  }

  /** Return the day on which something began last; today where nothing is found. */
  async newest(signal) {
    const { events } = await this.answer({ limit: 1 }, signal);
    return dayOf(events.length ? new Date(events[0].begin) : new Date());
  }

  pageOf(day, cursor, signal) {
    const [from, to] = [startOf(day), new Date(startOf(day, 1) - 1)];
    return this.answer({ from: from.toISOString(), to: to.toISOString(), limit: LIMIT, cursor }, signal);
  }

  /** Ask until there is an event in an answer, or no more. Raises ApiError, AbortError. */
  async answer({ cursor = null, ...asked }, signal) {
    for (let left = MOST_ANSWERS; ; left -= 1) {
      const page = await ask("events", { camera: this.asked.camera, ...asked, cursor }, signal);
      if (page.events.length || page.cursor === null || left === 1) return page;
      cursor = page.cursor;
    }
  }

  take({ day, page, isFirst = false }) {
    if (isFirst) this.clear(day);
    this.cursor = page.cursor;
    this.offer(page.cameras);
    const ofMany = !this.asked.camera && page.cameras.length > 1;
    const tiles = page.events.map((event) => new EventTile(event, { ofMany }));
    this.events.push(...page.events);
    this.tiles.push(...tiles);
    this.grid.append(...tiles.map((tile) => tile.element));
    this.walk.keepOneInTabOrder();
    const name = (event) => (ofMany ? `${event.camera}: ${whatOf(event)}` : whatOf(event));
    drawLine(this.line, this.day, this.events, { name, open: this.open });
    this.say(page.cameras);
  }

  clear(day) {
    this.day = day;
    this.date.value = day;
    this.after.disabled = day >= dayOf(new Date());
    this.events = [];
    this.tiles = [];
    this.cursor = null;
    this.line.hidden = true;
    this.said.textContent = "";
    replace(this.grid);
    replace(this.rest);
  }

  offer(cameras) {
    const named = cameras.map((name) => h("option", { value: name }, name));
    replace(this.camera, cameras.length > 1 ? h("option", { value: "" }, "All cameras") : [], named);
    this.camera.value = this.asked.camera || (cameras.length > 1 ? "" : cameras[0]);
    this.cameraField.hidden = !cameras.length;
  }

  say(cameras) {
    const count = this.events.length;
    const [day, isAll] = [inWords(this.day), this.cursor === null];
    this.line.hidden = !count;
    this.said.textContent = count
      ? `${day}: ${isAll ? plural(count, "event") : `the last ${plural(count, "event")}`}. ` +
        `Times are those of uploads, in ${zone()}.`
      : "";
    if (!isAll) {
      const said = count ? "Earlier events of this day are not shown yet." : "Nothing was found so far.";
      return replace(this.rest, h("p", {}, said), button("Show earlier events", () => this.more()));
    }
    if (count) return replace(this.rest);
    const nothing = cameras.length
      ? ["Nothing came or went", `${day}, by the clock of ${zone()}.`]
      : ["No camera", "There is none whose pictures you may see."];
    return replace(this.rest, h("div", { class: "empty" }, h("h2", {}, nothing[0]), h("p", {}, nothing[1])));
  }

  failed(error, again) {
    if (error.kind === "refused")
      return this.notices.show(error.message, button("Show all cameras", () => this.go("", "")));
    return this.notices.tell(error, again);
  }
}
