"""`/`: the page people look at, and `/page/…`: its style, script and icon. They travel in the package.

What the page loads stands below a digest of all of it (`/page/<digest>/main.js`), so a browser keeps it for
good, asks again for the short page alone, and never mixes two versions.

The sources are ES modules and style sheets that a browser could load one by one; so that a first view is few
requests, they are sent as one script and one style. Each module becomes a function that returns what the
module exports, after those that it needs; `@import` becomes what it names. What a module loads only when it
is needed, by `import("./that.js")`, is a script of its own beside it. Nothing is renamed, and only comments
left out, so the scripts read like their sources. No more of the language is understood than the page uses.
The rest is refused: by the tests, and where the page is asked for.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from query_api.http.messages import HTML, Request, Response, unknown_path
from query_api.http.parameters import Parameter, text_up_to
from query_api.http.routing import Endpoint, Route

DIRECTORY = Path(__file__).parents[1] / "page"
INDEX, SCRIPT, STYLE, ICON = "index.html", "main.js", "main.css", "icon.svg"
# The page for operators, where the deployment has it.
STATUS_INDEX, STATUS_SCRIPT, STATUS_STYLE = "status.html", "status.js", "status.css"
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
FOR_GOOD, ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"
_DIGEST_CHARACTERS = 16
_NOT_MODIFIED = 304

_IMPORT = re.compile(r'^import \{ ([^}]+) \} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function|class|const) (\w+)", re.MULTILINE)
_LATER = re.compile(r'\bimport\("\./([\w-]+\.js)"\)')
_OTHER = re.compile(r"^\s*(?:import|export)\b.*|\bimport\s*\(.*|\bimport\.meta\b.*", re.MULTILINE)
# On lines of its own: a seventh of what a first view would weigh.
_COMMENT = re.compile(r"^ *(?://.*|/\*\*(?:[^*]|\*(?!/))*\*/)\n", re.MULTILINE)
_STYLE_IMPORT = re.compile(r'^@import "\./([\w-]+\.css)";\n', re.MULTILINE)

PAGE = Endpoint(
    "GET",
    "/",
    "showPage",
    "The page on which photos are looked at",
    description="Its address takes the parameters of `/images`; its script reads them, this answer does not.",
    content_type="text/html",
    is_static=True,
    takes_any_query=True,
)
STATUS = Endpoint(
    "GET",
    "/status",
    "showStatus",
    "The page for operators: how the pipeline stands, what failed, and a button to try it again",
    content_type="text/html",
    is_static=True,
    takes_any_query=True,
)
FILE = Endpoint(
    "GET",
    "/page/{file+}",
    "loadPageFile",
    "The style, the script or the icon of the page",
    path_parameters=(Parameter("file", text_up_to(200), "The page's digest, a slash and its name."),),
    content_type="*/*",
    refusals={404: "The page has no such file."},
    is_static=True,
    takes_any_query=True,
)


class SignInPages(NamedTuple):
    """Where people sign in: the URL of the pages for it, and the client that this page is to them."""

    url: str
    client_id: str


@dataclass(frozen=True)
class PageFiles:
    """What the pages are made of, put together when one is first asked for. Nothing else can be asked for.

    `has_status` adds what the page for operators loads.
    """

    directory: Path = DIRECTORY
    has_status: bool = False

    @cached_property
    def texts(self) -> Mapping[str, str]:
        entries = (SCRIPT, STATUS_SCRIPT) if self.has_status else (SCRIPT,)
        styles = (STYLE, STATUS_STYLE) if self.has_status else (STYLE,)
        return {
            **{name: text for entry in entries for name, text in scripts(self.directory, entry).items()},
            **{name: style(self.directory, name) for name in styles},
            ICON: (self.directory / ICON).read_text(encoding="utf-8"),
        }

    @cached_property
    def digest(self) -> str:
        """Return the name of this version of all that the page loads."""
        return _digest("".join(f"{name} {len(text)}\n{text}\n" for name, text in self.texts.items()))

    def index(
        self, name: str = INDEX, sign_in: SignInPages | None = None, bucket_prefix: str = "", **does: bool
    ) -> str:
        """Return a page. It loads the rest from below the digest, and knows what this deployment does."""
        text = (self.directory / name).read_text(encoding="utf-8")
        known = " ".join(
            f'data-{feature.replace("_", "-")}="{"on" if is_on else "off"}"'
            for feature, is_on in does.items()
        )
        if sign_in is not None:
            at, client = escape(sign_in.url), escape(sign_in.client_id)
            known += f' data-sign-in-at="{at}" data-sign-in-client="{client}"'
        if bucket_prefix:
            known += f' data-bucket-prefix="{escape(bucket_prefix)}"'
        text = text.replace("<html ", f"<html {known} " if known else "<html ", 1)
        return text.replace('"page/', f'"page/{self.digest}/')


# Put together once for each copy of the function, whoever asks.
FILES, FILES_OF_BOTH = PageFiles(), PageFiles(has_status=True)


@dataclass(frozen=True)
class PageEndpoints:
    """Serves the page. `photos_at` is the URL of the bucket: besides our own, the one host it may talk to.

    From the one at `renditions_at` it may show pictures; empty where photos' files are not looked at.
    `uploads` says whether photos can be added, `near_duplicates` whether such are found, `by_prefix` whether
    callers may see different ones; `sign_in` is where people sign in, None where tokens are put in by hand.
    `operator` says whether there is a page for operators, `policy` whether one says what is to be done with
    photos, `meaning` whether they are found by what they mean, `cameras` whether some of them are
    of cameras. `bucket_prefix` is what the keys of photos that are added begin with.
    """

    photos_at: str
    renditions_at: str = ""
    uploads: bool = True
    near_duplicates: bool = False
    by_prefix: bool = False
    sign_in: SignInPages | None = None
    operator: bool = False
    policy: bool = False
    bucket_prefix: str = ""
    meaning: bool = False
    cameras: bool = False

    @property
    def files(self) -> PageFiles:
        return FILES_OF_BOTH if self.operator else FILES

    def routes(self) -> tuple[Route, ...]:
        status = (Route(STATUS, self._status),) if self.operator else ()
        return Route(PAGE, self._page), *status, Route(FILE, self._file)

    def _page(self, request: Request) -> Response:
        text = self.files.index(
            INDEX,
            self.sign_in,
            self.bucket_prefix,
            uploads=self.uploads,
            pictures=bool(self.renditions_at),
            near_duplicates=self.near_duplicates,
            by_prefix=self.by_prefix,
            operator=self.operator,
            **({"policy": True} if self.policy else {}),
            **({"meaning": True} if self.meaning else {}),
            **({"cameras": True} if self.cameras else {}),
        )
        return self._shown(request, text)

    def _status(self, request: Request) -> Response:
        text = self.files.index(STATUS_INDEX, self.sign_in)
        return self._shown(request, text)

    def _shown(self, request: Request, text: str) -> Response:
        sign_in_at = "" if self.sign_in is None else self.sign_in.url
        headers = security_headers(self.photos_at, self.renditions_at, sign_in_at)
        return _kept(request, text, HTML, ASK_AGAIN, headers)

    def _file(self, request: Request) -> Response:
        digest, _, name = request.path.removeprefix("/page/").partition("/")
        text = self.files.texts.get(name)
        if text is None or digest != self.files.digest:
            raise unknown_path(request.path)
        return _kept(request, text, CONTENT_TYPES[Path(name).suffix], FOR_GOOD, {})


def _kept(request: Request, text: str, content_type: str, kept: str, more: Mapping[str, str]) -> Response:
    """Answer with what a cache has to know; with nothing else, if the browser has this version."""
    etag = f'"{_digest(text)}"'
    # Weak: the same text travels packed and unpacked.
    headers = {**more, "cache-control": kept, "etag": f"W/{etag}", "vary": "accept-encoding"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(_NOT_MODIFIED, "", content_type, headers)
    return Response(200, text, content_type, headers)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARACTERS]


def security_headers(photos_at: str, renditions_at: str = "", sign_in_at: str = "") -> Mapping[str, str]:
    """Allow the page to run its own scripts, ask its own API, show photos and renditions, and add photos.

    And to ask for tokens where people sign in.

    Keys and labels are hostile. The page builds its elements one by one; trusted types make the browser
    refuse everything that would read markup out of text.
    https://www.w3.org/TR/CSP3/ https://www.w3.org/TR/trusted-types/
    """
    bucket = _origin(photos_at)
    shown = sorted({bucket, _origin(renditions_at)}) if renditions_at else [bucket]
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": f"'self' blob: {' '.join(shown)}",
        "media-src": bucket,
        "connect-src": " ".join(["'self'", bucket, *([_origin(sign_in_at)] if sign_in_at else [])]),
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }
    return {
        "content-security-policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
    }


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class PageBundleError(Exception):
    """A source uses what is not understood here. The message says where."""


def scripts(directory: Path, entry: str) -> Mapping[str, str]:
    """Return, by name, one module that does what the module `entry` does, and those that it loads later.

    A module that was loaded at first is there once: the later ones have it from the first, with its state.
    Raises PageBundleError, OSError.
    """
    first = _Script(directory)
    first.add(entry)
    later = {name: _Script(directory, frozenset(first.done)) for name in first.later}
    for name, bundle in later.items():
        bundle.add(name)
    shared = sorted({name for bundle in later.values() for name in bundle.shared})
    given = f"export {{ {', '.join(map(_variable, shared))} }};\n" if shared else ""
    return {
        entry: "".join(first.parts) + given,
        **{name: bundle.as_later(name, entry) for name, bundle in later.items()},
    }


def style(directory: Path, entry: str) -> str:
    """Return one style sheet: `entry`, with what it imports in the place of the imports. Raises OSError."""

    def imported(found: re.Match[str]) -> str:
        return style(directory, found[1])

    return _STYLE_IMPORT.sub(imported, (directory / entry).read_text(encoding="utf-8"))


@dataclass
class _Script:
    directory: Path
    loaded: frozenset[str] = frozenset()
    parts: list[str] = field(default_factory=list)
    done: set[str] = field(default_factory=set)
    open: list[str] = field(default_factory=list)
    shared: set[str] = field(default_factory=set)
    later: list[str] = field(default_factory=list)

    def add(self, name: str) -> None:
        if name in self.loaded:
            self.shared.add(name)
            return
        if name in self.done:
            return
        if name in self.open:
            raise PageBundleError(f"modules need each other in a circle: {' → '.join([*self.open, name])}")
        self.open.append(name)
        source = (self.directory / name).read_text(encoding="utf-8")
        for found in _IMPORT.finditer(source):
            self.add(found[2])
        found_later = [found[1] for found in _LATER.finditer(source)]
        if found_later and self.loaded:
            raise PageBundleError(f"{name} is loaded later, and loads {found_later[0]} later still")
        self.later += found_later
        self.parts.append(_function_of(name, source))
        self.open.pop()
        self.done.add(name)

    def as_later(self, name: str, first: str) -> str:
        """Return a module that exports what the module `name` does, beside what `first` has loaded."""
        if name in self.loaded:
            raise PageBundleError(f"{name} is loaded at first, and later again")
        shared = ", ".join(map(_variable, sorted(self.shared)))
        exported = _EXPORT.findall((self.directory / name).read_text(encoding="utf-8"))
        given = ", ".join(each for _, each in exported)
        return (
            (f'import {{ {shared} }} from "./{first}";\n' if shared else "")
            + "".join(self.parts)
            + f"export const {{ {given} }} = {_variable(name)};\n"
        )


def _function_of(name: str, source: str) -> str:
    source = _COMMENT.sub("", source)
    exported = [found[2] for found in _EXPORT.finditer(source)]
    body = _EXPORT.sub(r"\1 \2", _IMPORT.sub(_destructuring, source))
    if (other := _OTHER.search(_LATER.sub("", body))) is not None:
        raise PageBundleError(f"{name}: {other[0].strip()!r} is not understood")
    given = f"return {{ {', '.join(exported)} }};\n" if exported else ""
    return f"// {name}\nconst {_variable(name)} = (() => {{\n{body}{given}}})();\n"


def _destructuring(found: re.Match[str]) -> str:
    names = ", ".join(part.strip().replace(" as ", ": ") for part in found[1].split(","))
    return f"const {{ {names} }} = {_variable(found[2])};\n"


def _variable(name: str) -> str:
    return "$" + name.removesuffix(".js").replace("-", "_")
