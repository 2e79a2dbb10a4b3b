// A film in the large view: played from the bucket, with a time line of what is seen when; a moment is jumped to by its bar.

import { newAddresses } from "./details.js";
import { h } from "./dom.js";
import { bar, lane, walkable } from "./lanes.js";
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
  return h(
    "section",
    { class: "fact" },
    h("h3", {}, "Film"),
    player,
    byName.size ? timeLine(details, byName, player, jump) : null,
    byName.size ? h("details", {}, h("summary", {}, "Each moment"), h("ul", { class: "lines" }, rows)) : null,
  );
}

/** Draw a lane for each name on the length of the film: its bars jump, and a line shows where the player is. */
function timeLine(details, byName, player, jump) {
  const ends = details.intervals.map((interval) => interval.end_seconds);
  const lasts = Math.max(details.photo?.duration_seconds ?? 0, ...ends);
  const part = (seconds) => (seconds / lasts) * 100;
  const drawn = (interval) => {
    const sure = interval.confidence === null ? "" : `, ${percent(interval.confidence)}`;
    const said = `${interval.name} ${times(interval)}${sure}`;
    return bar([part(interval.start_seconds), part(interval.end_seconds)], {
      title: said,
      "aria-label": said,
      on: { click: () => jump(interval.start_seconds) },
    });
  };
  const lanes = [...byName].map(([name, intervals]) => lane(name, intervals.map(drawn), "li"));
  const list = h("ul", { class: "film-lanes" }, lanes);
  walkable(list);
  const scale = h(
    "div",
    { class: "line-row", "aria-hidden": "true" },
    h("span", {}),
    h("div", { class: "film-scale" }, [0, lasts / 2, lasts].map((at) => h("span", {}, clock(at)))),
  );
  const line = h(
    "div",
    { class: "film-line", role: "group", "aria-label": "What is seen when" },
    list,
    scale,
  );
  player.addEventListener("timeupdate", () => line.style.setProperty("--at", `${part(player.currentTime)}%`));
  return line;
}

const times = (interval) => `${clock(interval.start_seconds)}–${clock(interval.end_seconds)}`;

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
      h("span", {}, times(interval)),
      interval.confidence === null
        ? null
        : h("span", { class: "tag-confidence" }, percent(interval.confidence)),
    ),
  );
  return h("li", {}, `${name} `, buttons);
}
