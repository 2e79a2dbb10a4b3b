// Photos that failed, with their reason, and a button to try again: dead letters, and rejected ones.

import { ask, tell } from "./api.js";
import { byId, h, replace } from "./dom.js";
import { button } from "./notices.js";
import { failure, moment, number, plural } from "./words.js";

const REJECTED_SHOWN = 20;
// What a photo was rejected for that says nothing about its bytes: nobody could read it (contract/records.py).
const MAY_PASS = new Set(["ObjectArchived", "ObjectEncrypted"]);

export class Failures {
  /** `changed()` is called when something was sent back. */
  constructor({ changed }) {
    this.changed = changed;
    this.count = null;
    byId("read").addEventListener("click", () => this.read());
  }

  /**
   * Told how many dead letters there are, about. They are read once, and again when somebody asks: looking
   * hides them from others for a moment, so it is not done by a timer.
   */
  expect(count) {
    const isFirst = this.count === null;
    const isNews = !isFirst && count > this.count;
    this.count = count;
    if (isFirst) this.read();
    else if (isNews && !this.isReading) this.say(`There are ${number(count)} now, about.`);
  }

  async read() {
    this.isReading = true;
    const reading = byId("read");
    reading.disabled = true;
    this.say(this.count ? "Reading the dead letters …" : "");
    const [letters, rejected] = await Promise.allSettled([
      this.count ? ask("failures") : NOTHING,
      ask("images", { status: "rejected", limit: REJECTED_SHOWN }),
    ]);
    this.isReading = false;
    reading.disabled = false;
    if (letters.status === "rejected") this.say(letters.reason.message, "bad");
    else this.show(letters.value);
    if (rejected.status === "rejected") sayRejected(rejected.reason.message, "bad");
    else this.showRejected(rejected.value.images);
  }

  show({ causes, letters, looked_at: lookedAt, is_all: isAll }) {
    const parts = isAll ? [] : ["there are more that were not looked at (imagepipe dlq summary counts all)"];
    this.say(
      causes.length
        ? [`${plural(lookedAt, "dead letter")} by cause`, ...parts].join("; ")
        : isAll
          ? "None: nothing was given up."
          : "Those that there are, somebody else is looking at: read again in a minute.",
    );
    replace(
      byId("causes"),
      causes.map((cause) =>
        this.cause(
          cause,
          letters.filter((letter) => letter.cause === cause.cause && letter.queue === cause.queue),
        ),
      ),
    );
  }

  cause(cause, letters) {
    const said = h("p", { class: "said", role: "status" });
    const all = cause.can_be_retried
      ? button(cause.count === 1 ? "Retry" : `Retry all ${number(cause.count)}`, () =>
          this.retry(all, said, { cause: cause.cause }, () => rows.replaceChildren()),
        )
      : h("span", { class: "quiet" }, "Cannot be read, so trying again is no use");
    const rows = h(
      "ul",
      { class: "letters", role: "list" },
      letters.map((letter) => this.letter(letter, said, cause)),
    );
    const facts = `${plural(cause.count, "dead letter")}, ${cause.queue}, since ${moment(cause.oldest_at)}`;
    return h(
      "section",
      { class: "cause", "aria-label": cause.cause },
      h(
        "div",
        { class: "cause-head" },
        h("h3", { class: "cause-name" }, cause.detector ? `${cause.code} (${cause.detector})` : cause.code),
        h("span", { class: "quiet" }, facts),
        all,
      ),
      cause.advice.length ? h("p", { class: "advice" }, cause.advice.join("\n")) : null,
      said,
      rows,
      letters.length < cause.count ? h("p", { class: "quiet" }, `and ${number(cause.count - letters.length)} more`) : null,
    );
  }

  letter(letter, said, cause) {
    const [first, ...others] = letter.keys;
    const name = first ?? `message ${letter.id}`;
    const more = others.length ? ` and ${plural(others.length, "other")}` : "";
    const facts = `tried ${plural(letter.attempts, "time")}, sent ${moment(letter.first_sent_at)}`;
    const row = h(
      "li",
      { class: "letter" },
      h("span", { class: "letter-key" }, name + more),
      // Where nobody said why, what may be behind it stands above.
      cause.advice.length ? null : h("span", { class: "letter-why" }, letter.message),
      h("span", { class: "letter-facts" }, facts),
    );
    if (cause.count > 1 && cause.can_be_retried) {
      const again = button("Retry", () => this.retry(again, said, { id: letter.id }, () => row.remove()), "small");
      again.setAttribute("aria-label", `Retry ${name}`);
      row.append(again);
    }
    return row;
  }

  showRejected(images) {
    sayRejected(
      images.length
        ? `The last ${number(images.length)}. Another file under the same name is recognized anew.`
        : "None: every photo could be read.",
    );
    replace(byId("rejected"), images.map((image) => this.rejected(image)));
  }

  rejected({ key, rejection, decided_at: at, size_bytes: bytes }) {
    const { code, message } = rejection ?? { code: "rejected", message: "" };
    const row = h(
      "li",
      { class: "letter" },
      h("span", { class: "letter-key" }, key),
      h("span", { class: "letter-why" }, `${failure(code)}: ${message}`),
      h("span", { class: "letter-facts" }, `${moment(at)}, ${number(bytes)} bytes`),
    );
    if (MAY_PASS.has(code)) {
      const said = byId("rejected-said");
      const again = button("Look again", () => this.retry(again, said, { key }, () => again.remove()), "small");
      again.setAttribute("aria-label", `Look again at ${key}`);
      row.append(again);
    }
    return row;
  }

  /** Ask once, however often the button is pressed; what was sent back leaves the list. */
  async retry(pressed, said, what, gone) {
    if (pressed.disabled) return;
    pressed.disabled = true;
    try {
      const done = await tell("retries", what);
      said.classList.remove("bad");
      said.textContent = outcome(done);
      if (done.sent || done.is_all) gone();
      pressed.disabled = done.is_all && !done.refused;
      this.count = Math.max(0, (this.count ?? 0) - done.sent);
      this.changed();
    } catch (error) {
      said.classList.add("bad");
      said.textContent =
        error.kind === "unauthorized" ? "Your token may not send back." : `Not sent back: ${error.message}`;
      pressed.disabled = false;
    }
  }

  say(text, kind = "") {
    const place = byId("failed-said");
    place.className = `said ${kind}`;
    place.textContent = text;
  }
}

const NOTHING = { causes: [], letters: [], looked_at: 0, is_all: true };

function sayRejected(text, kind = "") {
  const place = byId("rejected-said");
  place.className = `said ${kind}`;
  place.textContent = text;
}

function outcome({ sent, refused, is_all: isAll }) {
  const parts = [
    sent
      ? `${number(sent)} sent back: what is well now is recognized within minutes`
      : isAll
        ? "Nothing was there any more: it was sent back before"
        : "It was not among those that could be looked at",
  ];
  if (refused) parts.push(`${number(refused)} were not taken and stay here`);
  if (!isAll) parts.push("there may be more: press again");
  return `${parts.join("; ")}.`;
}
