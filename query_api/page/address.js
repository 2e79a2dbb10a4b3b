// The filters that hold now; whoever shows them is told when they change.

import { changed, read, write } from "./filters.js";

const listeners = [];
let current = read(location.search);

export const filters = () => current;

/** Call `listener` with the filters, at every change. */
export function follow(listener) {
  listeners.push(listener);
}

/** Change some filters: a step in the browser's history. */
export function change(some) {
  go(changed(current, some));
}

/** Have exactly these filters. */
export function go(next) {
  if (write(next) === write(current)) return;
  current = next;
  history.pushState(null, "", write(current));
  tellAll();
}

addEventListener("popstate", () => {
  if (write(read(location.search)) === write(current)) return;
  current = read(location.search);
  tellAll();
});

function tellAll() {
  for (const listener of listeners) listener(current);
}
