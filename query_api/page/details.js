// Everything known of one photo, asked for when it is first looked at, and kept for a while.

import { ask } from "./api.js";

const KEPT = 300;
const kept = new Map();

const nameOf = (photo) => `${photo.decided_at}\n${photo.key}`;

/** Give the details of a photo as it was listed. Raises ApiError. */
export function detailsOf(photo) {
  const name = nameOf(photo);
  const found = kept.get(name) ?? ask("images", { key: photo.key });
  kept.delete(name);
  kept.set(name, found);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  found.catch(() => kept.delete(name));
  return found;
}

/** Have other details shown from now on: somebody has corrected them. */
export function keepDetails(photo, details) {
  photo.labels = details.labels;
  photo.persons = details.persons;
  if ("moderation_action" in details) photo.moderation_action = details.moderation_action;
  kept.set(nameOf(photo), Promise.resolve(details));
}

/** Ask for new signed addresses: the old ones have expired, or the photo is another one by now. */
export async function newAddresses(photo) {
  const { url, thumbnail_url, view_url } = await ask("images", { key: photo.key });
  return { url, thumbnail_url, view_url };
}
