"""The page and its API over tables in memory, below a path; the bucket at an origin of its own: as on AWS."""

import io
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from hashlib import md5, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from PIL import Image

from contract.key_filter import EVERY_KEY, KeyFilter
from contract.records import ImageRecord, ImageVersion
from contract.results import Result, ResultName
from query_api.ports import Content, UploadGrant
from query_api.routes import Dependencies
from tests.query_api.photos import commit, photo, write_result
from tests.query_api.site import Site, headers_of, sent
from tests.query_api.wsgi import event_of

PREFIX = "/prod/photos"


def picture(colour: str = "steelblue", width: int = 400, height: int = 300) -> bytes:
    """Give a JPEG of one colour."""
    written = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(written, "JPEG")
    return written.getvalue()


def etag_of(content: bytes) -> str:
    """Give the ETag of an object that was put in one piece."""
    return md5(content, usedforsecurity=False).hexdigest()


@dataclass
class Host(Site):
    """What tests change: `site` below answers by itself. Uploads call `before_put` and `uploaded`."""

    objects: dict[str, bytes] = field(default_factory=dict)
    plain: bytes = field(default_factory=picture)
    is_down: bool = False
    token: str | None = None
    forbids_uploads: bool = False
    expired_before: int = 0
    accepted: KeyFilter = EVERY_KEY
    signed: int = 0
    fetched: list[str] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    before_put: Callable[[str], object] = lambda key: None
    uploaded: Callable[[str, bytes], None] = lambda key, content: None
    origin: str = ""
    bucket_url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"{self.origin}{PREFIX}/"

    @property
    def parts(self) -> Dependencies:
        return replace(
            super().parts,
            signer=self,
            keys=self.accepted,
            photos_at=self.bucket_url,
            renditions_at=self.renditions_url if self.pictures else "",
        )

    @property
    def renditions_url(self) -> str:
        """Where small pictures are: at an origin of their own, as another bucket is."""
        return self.bucket_url.replace("127.0.0.1", "localhost")

    def photo(self, version: ImageVersion, form: str | None = None) -> str:
        """Sign for a photo; each signature has a number, and those before `expired_before` have expired."""
        self.signed += 1
        return f"{self.bucket_url}/{quote(version.key)}?signed={self.signed}"

    def rendition(self, key: str) -> str:
        self.signed += 1
        return f"{self.renditions_url}/{quote(key)}?signed={self.signed}"

    def upload(self, content: Content, *, replace: bool) -> UploadGrant:
        url = f"{self.bucket_url}/{quote(content.key)}?size={content.size_bytes}"
        return UploadGrant(url, headers_of(content, replace), 900)

    def recognize(self, record: ImageRecord, content: bytes) -> None:
        """Have stored bytes recognized: the record names them as the bucket did."""
        self.add(replace(record, version=replace(record.version, etag=etag_of(content), version_id=None)))

    def add(self, record: ImageRecord, responses: Mapping[str, Any] | None = None) -> None:
        """Have a photo recognized, with what each detector answered."""
        answers = responses or {}
        commit(self.table, replace(record, detectors={**record.detectors, **dict.fromkeys(answers, "f1")}))
        for detector, response in answers.items():
            name = ResultName(record.version.content_id, detector, "f1")
            write_result(self.table, Result(name, response, "2026-11-23T12:30:00.000Z"))

    def paths(self) -> list[str]:
        """List the paths of the API that were asked for."""
        return [path.partition("?")[0].removeprefix(PREFIX) for _, path in self.asked]


class ApiHandler(BaseHTTPRequestHandler):
    """Answers below PREFIX as an HTTP API with a JWT authorizer does."""

    host: Host

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body, host = self.rfile.read(length), self.host
        if host.is_down:
            self.close_connection = True
            return
        path, _, query = self.path.removeprefix(PREFIX).partition("?")
        with host.lock:
            host.asked.append((self.command, self.path))
            host.tokens.append(self.headers.get("authorization"))
            if self._is_foreign(path):
                self._send(401, {"content-type": "application/json"}, b'{"message":"Unauthorized"}')
                return
            if host.forbids_uploads and path == "/uploads":
                self._send(403, {"content-type": "application/json"}, b'{"message":"Forbidden"}')
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = host.reply({**event_of(self.command, unquote(path), query, body), "headers": headers})
        self._send(reply["statusCode"], reply["headers"], sent(reply))

    do_POST = do_PATCH = do_GET  # noqa: N815

    def _is_foreign(self, path: str) -> bool:
        is_open = path in ("/", "/status") or path.startswith("/page/")
        wanted = self.host.token
        return wanted is not None and not is_open and self.headers.get("authorization") != f"Bearer {wanted}"

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None: ...


class BucketHandler(ApiHandler):
    """Answers as S3 does: signed GETs, and signed PUTs of pages whose origin is allowed."""

    def do_GET(self) -> None:
        key, query = self._asked()
        self.host.fetched.append(key)
        if int(query.partition("signed=")[2] or 0) < self.host.expired_before:
            self._send(403, {}, b"<Error><Message>Request has expired</Message></Error>")
            return
        self._send(200, {"content-type": "image/jpeg"}, self.host.objects.get(key, self.host.plain))

    def do_OPTIONS(self) -> None:
        self._send(200, {**self._allowed(), "access-control-allow-methods": "PUT"}, b"")

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["content-length"]))
        key, query = self._asked()
        digest = b64encode(sha256(content).digest()).decode()
        assert self.headers["x-amz-checksum-sha256"] == digest
        assert query == f"size={len(content)}"
        self.host.before_put(key)
        with self.host.lock:
            is_taken = key in self.host.objects and self.headers["if-none-match"] == "*"
            if not is_taken:
                self.host.objects[key] = content
        if is_taken:
            self._send(412, self._allowed(), b"<Error><Code>PreconditionFailed</Code></Error>")
            return
        self._send(200, {**self._allowed(), "etag": f'"{etag_of(content)}"'}, b"")
        with self.host.lock:
            self.host.uploaded(key, content)

    def _asked(self) -> tuple[str, str]:
        path, _, query = self.path.partition("?")
        return unquote(path.removeprefix("/bucket/")), query

    def _allowed(self) -> dict[str, str]:
        return {
            "access-control-allow-origin": self.host.origin,
            "access-control-allow-headers": "*",
            "access-control-expose-headers": "etag, x-amz-version-id",
        }


HostType = TypeVar("HostType", bound=Host)


def serve(host: HostType, until: ExitStack) -> HostType:
    """Serve on two free ports until the stack is left."""
    for handler in (BucketHandler, ApiHandler):
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Of", (handler,), {"host": host}))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        until.callback(server.server_close)
        until.callback(server.shutdown)
        address = f"http://127.0.0.1:{server.server_port}"
        if handler is BucketHandler:
            host.bucket_url = f"{address}/bucket"
        else:
            host.origin = address
    return host


def box(left: float, top: float, width: float, height: float) -> dict[str, float]:
    """Write a box as Rekognition does."""
    return {"Left": left, "Top": top, "Width": width, "Height": height}


__all__ = ["Host", "box", "photo", "picture", "serve"]
