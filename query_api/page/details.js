// Everything known of one photo, asked for when it is first looked at, and kept for a while.

import { ask } from "./api.js";

const KEPT = 300;
const kept = new Map();

/** Give the details of a photo as it was listed. Raises ApiError. */
export function detailsOf(photo) {
  const name = `${photo.decided_at}\n${photo.key}`;
  const found = kept.get(name) ?? ask("images", { key: photo.key });
  kept.delete(name);
  kept.set(name, found);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  found.catch(() => kept.delete(name));
  return found;
}

/** Ask for new signed addresses: the old ones have expired, or the photo is another one by now. */
export async function newAddresses(photo) {
  const { url, thumbnail_url, view_url } = await ask("images", { key: photo.key });
  return { url, thumbnail_url, view_url };
}
