// The page put together. What has come with the address from signing in is taken out of it before all else.

import { hasSignIn, hasToken, signOut } from "./sign-in.js";
import { Access } from "./access.js";
import { change, filters, follow, go } from "./address.js";
import { ask } from "./api.js";
import { CamerasView } from "./cameras.js";
import { Chips } from "./chips.js";
import { Controls } from "./controls.js";
import { byId, isOn } from "./dom.js";
import { asksFor, cleared, isNewestFirst, isUnfiltered, question, write } from "./filters.js";
import { Gallery } from "./gallery.js";
import { Notices, button, showEmpty } from "./notices.js";
import { Search } from "./search.js";
import { Stats, queued } from "./stats.js";
import { Timeline } from "./timeline.js";
import { UploadPanel } from "./upload-panel.js";
import { Viewer } from "./viewer.js";
import { shortName } from "./words.js";

const mayUpload = isOn("uploads");
const access = isOn("byPrefix") ? new Access() : null;
const notices = new Notices();
const controls = new Controls();
new Search();
new Chips(filters());

const gallery = new Gallery({
  filters,
  open: (index) => viewer.open(gallery, index),
  failed: (error, again) => {
    showSignOut();
    const refused = error.kind === "refused" ? asksFor(filters(), error.parameters) : [];
    if (!refused.length) return notices.tell(error, again);
    // An order shows the same photos as another does; a filter that is left out shows others.
    if (refused.some((name) => name !== "order")) return showRefused(error.message, refused);
    controls.forgetOrder(filters().order);
    return change({ order: "" });
  },
  loaded: ({ count, complete, photos, isFirst, empty }) => {
    notices.clear();
    controls.offer(photos, isFirst);
    showSignOut();
    stats.wake();
    timeline.loaded();
    showEmpty(count || !complete ? null : empty ?? emptiness());
  },
});
const viewer = new Viewer({
  closed: (index) => {
    cameras?.follow();
    viewer.gallery.walk.focus(index);
  },
});
const timeline = new Timeline(gallery);
const { bucketPrefix = "" } = document.documentElement.dataset;
const uploads = mayUpload ? new UploadPanel({ ended: showUploaded, folder }) : null;
const stats = new Stats({ told: compare, isAwaited: isUploading });
const cameras = isOn("cameras")
  ? new CamerasView({ open: (day, index) => viewer.open(day, index), turned: showTitle })
  : null;

let asked = write(asks(filters()));
follow((next) => {
  cameras?.follow();
  showTitle();
  const query = write(asks(next));
  // The confidence alone may change only what is drawn.
  if (query === asked) gallery.describe();
  else gallery.restart();
  asked = query;
});
byId("sign-out").addEventListener("click", signOut);
showTitle();
cameras?.follow();
gallery.restart();

/** What photos are asked for by. Words are labels too, which the least confidence is about. */
function asks(some) {
  return some.like ? some : question(some);
}

function showSignOut() {
  byId("sign-out").hidden = !(hasSignIn && hasToken());
}

/** Give the folder that photos are added to: one that may be seen, and that this deployment looks at. */
async function folder() {
  const given = (await access?.folder(filters().prefix)) ?? "";
  return given.startsWith(bucketPrefix) ? given : bucketPrefix;
}

function isUploading() {
  return uploads?.isBusy ?? false;
}

function showTitle() {
  const { label, not_label: without, like, similar_to: similar } = filters();
  const meant = [like, similar && `like ${shortName(similar)}`].filter(Boolean);
  const said = cameras?.isShown ? "Cameras" : [...meant, ...label, ...without.map((name) => `not ${name}`)].join(", ");
  document.title = said ? `${said} · imagepipe` : "imagepipe";
}

/** What the page's address asks for cannot be asked here: say why, and offer to do without. */
function showRefused(message, names) {
  notices.clear();
  gallery.clear();
  const without = () => change(Object.fromEntries(names.map((name) => [name, ""])));
  showEmpty({
    title: "This cannot be asked here",
    text: message,
    action: button("Take it away", without, "primary"),
  });
}

function emptiness() {
  const now = filters();
  if (now.status === "rejected" && isUnfiltered({ ...now, status: "" })) {
    return {
      title: "Nothing was rejected",
      text: "Every photo could be read.",
      action: button("Show recognized", () => change({ status: "" })),
    };
  }
  if (!isUnfiltered(now)) {
    return {
      title: "No photo is like this",
      text: "Take a filter away, or lower the confidence.",
      action: button("Clear all", () => go(cleared(now))),
    };
  }
  if (now.order.startsWith("taken")) {
    return {
      title: "No photo says when it was taken",
      text: "Only files that hold a time of capture are in this order.",
      action: button("Show newest first", () => change({ order: "" })),
    };
  }
  const title = "No photos yet";
  if (!mayUpload) return { title, text: "Each appears once it is recognized.", action: null };
  const add = button("Add photos", () => byId("add").click(), "primary");
  return { title, text: "Drop some here: each appears once it is recognized.", action: add };
}

/** A photo of one's own has ended: show it where the filters would, which the API knows best. */
async function showUploaded(details) {
  stats.soon(0);
  const now = filters();
  if (!isNewestFirst(now) || (now.prefix && !details.key.startsWith(now.prefix))) return;
  try {
    const { images } = await ask("images", { ...question(now), prefix: details.key, limit: 100 });
    const photo = images.find((image) => image.key === details.key);
    if (photo && write(now) === write(filters())) gallery.prepend(photo);
  } catch {
    // It was recognized all the same, and says so in the list of uploads.
  }
}

let known = null;

/** Look whether photos have come from elsewhere since the gallery was asked for, and offer them. */
async function compare(told) {
  controls.showCounts(told.images);
  const count = told.images.recognized + told.images.rejected;
  const isNew = known !== null && count !== known;
  known = count;
  if (gallery.tiles.length === 0 && (isNew || queued(told)))
    return gallery.loading ? undefined : gallery.restart();
  if (!isNew || isUploading() || !isNewestFirst(filters()) || gallery.loading) return undefined;
  try {
    // As much is looked at as is asked for: the newest that fits may have others before it.
    const { images } = await ask("images", { ...question(filters()), limit: 10 });
    const first = gallery.photos[0];
    const differs =
      images.length && first && (images[0].key !== first.key || images[0].decided_at !== first.decided_at);
    if (differs) notices.offer("There are new photos.", "Show them", () => gallery.restart());
  } catch {
    // The next comparison will tell.
  }
  return undefined;
}
