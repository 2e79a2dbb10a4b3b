// The filters that hold now; whoever shows them is told when they change.

import { changed, read, write } from "./filters.js";

const listeners = [];
let current = read(location.search);

export const filters = () => current;

/** Call `listener` with the filters, at every change. */
export function follow(listener) {
  listeners.push(listener);
}

/** Change some filters: a step in the browser's history, or in place of the present one. */
export function change(some, { inPlace = false } = {}) {
  go(changed(current, some), { inPlace });
}

/** Have exactly these filters. */
export function go(next, { inPlace = false } = {}) {
  const isNew = write(next) !== write(current);
  current = next;
  if (inPlace) history.replaceState(null, "", write(current));
  else if (isNew) history.pushState(null, "", write(current));
  if (isNew) tellAll();
}

addEventListener("popstate", () => {
  if (write(read(location.search)) === write(current)) return;
  current = read(location.search);
  tellAll();
});

function tellAll() {
  for (const listener of listeners) listener(current);
}
