// What lets people correct a photo and decide about it. It is loaded with the first photo that takes either.

import { Corrector } from "./corrections.js";
import { Decider, decides } from "./decisions.js";

/**
 * Give what corrects and what decides about a photo, null where nobody may. `changed(details, corrector)` shows
 * it anew, `isShown()` says whether it is looked at still, `told(text)` says aloud what came of a decision.
 */
export function editorsOf(photo, details, { changed, isShown, told }) {
  const corrector = new Corrector(photo, details, {
    changed: (corrected) => changed(corrected, corrector),
    isShown,
  });
  return { corrector, decider: decides(details) ? new Decider(corrector, { told }) : null };
}
