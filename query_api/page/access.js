// What the caller may see, where a claim of the token says so: photos are added below one of its prefixes.

import { ask } from "./api.js";

export class Access {
  /** Give the folder that photos are added to: the one that is looked at, or else the first there is. */
  async folder(looked) {
    this.asked ??= ask("access").catch((error) => {
      this.asked = null;
      throw error;
    });
    const { prefixes } = await this.asked;
    if (prefixes === null) return "";
    const isOurs = looked.endsWith("/") && prefixes.some((prefix) => looked.startsWith(prefix));
    return isOurs ? looked : prefixes[0];
  }
}
