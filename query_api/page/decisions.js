// Deciding whether a photo is shown, by pointer or by one key: what was decided, by whom, and taking it back.

import { h, isOn } from "./dom.js";
import { ACTIONS, moment } from "./words.js";

const BUTTONS = [
  ["allow", "Allow", "a"],
  ["block", "Block", "b"],
];
const SAID = { allow: "Allowed", block: "Blocked" };
const UNDO = "u";
const MAX_WHY_CHARACTERS = 500;

/** Decides about one photo; `corrector` writes it, `told(text)` says it aloud. */
export class Decider {
  constructor(corrector, { told }) {
    Object.assign(this, { corrector, told });
    this.why = "";
    this.former = null;
    this.byPolicy = null;
  }

  get standing() {
    return this.corrector.details.corrections.decision;
  }

  /** Act on a key; return whether it is one of ours. */
  press(key) {
    const button = BUTTONS.find(([, , each]) => each === key);
    if (button) this.decide(button[0]);
    else if (key === UNDO) this.undo();
    return Boolean(button) || key === UNDO;
  }

  async decide(decision) {
    const before = this.standing?.decision ?? "none";
    if (before === decision) return this.told(`${SAID[decision]} already.`);
    await this.write(decision, this.why.trim(), `${SAID[decision]}.`, before);
  }

  /** Have what was decided before stand again; where that was not from here, nothing. */
  async undo() {
    if (!this.standing && !this.former) return this.told("Nothing is decided about this photo.");
    const back = this.former ?? "none";
    const said = back === "none" ? "Taken back: the policy decides." : `Taken back: ${SAID[back].toLowerCase()}, as before.`;
    await this.write(back, "", said, null);
  }

  /** Write a decision; if that fails, what was typed stays. `former` is what taking it back leads to. */
  async write(decision, why, said, former) {
    const { details } = this.corrector;
    if (!this.standing) this.byPolicy = details.moderation_action;
    // What the policy says of a photo that was decided about is not known before it is made anew.
    const action = decision === "none" ? (this.byPolicy ?? details.moderation_action) : decision;
    const failure = await this.corrector.decide({ decision, why }, { moderation_action: action }, () => {
      Object.assign(this, { former, why: "" });
    });
    this.told(failure ?? said);
  }

  /** Make the buttons, and the line that says what was decided, by whom, when and why. */
  part() {
    const buttons = BUTTONS.map(([decision, name, key]) =>
      keyed(name, key, () => this.decide(decision), this.standing?.decision === decision),
    );
    const why = h("input", {
      class: "correct-field",
      maxlength: String(MAX_WHY_CHARACTERS),
      autocomplete: "off",
      "aria-label": "Why",
      "data-hold": "why",
      placeholder: "Why, if it is to be kept",
    });
    why.value = this.why;
    why.addEventListener("input", () => {
      this.why = why.value;
    });
    return h(
      "section",
      { class: "fact decide" },
      h("h3", {}, "Decision"),
      h("div", { class: "correct" }, buttons, keyed("Take back", UNDO, () => this.undo()), why),
      h("p", { class: "decided quiet" }, this.words()),
    );
  }

  words() {
    const { standing } = this;
    if (standing) {
      const { decision, by, at, why } = standing;
      return `${SAID[decision]} by ${by}, ${moment(at)}${why ? `: ${why}` : ""}`;
    }
    const action = this.corrector.details.moderation_action;
    return action ? `Nobody has decided. By the policy: ${ACTIONS[action]}.` : "Nobody has decided.";
  }
}

/** Say whether people decide about photos here, and what a policy asks is known. */
export const decides = (details) =>
  isOn("policy") && Boolean(details.corrections) && details.status === "recognized";

function keyed(name, key, act, isPressed) {
  return h(
    "button",
    {
      class: "button small",
      type: "button",
      "aria-pressed": isPressed === undefined ? null : String(isPressed),
      "aria-keyshortcuts": key,
      "data-hold": name,
      on: { click: act },
    },
    name,
    h("kbd", { "aria-hidden": "true" }, key),
  );
}
