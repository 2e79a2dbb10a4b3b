// Walking through the gallery with keys, looking at photos on the way. Only one photo is in the order of the
// Tab key; arrows lead to the others.

const LOOK_MS = 80;

export class Walk {
  /** `gallery` has the tiles in order, opens one, and fetches more where there are more. */
  constructor(gallery) {
    this.gallery = gallery;
    this.grid = gallery.grid;
    this.listen();
  }

  /** Have one photo that the Tab key leads to, whichever have come and gone. */
  keepOneInTabOrder() {
    if (!this.current || !this.current.element.isConnected) this.setCurrent(this.gallery.tiles[0]);
  }

  setCurrent(tile) {
    if (this.current) this.current.button.tabIndex = -1;
    this.current = tile;
    if (tile) tile.button.tabIndex = 0;
  }

  /** Go to a photo; to the nearest there is. */
  focus(index) {
    const { tiles } = this.gallery;
    const tile = tiles[Math.max(0, Math.min(index, tiles.length - 1))];
    if (!tile) return;
    this.setCurrent(tile);
    tile.button.focus();
    tile.element.scrollIntoView({ block: "nearest" });
  }

  listen() {
    const tileAt = (event) => event.target.closest?.(".tile")?.tile;
    this.grid.addEventListener("click", (event) => {
      if (event.target.closest(".photo")) this.gallery.open(this.gallery.tiles.indexOf(tileAt(event)));
    });
    this.grid.addEventListener("focusin", (event) => {
      const tile = tileAt(event);
      if (event.target.closest(".photo")) this.setCurrent(tile);
      this.look(tile);
    });
    this.grid.addEventListener("focusout", () => this.look(null));
    this.grid.addEventListener("pointerover", (event) => this.look(tileAt(event) ?? null));
    this.grid.addEventListener("pointerleave", () => this.look(null));
    this.grid.addEventListener("pointercancel", () => this.look(null));
    this.grid.addEventListener("keydown", (event) => this.onKey(event));
  }

  /** Show boxes on the one photo that is looked at; in passing over many, on none of them. */
  look(tile) {
    if (tile === this.looked) return;
    clearTimeout(this.lookTimer);
    this.looked?.hideBoxes();
    this.looked = tile;
    if (tile) this.lookTimer = setTimeout(() => tile.showBoxes(), LOOK_MS);
  }

  /**
   * Find the photo above (-1) or below (1) one, in the next row or in the last within a distance: that whose
   * middle is nearest. Beyond the ends of the list where there is no row.
   */
  beside(at, by, distance = 0) {
    const { tiles } = this.gallery;
    const placeOf = (index) => tiles[index].element.getBoundingClientRect();
    const from = placeOf(at);
    const middle = (place) => Math.abs(place.left + place.right - from.left - from.right);
    let [found, row, best] = [by < 0 ? -1 : tiles.length, from.top, Infinity];
    for (let index = at + by; index >= 0 && index < tiles.length; index += by) {
      const place = placeOf(index);
      if (Math.abs(place.top - from.top) < 1) continue;
      if (Math.abs(place.top - row) >= 1) {
        const isFar = row !== from.top && Math.abs(place.top - from.top) > distance;
        if (isFar) break;
        [row, best] = [place.top, Infinity];
      }
      if (middle(place) < best) [found, best] = [index, middle(place)];
    }
    return found;
  }

  onKey(event) {
    if (!event.target.closest(".photo") || event.ctrlKey || event.metaKey || event.altKey) return;
    const { tiles } = this.gallery;
    const at = tiles.indexOf(this.current);
    const target = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      ArrowUp: this.beside(at, -1),
      ArrowDown: this.beside(at, 1),
      Home: 0,
      End: tiles.length - 1,
      PageUp: this.beside(at, -1, innerHeight),
      PageDown: this.beside(at, 1, innerHeight),
    }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    if (target >= tiles.length) this.gallery.more();
    if (event.key.startsWith("Arrow") && (target < 0 || target >= tiles.length)) return;
    this.focus(target);
  }
}
