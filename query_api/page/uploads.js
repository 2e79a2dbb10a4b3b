// Photos on their way: leave from the API, then straight to the bucket, then waiting to be recognized.
//
// Nothing is replaced: the bucket itself refuses a name that is taken, whoever took it a moment ago, and the
// next name is tried. What is shown afterwards is of the bytes that were sent from here.

import { ApiError, ask, tell } from "./api.js";
import { refusalOf, typeOf } from "./formats.js";

const AT_ONCE = 3;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
const PATIENCE_MS = 10 * 60_000;
const MOST_NAMES = 1000;
const [FORBIDDEN, TAKEN] = [403, 412];
const NOT_ALLOWED = "You may not add photos here.";
const LATE = "It is in the bucket, and not recognized after 10 minutes; it still may be.";
const OTHER = "The photo that is known by this name is another: this one was replaced, or still waits.";

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
  /** `changed(upload)` is called at every step; `folder()` gives the folder to add to, or a promise of it. */
  constructor(changed, folder) {
    Object.assign(this, { changed, folder });
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
      const sha256 = await digestOf(upload.file);
      const stored = await this.store(upload, sha256);
      this.step(upload, "recognizing");
      // Others need not wait for this one to be recognized.
      this.follow(upload, stored);
    } catch (error) {
      const isForbidden = error.kind === "unauthorized" && error.status === FORBIDDEN;
      this.step(upload, "failed", isForbidden ? NOT_ALLOWED : error.message);
    }
  }

  /** Store a file under the first name that is free; give what the bucket calls the stored bytes. */
  async store(upload, sha256) {
    const folder = await this.folder();
    for (const key of namesOf(folder + upload.file.name)) {
      if (this.keys.has(key)) continue;
      this.keys.add(key);
      try {
        // Asking first spares sending a photo in vain. Whether the name is free, the bucket decides.
        const stored = (await isTaken(key)) ? null : await this.storeAs(key, upload, sha256);
        if (stored) return stored;
      } catch (error) {
        this.keys.delete(key);
        throw error;
      }
    }
    throw new ApiError("refused", "So many photos have this name that no other was tried.");
  }

  async storeAs(key, upload, sha256) {
    upload.key = key;
    this.step(upload, "sending");
    const { file } = upload;
    const leave = await tell("uploads", {
      key,
      content_type: typeOf(file),
      size_bytes: file.size,
      sha256,
    });
    return put(leave, file, (progress) => {
      upload.progress = progress;
      this.step(upload, "sending");
    });
  }

  /** Wait until the stored bytes are recognized. A record of others under the same key is not theirs. */
  async follow(upload, stored) {
    const patient = Date.now() + PATIENCE_MS;
    let isOther = false;
    for (let wait = FIRST_WAIT_MS; Date.now() < patient; wait = Math.min(wait * 1.5, LONGEST_WAIT_MS)) {
      await new Promise((resolve) => setTimeout(resolve, wait * (0.75 + Math.random() / 2)));
      try {
        const details = await ask("images", { key: upload.key });
        isOther = !isOf(details.version, stored);
        if (isOther) continue;
        upload.details = details;
        return this.step(upload, details.status, details.rejection?.message ?? "");
      } catch (error) {
        // Not there yet, or nobody answers for now: the photo itself is in the bucket.
        if (error.kind === "refused" || error.kind === "unauthorized")
          return this.step(upload, "refused", error.message);
      }
    }
    this.step(upload, "refused", isOther ? OTHER : LATE);
  }

  step(upload, state, message = "") {
    upload.state = state;
    upload.message = message;
    this.changed(upload);
  }
}

/** Give the names to try: cat.jpg, cat (2).jpg … */
function* namesOf(name) {
  const [, stem, suffix] = /^(.*?)(\.[^./]*)?$/s.exec(name);
  yield name;
  for (let copy = 2; copy <= MOST_NAMES; copy += 1) yield `${stem} (${copy})${suffix ?? ""}`;
}

/** Give the SHA-256 of a file in base64, as S3 writes it. Browsers reckon it on https and localhost alone. */
async function digestOf(file) {
  if (!globalThis.crypto?.subtle) throw new ApiError("refused", "Photos can be added over https only.");
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

/** Say whether a record is of the stored bytes: the same version, or the same content where none is kept. */
function isOf(version, stored) {
  if (stored.versionId && version.version_id === stored.versionId) return true;
  return version.etag === stored.etag;
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

/**
 * Put the file into the bucket; give its version and its ETag there, or null if its name is taken. fetch
 * cannot tell how much was sent, so it is the older way.
 */
function put({ url, headers }, file, told) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) =>
      told(event.lengthComputable ? event.loaded / event.total : 0),
    );
    request.addEventListener("load", () => {
      if (request.status === TAKEN) return resolve(null);
      if (request.status < 300) return resolve(storedAs(request));
      const said = /<Message>([^<]*)</.exec(request.responseText)?.[1];
      reject(new ApiError("refused", said ?? `The bucket answers ${request.status}.`, request.status));
    });
    request.addEventListener("error", () => reject(new ApiError("down", "The bucket does not answer.")));
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(file);
  });
}

const storedAs = (request) => ({
  versionId: request.getResponseHeader("x-amz-version-id"),
  etag: request.getResponseHeader("etag")?.replaceAll('"', ""),
});
