// The search field over the labels there are: https://www.w3.org/WAI/ARIA/apg/patterns/combobox/

import { ask } from "./api.js";
import { change, filters } from "./address.js";
import { byId, h, isOn, replace } from "./dom.js";
import { number } from "./words.js";

const SHOWN = 8;
const PAUSE_MS = 120;

export class Search {
  constructor() {
    this.input = byId("search-input");
    this.list = byId("suggestions");
    this.options = [];
    this.active = -1;
    this.asked = null;
    if (isOn("meaning")) {
      this.input.placeholder = "Search: dog, a walk by the sea …";
      this.input.setAttribute("aria-label", "Search by label or in any words");
    }
    this.input.addEventListener("input", () => this.suggestSoon());
    this.input.addEventListener("focus", () => this.suggestSoon());
    this.input.addEventListener("blur", () => this.close());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    // A press on a suggestion must not take the focus away, or the list would close under it.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    addEventListener("keydown", (event) => this.onShortcut(event));
  }

  suggestSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.suggest(), PAUSE_MS);
  }

  async suggest() {
    this.asked?.abort();
    this.asked = new AbortController();
    const typed = this.input.value.trim();
    const excludes = typed.startsWith("-");
    const prefix = typed.replace(/^-\s*/, "");
    try {
      const { labels } = await ask("labels", { prefix, limit: SHOWN }, this.asked.signal);
      this.show([...labels.map((label) => labelOption(label, excludes)), ...otherOptions(prefix, excludes)]);
    } catch {
      // Without suggestions one can still search; the gallery says when the API does not answer.
      this.show(otherOptions(prefix, excludes));
    }
  }

  show(options) {
    if (document.activeElement !== this.input) return;
    const chosen = this.options[this.active];
    this.options = options;
    this.active = -1;
    replace(
      this.list,
      options.map((option, index) => this.element(option, index)),
    );
    this.list.hidden = options.length === 0;
    this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    this.input.removeAttribute("aria-activedescendant");
    // An answer that comes late must not take away what the arrows have led to meanwhile.
    const place = options.findIndex((option) => option.kind === chosen?.kind && option.value === chosen.value);
    if (place >= 0) this.activate(place);
  }

  element(option, index) {
    return h(
      "li",
      {
        id: `suggestion-${index}`,
        role: "option",
        class: `suggestion ${option.kind}`,
        "aria-selected": "false",
        on: { click: () => this.choose(option) },
      },
      h("span", { class: "suggestion-hint" }, option.hint),
      h("span", { class: "suggestion-name" }, option.value),
      option.count === undefined ? null : h("span", { class: "suggestion-count" }, number(option.count)),
    );
  }

  onKey(event) {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (this.list.hidden) this.suggest();
      else this.activate(this.active + step);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.choose(this.options[this.active] ?? this.best());
    } else if (event.key === "Escape") {
      if (this.list.hidden) this.input.value = "";
      this.close();
      event.preventDefault();
    } else if (event.key === "Backspace" && !this.input.value) {
      const { label: labels, like } = filters();
      if (like) change({ like: "" });
      else if (labels.length) change({ label: labels.slice(0, -1) });
    }
  }

  onShortcut(event) {
    const typing = event.target.closest?.("input, select, textarea, dialog");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || typing) return;
    event.preventDefault();
    this.input.focus();
  }

  activate(index) {
    const count = this.options.length;
    this.list.children[this.active]?.setAttribute("aria-selected", "false");
    this.active = ((index % count) + count) % count;
    const element = this.list.children[this.active];
    element.setAttribute("aria-selected", "true");
    element.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", element.id);
  }

  /** What Enter takes when nothing was chosen: the words, or the label as it was typed, if there is one or not. */
  best() {
    const typed = this.input.value.trim();
    const value = typed.replace(/^-\s*/, "");
    const kind = typed.startsWith("-") ? "not_label" : isOn("meaning") ? "like" : "label";
    return value ? { kind, value } : null;
  }

  choose(option) {
    if (!option) return;
    this.input.value = "";
    this.close();
    const former = filters()[option.kind];
    change({ [option.kind]: Array.isArray(former) ? [...former, option.value] : option.value });
  }

  close() {
    clearTimeout(this.timer);
    this.asked?.abort();
    this.options = [];
    this.active = -1;
    replace(this.list, []);
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}

function labelOption({ name, count }, excludes) {
  return { kind: excludes ? "not_label" : "label", hint: excludes ? "without" : "", value: name, count };
}

function otherOptions(typed, excludes) {
  if (!typed || excludes) return [];
  return [
    ...(isOn("meaning") ? [{ kind: "like", hint: "in any words", value: typed }] : []),
    { kind: "text", hint: "text in the photo", value: typed },
    { kind: "prefix", hint: "key begins with", value: typed },
  ];
}
