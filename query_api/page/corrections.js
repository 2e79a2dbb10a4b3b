// Correcting a photo: what a person adds and removes, and taking that back.

import { ask, correct } from "./api.js";
import { keepDetails } from "./details.js";
import { crossButton, h, replace } from "./dom.js";

const SUGGESTED = 8;
const SUGGESTIONS_AFTER_MS = 120;
/** How often, and how far apart, it is looked whether lists show a correction, too. */
const [LOOKS, PAUSE_MS] = [12, 1_500];
const CORRECTED_MEANWHILE = 412;

const isSame = (one, other) => one.toLowerCase() === other.toLowerCase();
const has = (names, name) => names.some((each) => isSame(each, name));

export class Corrector {
  /** `changed(details)` shows the photo anew; `isShown()` says whether it is looked at still. */
  constructor(photo, details, { changed, isShown }) {
    Object.assign(this, { photo, details, changed, isShown });
    this.said = "";
    this.undo = null;
    this.turn = 0;
    this.typed = "";
  }

  remove(name) {
    const { added, renamed } = this.details.corrections;
    const former = Object.entries(renamed).filter(([, shown]) => isSame(shown, name));
    let back = { reset: [name] };
    if (has(added, name)) back = { add: [name] };
    if (former.length) back = { rename: Object.fromEntries(former) };
    const labels = this.details.labels.filter((label) => !isSame(label.name, name));
    return this.send({ remove: [name] }, `Removed ${name}.`, { labels }, back);
  }

  add(name) {
    const { removed, renamed } = this.details.corrections;
    const former = Object.entries(renamed).filter(([old]) => isSame(old, name));
    let back = { reset: [name] };
    if (has(removed, name)) back = { remove: [name] };
    if (former.length) back = { rename: Object.fromEntries(former) };
    const others = this.details.labels.filter((label) => !isSame(label.name, name));
    const label = { name, confidence: 100, parent: false, parents: [], instances: [], by: "person" };
    return this.send({ add: [name] }, `Added ${name}.`, { labels: [label, ...others] }, back);
  }

  /**
   * Send a decision, and show what it `makes` of the photo; return null, or why it was not made. `made` is
   * called before it is shown.
   */
  async decide(edit, makes, made) {
    if (this.isBusy) return "Not yet: the last change is still being made.";
    this.isBusy = true;
    let failure = null;
    try {
      const { corrections } = await correct(this.photo.key, edit, this.details.corrections.number);
      const { shown } = this.details.corrections;
      this.take({ ...this.details, ...makes, corrections: { ...corrections, shown } });
      made();
      // What it would take back comes from before this.
      this.undo = null;
      this.said = "";
      this.follow();
    } catch (error) {
      failure = error.message;
      if (error.status === CORRECTED_MEANWHILE) {
        await this.lookAgain();
        failure = this.said;
        this.said = "";
      }
    } finally {
      this.isBusy = false;
    }
    if (this.isShown()) this.changed(this.details);
    return failure;
  }

  /** Send an edit, and show what it `makes` of the details; `back` takes it back. */
  async send(edit, said, makes, back) {
    if (this.isBusy) return;
    this.isBusy = true;
    const before = this.details;
    try {
      const { corrections } = await correct(this.photo.key, edit, before.corrections.number);
      this.said = said;
      const former = Object.fromEntries(Object.keys(makes).map((part) => [part, before[part]]));
      this.undo = back && (() => this.send(back, "Taken back.", former, null));
      const { shown } = before.corrections;
      this.take({ ...before, ...makes, corrections: { ...corrections, shown } });
      this.follow();
    } catch (error) {
      this.undo = null;
      this.said = error.message;
      if (error.status === CORRECTED_MEANWHILE) await this.lookAgain();
    } finally {
      this.isBusy = false;
    }
    if (!this.isShown()) return;
    this.wantsFocus = true;
    this.changed(this.details);
  }

  async lookAgain() {
    this.said = "Somebody else has corrected this photo meanwhile, so yours was not made. This is how it stands.";
    try {
      this.take(await ask("images", { key: this.photo.key }));
    } catch (error) {
      this.said = error.message;
    }
  }

  /** Look until lists and counts show it as well: what goes along with a label is known then. */
  async follow() {
    this.turn += 1;
    const { turn } = this;
    for (let look = 0; look < LOOKS; look += 1) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      if (turn !== this.turn || !this.isShown()) return;
      const details = await ask("images", { key: this.photo.key }).catch(() => null);
      if (!details || turn !== this.turn || this.isBusy) continue;
      if (details.corrections.shown < details.corrections.number) continue;
      this.take(details);
      // Whoever types, or is about to press, goes on where he is.
      this.typed = this.field.value;
      this.wantsFocus = [this.field, this.undoButton].includes(document.activeElement);
      this.isTyping = document.activeElement === this.field;
      this.changed(details);
      return;
    }
  }

  take(details) {
    this.details = details;
    keepDetails(this.photo, details);
  }

  /** Make the button that removes a label. */
  removeButton(name) {
    return crossButton(`Remove the label ${name}`, () => this.remove(name));
  }

  /** Make the field in which a label is added, and the line that says what was done. */
  form() {
    const list = h("datalist", { id: "label-suggestions" });
    this.field = h("input", {
      class: "correct-field",
      list: list.id,
      maxlength: "200",
      autocomplete: "off",
      autocapitalize: "off",
      "aria-label": "Add a label",
      placeholder: "Add a label",
      on: { input: () => this.suggestSoon(list) },
    });
    this.field.value = this.typed;
    this.typed = "";
    this.undoButton = this.undo
      ? h("button", { class: "button small", type: "button", on: { click: this.undo } }, "Undo")
      : null;
    return h(
      "form",
      { class: "correct", on: { submit: (event) => this.submit(event) } },
      this.field,
      list,
      h("button", { class: "button small", type: "submit" }, "Add"),
      h("p", { class: "correct-said quiet", role: "status" }, this.said, this.undoButton),
    );
  }

  submit(event) {
    event.preventDefault();
    const name = this.field.value.trim();
    if (name) this.add(name);
  }

  suggestSoon(list) {
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      const { labels } = await ask("labels", { prefix: this.field.value.trim(), limit: SUGGESTED }).catch(() => ({
        labels: [],
      }));
      replace(
        list,
        labels.map(({ name }) => h("option", { value: name })),
      );
    }, SUGGESTIONS_AFTER_MS);
  }

  /** Lead the keyboard to where one goes on: what was pressed is gone. */
  focus() {
    if (!this.wantsFocus) return;
    this.wantsFocus = false;
    (this.isTyping ? this.field : (this.undoButton ?? this.field)).focus();
    this.isTyping = false;
  }
}
