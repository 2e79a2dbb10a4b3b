// Photos on their way: leave from the API, then straight to the bucket, then waiting to be recognized.

import { ApiError, ask, tell } from "./api.js";

const TYPES = ["image/jpeg", "image/png"];
const MOST_BYTES = 15 * 1024 * 1024;
const AT_ONCE = 3;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const PATIENCE_MS = 10 * 60_000;

/**
 * One file on its way. `state`: waiting, sending, recognizing, recognized, rejected, failed (may be sent
 * again), refused (sending it again is no use). `message` says more; `progress` is from 0 to 1 while it is
 * sent; `details` are there once it was recognized or rejected.
 */
export class Upload {
  constructor(file) {
    this.file = file;
    this.state = "waiting";
    this.message = "";
    this.progress = 0;
    this.key = file.name;
  }

  get isOver() {
    return ["recognized", "rejected", "refused", "failed"].includes(this.state);
  }
}

export class Uploads {
  /** `changed(upload)` is called at every step. */
  constructor(changed) {
    this.changed = changed;
    this.all = [];
    this.keys = new Set();
    this.waiting = [];
    this.sending = 0;
  }

  get isBusy() {
    return this.all.some((upload) => !upload.isOver);
  }

  add(files) {
    for (const file of files) {
      const upload = new Upload(file);
      this.all.push(upload);
      this.start(upload);
    }
  }

  /** Send a file, or send it again. */
  start(upload) {
    const refusal = refusalOf(upload.file);
    if (refusal) return this.step(upload, "refused", refusal);
    this.step(upload, "waiting");
    this.waiting.push(upload);
    this.next();
  }

  forget() {
    this.all = this.all.filter((upload) => !upload.isOver);
  }

  next() {
    while (this.sending < AT_ONCE && this.waiting.length) {
      this.sending += 1;
      this.send(this.waiting.shift()).finally(() => {
        this.sending -= 1;
        this.next();
      });
    }
  }

  async send(upload) {
    try {
      upload.key = await this.freeKey(upload.file.name);
      this.step(upload, "sending");
      const leave = await tell("uploads", {
        key: upload.key,
        content_type: upload.file.type,
        size_bytes: upload.file.size,
      });
      await post(leave, upload.file, (progress) => {
        upload.progress = progress;
        this.step(upload, "sending");
      });
      this.step(upload, "recognizing");
      // Others need not wait for this one to be recognized.
      this.follow(upload);
    } catch (error) {
      this.keys.delete(upload.key);
      this.step(upload, "failed", error.message);
    }
  }

  async follow(upload) {
    const patient = Date.now() + PATIENCE_MS;
    for (let wait = FIRST_WAIT_MS; Date.now() < patient; wait = Math.min(wait * 1.5, LONGEST_WAIT_MS)) {
      await new Promise((resolve) => setTimeout(resolve, wait * (0.75 + Math.random() / 2)));
      try {
        upload.details = await ask("images", { key: upload.key });
        return this.step(upload, upload.details.status, upload.details.rejection?.message ?? "");
      } catch (error) {
        // Not there yet, or nobody answers for now: the photo itself is in the bucket.
        if (error.kind === "refused" || error.kind === "unauthorized")
          return this.step(upload, "refused", error.message);
      }
    }
    this.step(
      upload,
      "refused",
      "It is in the bucket, and not recognized after 10 minutes; it still may be.",
    );
  }

  /** Choose a key that no photo has: nothing is replaced by an upload from here. */
  async freeKey(name) {
    const [, stem, suffix] = /^(.*?)(\.[^.]*)?$/s.exec(name);
    for (let copy = 1; ; copy += 1) {
      const key = copy === 1 ? name : `${stem} (${copy})${suffix ?? ""}`;
      if (this.keys.has(key)) continue;
      this.keys.add(key);
      if (!(await isTaken(key))) return key;
    }
  }

  step(upload, state, message = "") {
    upload.state = state;
    upload.message = message;
    this.changed(upload);
  }
}

function refusalOf(file) {
  if (!TYPES.includes(file.type)) return "Only JPEG and PNG can be recognized.";
  if (file.size === 0) return "The file is empty.";
  return file.size > MOST_BYTES ? "More than 15 MB, which Rekognition does not take." : "";
}

async function isTaken(key) {
  try {
    await ask("images", { key });
    return true;
  } catch (error) {
    if (error.kind === "unknown") return false;
    throw error;
  }
}

/** Post the form to the bucket. fetch cannot tell how much was sent, so it is the older way. */
function post({ url, fields }, file, told) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("file", file);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) =>
      told(event.lengthComputable ? event.loaded / event.total : 0),
    );
    request.addEventListener("load", () => {
      if (request.status < 300) return resolve();
      const said = /<Message>([^<]*)</.exec(request.responseText)?.[1];
      reject(new ApiError("refused", said ?? `The bucket answers ${request.status}.`, request.status));
    });
    request.addEventListener("error", () => reject(new ApiError("down", "The bucket does not answer.")));
    request.open("POST", url);
    request.send(form);
  });
}
