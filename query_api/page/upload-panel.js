// The files on their way, each with its state; where files are dropped and chosen.

import { byId, h, iconButton, replace } from "./dom.js";
import { accepted } from "./formats.js";
import { Uploads } from "./uploads.js";
import { foremost, plural } from "./words.js";

const SAID = {
  waiting: () => "Waiting",
  sending: (upload) => `Sending, ${Math.round(upload.progress * 100)} %`,
  recognizing: () => "Recognizing …",
  recognized: (upload) =>
    foremost(upload.details.labels)
      .slice(0, 3)
      .map((label) => label.name)
      .join(", ") || "Recognized, no labels",
  rejected: (upload) => `Rejected: ${upload.message}`,
  refused: (upload) => upload.message,
  failed: (upload) => upload.message,
};

export class UploadPanel {
  /** `ended(details)` is called for each photo that was recognized or rejected; `folder()` gives the folder to add to. */
  constructor({ ended, folder }) {
    this.ended = ended;
    this.rows = new Map();
    this.uploads = new Uploads((upload) => this.update(upload), folder);
    this.makePanel();
    this.makeButton();
    this.makeDropPlace();
  }

  get isBusy() {
    return this.uploads.isBusy;
  }

  add(files) {
    if (files.length) this.uploads.add(files);
  }

  makePanel() {
    this.panel = byId("uploads");
    this.title = h("span", { role: "status" });
    this.list = h("ul", { class: "upload-list" });
    this.clear = iconButton("close", "Clear what has ended", () => this.forget());
    this.panel.append(h("header", {}, h("h2", {}, this.title), this.clear), this.list);
  }

  makeButton() {
    const files = byId("files");
    files.accept = accepted();
    byId("add").addEventListener("click", () => files.click());
    files.addEventListener("change", () => {
      this.add([...files.files]);
      files.value = "";
    });
  }

  makeDropPlace() {
    const place = byId("drop");
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
    addEventListener("dragenter", (event) => {
      if (hasFiles(event)) place.hidden = false;
    });
    addEventListener("dragover", (event) => {
      if (hasFiles(event)) event.preventDefault();
    });
    addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) place.hidden = true;
    });
    addEventListener("drop", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      place.hidden = true;
      this.add([...event.dataTransfer.files]);
    });
  }

  update(upload) {
    const row = this.rows.get(upload) ?? this.addRow(upload);
    row.element.dataset.state = upload.state;
    replace(row.name, upload.key);
    replace(row.state, SAID[upload.state](upload));
    row.progress.hidden = !["waiting", "sending", "recognizing"].includes(upload.state);
    if (upload.state === "sending") row.progress.value = upload.progress;
    else row.progress.removeAttribute("value");
    row.again.hidden = upload.state !== "failed" || upload.details !== undefined;
    if (upload.details && upload.isOver) this.ended(upload.details);
    this.summarize();
  }

  addRow(upload) {
    const address = URL.createObjectURL(upload.file);
    const thumbnail = h("img", {
      src: address,
      alt: "",
      on: { error: () => thumbnail.classList.add("broken") },
    });
    const row = {
      address,
      name: h("span", { class: "upload-name" }),
      state: h("span", { class: "upload-state" }),
      progress: h("progress", { max: "1", "aria-label": "Progress" }),
      again: h(
        "button",
        { class: "button small", type: "button", on: { click: () => this.uploads.start(upload) } },
        "Again",
      ),
    };
    row.element = h(
      "li",
      { class: "upload" },
      thumbnail,
      h("div", { class: "upload-words" }, row.name, row.state, row.progress),
      row.again,
    );
    this.list.prepend(row.element);
    this.rows.set(upload, row);
    this.panel.hidden = false;
    return row;
  }

  summarize() {
    const all = this.uploads.all;
    const over = all.filter((upload) => upload.isOver).length;
    replace(
      this.title,
      over === all.length
        ? `${plural(all.length, "photo")} done`
        : `${over} of ${plural(all.length, "photo")} done`,
    );
  }

  forget() {
    for (const [upload, row] of this.rows) {
      if (!upload.isOver) continue;
      URL.revokeObjectURL(row.address);
      row.element.remove();
      this.rows.delete(upload);
    }
    this.uploads.forget();
    this.panel.hidden = this.rows.size === 0;
    this.summarize();
  }
}
