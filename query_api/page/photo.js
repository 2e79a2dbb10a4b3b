// The picture of a photo: its address expires, and what was flagged is blurred until somebody asks.

import { newAddress } from "./details.js";
import { h } from "./dom.js";

const revealed = new Set();

export const isVeiled = (photo) => photo.moderation.length > 0 && !revealed.has(photo.key);

/** Show a flagged photo, here and wherever else it is shown in this tab. */
export function reveal(photo) {
  revealed.add(photo.key);
}

/** Say why a photo is blurred. */
export const flags = (photo) => photo.moderation.map((flag) => flag.name).join(", ");

/**
 * Make the picture. Its address is asked for anew once if it does not load; `broken` is called if that is
 * of no use. `lazy` leaves loading until it is nearly seen.
 */
export function pictureOf(photo, { lazy = false, broken = () => {} } = {}) {
  const picture = h("img", {
    alt: "",
    decoding: "async",
    loading: lazy ? "lazy" : "eager",
    draggable: "false",
  });
  let retried = false;
  picture.addEventListener("load", () => {
    retried = false;
    picture.classList.add("loaded");
  });
  picture.addEventListener("error", async () => {
    if (retried) return broken();
    retried = true;
    try {
      photo.url = await newAddress(photo);
      picture.src = photo.url;
    } catch {
      broken();
    }
  });
  picture.src = photo.url;
  return picture;
}
