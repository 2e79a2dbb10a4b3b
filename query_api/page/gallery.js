// The gallery: page after page by cursor as one scrolls, walked with arrow keys.

import { ApiError, ask } from "./api.js";
import { byId } from "./dom.js";
import { isByMeaning, isUnfiltered, leastConfidence, question } from "./filters.js";
import { Tile } from "./tile.js";
import { Walk } from "./walk.js";
import { number, plural } from "./words.js";

// The first page is there sooner; who scrolls on wants more of them.
const [FIRST_LIMIT, NEXT_LIMIT] = [60, 100];
const AHEAD = "1500px";

export class Gallery {
  /** `open(index)` shows one photo large; `failed(error, again)` tells of a page that did not come. */
  constructor({ filters, open, failed, loaded }) {
    Object.assign(this, { filters, open, failed, loaded });
    this.main = byId("gallery");
    this.grid = byId("grid");
    this.found = byId("found");
    this.tiles = [];
    this.byKey = new Map();
    this.cursor = null;
    this.lookedAt = 0;
    this.run = 0;
    this.loading = null;
    this.showsScores = false;
    this.watcher = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) this.more();
      },
      { rootMargin: AHEAD },
    );
    this.walk = new Walk(this);
  }

  get photos() {
    return this.tiles.map((tile) => tile.photo);
  }

  /** Ask anew from the first page. What is there stays until the answer has come. */
  async restart() {
    this.run += 1;
    this.loading?.abort();
    this.loading = null;
    await this.load({ cursor: null, fresh: true });
  }

  async more() {
    if (!this.loading && this.cursor) await this.load({ cursor: this.cursor, fresh: false });
  }

  async load({ cursor, fresh }) {
    const { run } = this;
    const loading = new AbortController();
    this.loading = loading;
    if (fresh) this.main.setAttribute("aria-busy", "true");
    try {
      const limit = fresh ? FIRST_LIMIT : NEXT_LIMIT;
      const page = await pageOf(this.filters(), { limit, cursor }, loading.signal);
      if (run !== this.run) return;
      this.loading = null;
      this.take(page, fresh);
    } catch (error) {
      if (run !== this.run || error.name === "AbortError") return;
      this.loading = null;
      this.watcher.disconnect();
      this.failed(error, () => (fresh ? this.restart() : this.more()));
    } finally {
      if (run === this.run) this.main.removeAttribute("aria-busy");
    }
  }

  take({ images, cursor, looked_at: lookedAt, parts, empty }, fresh) {
    if (fresh) this.clear();
    this.cursor = cursor;
    const [before, after] = parts?.(this) ?? [[], []];
    this.grid.append(...before);
    // A page that says this ended before it was full: where nearly nothing fits, one goes on for long.
    this.lookedAt = lookedAt === undefined ? 0 : this.lookedAt + lookedAt;
    this.append(images);
    this.grid.append(...after);
    this.say();
    this.loaded({ count: this.tiles.length, complete: cursor === null, photos: images, isFirst: fresh, empty });
    // An observer tells of changes only: watching again asks whether the end is still near.
    this.watcher.disconnect();
    if (cursor) this.watcher.observe(byId("end"));
  }

  clear() {
    this.tiles = [];
    this.byKey.clear();
    this.lookedAt = 0;
    this.grid.replaceChildren();
    scrollTo({ top: 0 });
  }

  append(photos) {
    const known = this.byKey;
    const tiles = photos.filter((photo) => !known.has(photo.key)).map((photo) => this.tileOf(photo));
    this.tiles.push(...tiles);
    this.grid.append(...tiles.map((tile) => tile.element));
    this.walk.keepOneInTabOrder();
  }

  /** Put a photo first that has just been recognized, in place of an older one of the same key. */
  prepend(photo) {
    const before = this.byKey.get(photo.key);
    if (before) {
      this.tiles.splice(this.tiles.indexOf(before), 1);
      before.element.remove();
    }
    const tile = this.tileOf(photo);
    this.tiles.unshift(tile);
    this.grid.prepend(tile.element);
    tile.element.classList.add("new");
    this.walk.keepOneInTabOrder();
    this.say();
    this.loaded({ count: this.tiles.length, complete: this.cursor === null, photos: [photo] });
  }

  tileOf(photo) {
    const tile = new Tile(photo, {
      least: () => leastConfidence(this.filters()),
      scored: () => this.showsScores,
    });
    this.byKey.set(photo.key, tile);
    return tile;
  }

  /** Write the captions again, after what is drawn has changed. */
  describe() {
    for (const tile of this.tiles) tile.describe();
  }

  say() {
    const count = this.tiles.length;
    const asked = this.filters();
    const words =
      asked.status === "rejected"
        ? ["rejected photo"]
        : isUnfiltered(asked)
          ? ["photo"]
          : ["photo found", "photos found"];
    // How many there are in all is said beside "Recognized"; this line is for those who do not see that.
    this.found.classList.toggle("unseen", isUnfiltered(asked));
    this.found.textContent = this.lookedAt && this.cursor
      ? `${plural(count, ...words)} so far; ${number(this.lookedAt)} more looked at, and looking on`
      : this.cursor
      ? `${number(count)} photos, more as you scroll`
      : count
        ? plural(count, ...words)
        : "";
  }
}

/**
 * Ask for a page. By meaning, it may come with `parts(gallery)`, what stands before and after its photos, and
 * with `empty`, what is said where there are none.
 */
async function pageOf(filters, { limit, cursor }, signal) {
  if (!isByMeaning(filters)) return ask("images", { ...question(filters), limit, cursor }, signal);
  const { pageByMeaning } = await import("./meaning.js").catch(() => {
    throw new ApiError("down", "The API does not answer.");
  });
  return pageByMeaning(filters, { limit, cursor }, signal);
}
