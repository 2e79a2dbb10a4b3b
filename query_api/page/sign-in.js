// Signing in at Cognito's own page, by the authorization code flow with PKCE: this page has no secret, and a
// code that somebody else has seen, or made, is of no use. https://www.rfc-editor.org/rfc/rfc7636
// https://docs.aws.amazon.com/cognito/latest/developerguide/using-pkce-in-authorization-code.html
//
// Tokens stay in this tab's sessionStorage, as one that was put in by hand does. This module comes before all
// others: it takes the code out of the address before anybody reads filters there.

const [TOKEN, SESSION, BEGUN] = ["imagepipe-token", "imagepipe-session", "imagepipe-sign-in"];
const EARLY_MS = 60_000;
const { signInAt: at, signInClient: client } = document.documentElement.dataset;

/** Whether people sign in here; elsewhere a token is put in by hand. */
export const hasSignIn = Boolean(at && client);

/** Why nobody is signed in though somebody came from there; "" where there is nothing to say. */
let refusal = "";
let renewal = null;

/** Keep a token that was put in by hand. It is sent as a header, and never part of an address. */
export function keepToken(token) {
  if (token) sessionStorage.setItem(TOKEN, token);
  else sessionStorage.removeItem(TOKEN);
}

export const hasToken = () => sessionStorage.getItem(TOKEN) !== null || session() !== null;

export const signInRefusal = () => refusal;

/** Give the token to ask with, renewed where it ends soon; null where there is none. */
export async function currentToken() {
  await arrival;
  const known = session();
  if (!known) return sessionStorage.getItem(TOKEN);
  if (known.ends - Date.now() > EARLY_MS) return known.access;
  return renewedToken(known.access);
}

/** Give another token for one that was not taken; null where there is none. Those who ask at once share it. */
export async function renewedToken(refused) {
  const known = session();
  if (known && known.access !== refused) return known.access;
  if (!known?.refresh) return null;
  renewal ??= renew(known).finally(() => (renewal = null));
  await renewal;
  return session()?.access ?? null;
}

/** Leave for Cognito's page. It comes back to this address, with what was asked for kept here. */
export async function signIn() {
  const verifier = random();
  const begun = { verifier, state: random(), nonce: random(), search: location.search + location.hash };
  sessionStorage.setItem(BEGUN, JSON.stringify(begun));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  go("oauth2/authorize", {
    response_type: "code",
    client_id: client,
    redirect_uri: here(),
    scope: "openid",
    state: begun.state,
    nonce: begun.nonce,
    code_challenge: inBase64(new Uint8Array(digest)),
    code_challenge_method: "S256",
  });
}

/** Forget the tokens here, have them refused from now on, and end the session at Cognito's page too. */
export function signOut() {
  const known = session();
  sessionStorage.removeItem(SESSION);
  const body = new URLSearchParams({ token: known?.refresh ?? "", client_id: client });
  // The answer says nothing that is needed, so it does not matter whether it may be read.
  if (known?.refresh) fetch(endpoint("oauth2/revoke"), { method: "POST", mode: "no-cors", keepalive: true, body });
  go("logout", { client_id: client, logout_uri: here() });
}

/** Finish what was begun in this tab, where the address says that Cognito has answered. */
async function arrive() {
  const said = new URLSearchParams(location.search);
  if (!said.has("state") || !(said.has("code") || said.has("error"))) return;
  const begun = JSON.parse(sessionStorage.getItem(BEGUN) ?? "null");
  // Once: a code that comes again, by a reload or from somebody else, finds nothing that was begun.
  sessionStorage.removeItem(BEGUN);
  const isOurs = begun !== null && begun.state === said.get("state");
  history.replaceState(null, "", isOurs ? begun.search || location.pathname : location.pathname);
  if (!isOurs) {
    refusal = "That was not an answer to a sign-in from this tab.";
    return;
  }
  if (said.has("error")) {
    refusal = said.get("error_description") || said.get("error");
    return;
  }
  const tokens = await tokensFor({
    grant_type: "authorization_code",
    code: said.get("code"),
    redirect_uri: here(),
    code_verifier: begun.verifier,
  });
  if (tokens.error) refusal = tokens.error;
  else if (claimsOf(tokens.id_token).nonce !== begun.nonce) refusal = "The answer was to another sign-in.";
  else keep(tokens);
}

async function renew({ refresh }) {
  const tokens = await tokensFor({ grant_type: "refresh_token", refresh_token: refresh });
  if (tokens.access_token) keep({ refresh_token: refresh, ...tokens });
  // Away is not ended: the next question tries again.
  else if (!tokens.isAway) sessionStorage.removeItem(SESSION);
}

/** Ask for tokens; `error` where there are none, `isAway` where nobody has said so. */
async function tokensFor(asked) {
  const body = new URLSearchParams({ client_id: client, ...asked });
  try {
    const response = await fetch(endpoint("oauth2/token"), { method: "POST", body, credentials: "omit" });
    const said = await response.json();
    if (response.ok && said.access_token) return said;
    return { error: `Signing in was refused: ${said.error ?? response.status}.`, isAway: response.status >= 500 };
  } catch {
    return { error: "The sign-in page does not answer.", isAway: true };
  }
}

function keep({ access_token: access, refresh_token: refresh, expires_in: seconds }) {
  const ends = Date.now() + (seconds ?? 3600) * 1000;
  sessionStorage.setItem(SESSION, JSON.stringify({ access, refresh, ends }));
}

function session() {
  return JSON.parse(sessionStorage.getItem(SESSION) ?? "null");
}

/** Read a token that came from the token endpoint itself: who sent it is known, so nobody has to sign for it. */
function claimsOf(token) {
  try {
    const bytes = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(bytes);
  } catch {
    return {};
  }
}

const here = () => new URL(".", document.baseURI).href;
const endpoint = (path) => new URL(path, `${at}/`).href;
const go = (path, query) => location.assign(`${endpoint(path)}?${new URLSearchParams(query)}`);
const random = () => inBase64(crypto.getRandomValues(new Uint8Array(32)));
const inBase64 = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const arrival = hasSignIn ? arrive() : null;
