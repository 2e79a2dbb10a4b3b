// Questions to the API. All addresses are relative to the page, wherever it is served.

import { currentToken, renewedToken } from "./sign-in.js";

const PATIENCE_MS = 30_000;
const RETRIES = 2;
const LONGEST_WAIT_S = 5;

/**
 * Why there is no answer. `kind`: down (ask again later), unauthorized, unknown (404), refused; `parameters`
 * are the names of those that were refused.
 */
export class ApiError extends Error {
  constructor(kind, message, status = 0, parameters = []) {
    super(message);
    this.kind = kind;
    this.status = status;
    this.parameters = parameters;
  }
}

/** GET `path` with parameters (an object, values may be arrays). Raises ApiError, or AbortError. */
export function ask(path, parameters = {}, signal = undefined) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== "" && each !== null && each !== undefined) query.append(name, String(each));
    }
  }
  const text = query.toString();
  return send(text ? `${path}?${text}` : path, { signal });
}

/** POST JSON. */
export function tell(path, body) {
  return send(path, { method: "POST", body: JSON.stringify(body), type: "application/json" });
}

/** PATCH what is said of a photo, as it was seen after `number` changes. */
export function correct(key, edit, number) {
  const address = `images?${new URLSearchParams({ key })}`;
  const body = JSON.stringify(edit);
  return send(address, { method: "PATCH", body, type: "application/json", seen: `"${number}"` });
}

async function send(address, { method = "GET", body, type, seen, signal }) {
  let token = await currentToken();
  for (let attempt = 0; ; attempt += 1) {
    let response = await once(address, { method, body, type, seen, signal, token });
    if (response.status === 401 && (token = await renewedToken(token))) {
      response = await once(address, { method, body, type, seen, signal, token });
    }
    if (response.ok) return await readJson(response);
    const waitable = response.status === 429 || response.status === 503;
    if (!waitable || attempt === RETRIES) throw await errorOf(response);
    const seconds = Math.min(Number(response.headers.get("retry-after")) || 1, LONGEST_WAIT_S);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000 * (0.5 + Math.random())));
    signal?.throwIfAborted();
  }
}

async function once(address, { method, body, type, seen, signal, token }) {
  const headers = { accept: "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  if (type) headers["content-type"] = type;
  if (seen) headers["if-match"] = seen;
  const ended = new AbortController();
  const end = () => ended.abort();
  const timer = setTimeout(end, PATIENCE_MS);
  signal?.addEventListener("abort", end);
  try {
    return await fetch(new URL(address, document.baseURI), {
      method,
      body,
      headers,
      signal: ended.signal,
      credentials: "omit",
      cache: "no-store",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError("down", "The API does not answer.");
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}

async function readJson(response) {
  try {
    return await response.json();
  } catch {
    throw new ApiError("down", "The API answers with something that is not JSON.", response.status);
  }
}

async function errorOf(response) {
  const { status } = response;
  const problem = await response.json().catch(() => ({}));
  const faults = problem.faults ?? [];
  const said = faults.map((fault) => `${fault.parameter}: ${fault.reason}`).join("; ");
  const message = said || problem.detail || problem.message || `The API answers ${status}.`;
  // What API Gateway refuses has no type: who asks is not known, or the token is not of the kind that is needed.
  if (status === 401 || (status === 403 && !problem.type)) return new ApiError("unauthorized", message, status);
  if (status === 404) return new ApiError("unknown", message, status);
  const refused = faults.map((fault) => fault.parameter);
  return new ApiError(status >= 500 || status === 429 ? "down" : "refused", message, status, refused);
}
