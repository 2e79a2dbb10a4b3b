// A film in the large view: played from the bucket, with what is seen when; a moment is jumped to by its button.

import { newAddresses } from "./details.js";
import { h } from "./dom.js";
import { clock, percent } from "./words.js";

/** Return the player and the intervals, by name; null for a photo. */
export function film(details) {
  if (details.kind !== "video" || !details.intervals) return null;
  const player = h("video", {
    class: "film",
    controls: true,
    preload: "none",
    playsinline: true,
    src: details.url,
    poster: details.view_url ?? details.thumbnail_url,
    "aria-label": `Play ${details.key}`,
  });
  renewed(player, details);
  const jump = (seconds) => {
    player.currentTime = seconds;
    player.play().catch(() => {}); // a codec that this browser does not know: the poster stays
  };
  const byName = new Map();
  for (const interval of details.intervals) {
    const rows = byName.get(interval.name) ?? [];
    byName.set(interval.name, [...rows, interval]);
  }
  const rows = [...byName].map(([name, intervals]) => row(name, intervals, jump));
  return h("section", { class: "fact" }, h("h3", {}, "Film"), player, h("ul", { class: "lines" }, rows));
}

/** Have a film whose address has expired play on from a new one, where it was; it is asked for once each time. */
function renewed(player, details) {
  let isRenewed = false;
  player.addEventListener("loadeddata", () => {
    isRenewed = false;
  });
  player.addEventListener("error", async () => {
    if (isRenewed) return;
    isRenewed = true;
    const [at, goesOn] = [player.currentTime, !player.paused];
    try {
      Object.assign(details, await newAddresses(details));
    } catch {
      return;
    }
    if (!player.isConnected) return;
    player.src = details.url;
    player.currentTime = at;
    if (goesOn) player.play().catch(() => {});
  });
}

function row(name, intervals, jump) {
  const buttons = intervals.map((interval) =>
    h(
      "button",
      {
        class: "tag label",
        type: "button",
        title: `Play ${name} from ${clock(interval.start_seconds)}`,
        on: { click: () => jump(interval.start_seconds) },
      },
      h("span", {}, `${clock(interval.start_seconds)}–${clock(interval.end_seconds)}`),
      interval.confidence === null
        ? null
        : h("span", { class: "tag-confidence" }, percent(interval.confidence)),
    ),
  );
  return h("li", {}, `${name} `, buttons);
}
