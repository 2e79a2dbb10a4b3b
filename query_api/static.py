"""`/`: the page people look at, and `/page/…`: its styles and scripts. They travel in the package.

Everything the page loads stands below a digest of all of it (`/page/<digest>/main.js`), so a browser keeps
the files for good, asks again for the short page alone, and never mixes two versions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from query_api import problems
from query_api.endpoints import Endpoint, Route
from query_api.exchange import HTML, Reply, Request
from query_api.kinds import Parameter, Text

DIRECTORY = Path(__file__).with_name("page")
INDEX = "index.html"
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
FOR_GOOD, ASK_AGAIN = "public, max-age=31536000, immutable", "no-cache"
_DIGEST_CHARACTERS = 16
_NOT_MODIFIED = 304

PAGE = Endpoint(
    "GET",
    "/",
    "showPage",
    "The page on which photos are looked at",
    description="Its address takes the parameters of `/images`; its script reads them, this answer does not.",
    content_type="text/html",
    is_static=True,
)
FILE = Endpoint(
    "GET",
    "/page/{file+}",
    "loadPageFile",
    "A style, script or drawing of the page",
    path_parameters=(Parameter("file", Text(200), "Its name, or the page's digest, a slash and its name."),),
    content_type="*/*",
    refusals={404: "The page has no such file."},
    is_static=True,
)


@dataclass(frozen=True)
class PageFiles:
    """The files of one directory, read when first asked for. Nothing else can be asked for."""

    directory: Path = DIRECTORY

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """Give the files by name, the page itself left out."""
        paths = sorted(path for path in self.directory.iterdir() if path.suffix in CONTENT_TYPES)
        return {path.name: path.read_text(encoding="utf-8") for path in paths}

    @cached_property
    def digest(self) -> str:
        """Name this version of all files."""
        seen = hashlib.sha256((self.directory / INDEX).read_bytes())
        for name, text in self.texts.items():
            seen.update(f"\n{name} {len(text)}\n{text}".encode())
        return seen.hexdigest()[:_DIGEST_CHARACTERS]

    @cached_property
    def index(self) -> str:
        """Give the page; what it loads stands below the digest."""
        return (self.directory / INDEX).read_text(encoding="utf-8").replace('"page/', f'"page/{self.digest}/')


@dataclass(frozen=True)
class PageAnswers:
    """Serves the page. `photos_at` is the URL of the bucket: besides our own, the one host it may talk to."""

    photos_at: str
    files: PageFiles = PageFiles()

    def routes(self) -> tuple[Route, ...]:
        """Give both routes."""
        return Route(PAGE, self._page), Route(FILE, self._file)

    def _page(self, request: Request) -> Reply:
        return self._kept(request, self.files.index, HTML, ASK_AGAIN, security_headers(self.photos_at))

    def _file(self, request: Request) -> Reply:
        asked = request.path.removeprefix("/page/")
        name = asked.removeprefix(f"{self.files.digest}/")
        text = self.files.texts.get(name)
        if text is None:
            raise problems.RefusedError(problems.unknown_path(request.path))
        kept = ASK_AGAIN if asked == name else FOR_GOOD
        return self._kept(request, text, CONTENT_TYPES[Path(name).suffix], kept, {})

    def _kept(
        self, request: Request, text: str, content_type: str, kept: str, more: Mapping[str, str]
    ) -> Reply:
        """Answer with what a cache has to know; with nothing else, if the browser has this version."""
        etag = f'"{self.files.digest}"'
        headers = {**more, "cache-control": kept, "etag": etag}
        if etag in request.headers.get("if-none-match", ""):
            return Reply(_NOT_MODIFIED, "", content_type, headers)
        return Reply(200, text, content_type, headers)


def security_headers(photos_at: str) -> Mapping[str, str]:
    """Say what the page may do: run its own scripts, ask its own API, show photos of the bucket and add some.

    Keys and labels are hostile. The page builds its elements one by one; trusted types make the browser
    refuse everything that would read markup out of text.
    https://www.w3.org/TR/CSP3/ https://www.w3.org/TR/trusted-types/
    """
    parts = urlsplit(photos_at)
    bucket = f"{parts.scheme}://{parts.netloc}"
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": f"'self' blob: {bucket}",
        "connect-src": f"'self' {bucket}",
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
