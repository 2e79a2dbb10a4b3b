// What stands above or in place of the photos: the API is down, who are you, there is nothing here.

import { byId, h, replace } from "./dom.js";
import { hasSignIn, hasToken, keepToken, signIn, signInRefusal } from "./sign-in.js";

const FIRST_WAIT_S = 2;
const LONGEST_WAIT_S = 60;

export class Notices {
  constructor(place = byId("notices")) {
    this.place = place;
    this.wait = FIRST_WAIT_S;
  }

  /** Tell of a failure; `again` asks once more, by itself too if the API was only away. */
  tell(error, again) {
    clearInterval(this.timer);
    if (error.kind === "unauthorized" && hasSignIn) this.askToSignIn();
    else if (error.kind === "unauthorized") this.askForToken(error, again);
    else if (error.kind === "down") this.retry(error, again);
    else
      this.show(
        error.message,
        button("Try again", () => this.go(again)),
      );
  }

  /** All is well. */
  clear() {
    clearInterval(this.timer);
    this.wait = FIRST_WAIT_S;
    this.place.replaceChildren();
  }

  /** Offer what has come in the meantime. */
  offer(text, name, act) {
    this.show(
      text,
      button(name, () => {
        this.clear();
        act();
      }),
    );
  }

  retry(error, again) {
    let left = this.wait;
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT_S);
    const countdown = h("span", { "aria-hidden": "true" });
    const say = () => replace(countdown, ` Trying again in ${left} s.`);
    say();
    this.show(
      [error.message, countdown],
      button("Try now", () => this.go(again)),
      "bad",
    );
    this.timer = setInterval(() => {
      if (document.visibilityState !== "visible") return;
      left -= 1;
      if (left > 0) say();
      else this.go(again);
    }, 1000);
  }

  go(again) {
    clearInterval(this.timer);
    again();
  }

  askToSignIn() {
    const said = hasToken() ? "Your sign-in has ended." : "Sign in to see the photos.";
    this.show([signInRefusal(), " ", said], button("Sign in", signIn, "primary"));
  }

  askForToken(error, again) {
    const field = h("input", {
      type: "password",
      autocomplete: "off",
      spellcheck: "false",
      required: true,
      "aria-label": "Access token",
      placeholder: "Access token",
    });
    const said = hasToken()
      ? `The access token is not accepted: ${error.message}`
      : "This API wants an access token. It stays in this tab.";
    const form = h(
      "form",
      {
        class: "token",
        on: {
          submit: (event) => {
            event.preventDefault();
            keepToken(field.value.trim());
            this.clear();
            again();
          },
        },
      },
      field,
      h("button", { class: "button primary", type: "submit" }, "Continue"),
    );
    this.show(said, form);
    field.focus();
  }

  show(text, action, kind = "") {
    const said = h("p", { role: kind === "bad" ? "alert" : "status" }, text);
    replace(this.place, h("div", { class: `notice ${kind}` }, said, action));
  }
}

/** Show why there are no photos; null if there are some. */
export function showEmpty(content) {
  const place = byId("empty");
  place.hidden = content === null;
  replace(
    place,
    content === null ? null : [h("h2", {}, content.title), h("p", {}, content.text), content.action],
  );
}

export function button(name, act, kind = "") {
  return h("button", { class: `button ${kind}`, type: "button", on: { click: act } }, name);
}
