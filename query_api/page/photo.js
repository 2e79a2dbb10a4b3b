// The picture of a photo: small, large, or blurred until somebody asks. Its addresses expire.

import { newAddresses } from "./details.js";
import { h } from "./dom.js";
import { ACTIONS } from "./words.js";

// Wider and narrower ones are cut off in the gallery.
const [NARROWEST, WIDEST] = [0.6, 2.6];

const revealed = new Set();

export const isVeiled = (photo) =>
  (photo.moderation.length > 0 || photo.moderation_action === "block") && !revealed.has(photo.key);

/** Show a flagged photo, here and wherever else it is shown in this tab. */
export function reveal(photo) {
  revealed.add(photo.key);
}

/** Say why a photo is blurred. */
export const flags = (photo) =>
  photo.moderation.map((flag) => flag.name).join(", ") || ACTIONS[photo.moderation_action];

/** Where to look for the small picture, best first: not every photo has one. */
export const smallAddresses = (photo) => [photo.thumbnail_url, photo.view_url ?? photo.url];

/** Where to look for the large picture, best first: browsers do not show every format. */
export const largeAddresses = (photo) => [photo.view_url, photo.url, photo.thumbnail_url];

/** The form of the place for a photo in the gallery, width by height; square where it is not known. */
export function ratioOf({ photo: file, status }) {
  if (!file || status === "rejected") return 1;
  return Math.min(WIDEST, Math.max(NARROWEST, file.width / file.height));
}

/**
 * Make the picture. `addresses(photo)` lists where to look; the first that does not load is asked for anew
 * once, for it may have expired. `broken` is called if none loads. `lazy` leaves loading until it is nearly
 * seen.
 */
export function pictureOf(photo, { addresses, lazy = false, broken = () => {} }) {
  const picture = h("img", {
    alt: "",
    decoding: "async",
    loading: lazy ? "lazy" : "eager",
    draggable: "false",
  });
  let failed = 0;
  let isRenewed = false;
  const show = () => {
    const address = addresses(photo).filter(Boolean)[failed];
    if (address) picture.src = address;
    else broken();
  };
  picture.addEventListener("load", () => {
    isRenewed = false;
    picture.classList.add("loaded");
  });
  picture.addEventListener("error", async () => {
    if (isRenewed) {
      failed += 1;
      return show();
    }
    isRenewed = true;
    try {
      Object.assign(photo, await newAddresses(photo));
    } catch {
      failed += 1;
    }
    return show();
  });
  show();
  return picture;
}
