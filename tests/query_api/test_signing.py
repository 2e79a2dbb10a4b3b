"""What is signed: URLs and forms, as botocore's S3 client would."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import botocore.auth
import botocore.session
import pytest
from botocore.config import Config
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import CredentialRetrievalError
from hypothesis import given
from hypothesis import strategies as st

from contract.detectors import MAX_S3_IMAGE_BYTES
from contract.errors import TransientError
from contract.photos import MAX_PHOTO_BYTES
from contract.records import ImageVersion
from processors.pictures.decoding import _DECODERS
from processors.pictures.raw_previews import _BY_MAKER
from query_api.adapters.s3_signing import TYPES, S3Signer, bucket_url
from query_api.ports import Content
from tests.query_api.site import Site

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=100)
PHOTO = b"a photo"
DIGEST = b64encode(sha256(PHOTO).digest()).decode()
CREDENTIALS = [Credentials("AKIDEXAMPLE", "secret/+="), Credentials("ASIAEXAMPLE", "secret", "to/ken+==")]


def signer(credentials: Credentials = CREDENTIALS[0], endpoint: str = "") -> S3Signer:
    where = bucket_url("photos", "eu-central-1", {"AWS_ENDPOINT_URL": endpoint} if endpoint else {})
    return S3Signer(where, "eu-central-1", lambda: credentials, lambda: NOW)


def version(key: str, version_id: str | None = "v/1") -> ImageVersion:
    return ImageVersion(key, "etag", 7, version_id, "2026-11-23T12:00:00.000Z")


def botocores(
    credentials: Credentials, endpoint: str | None, method: str, bucket: str = "photos", **asked: object
) -> str:
    client: Any = botocore.session.get_session().create_client(
        "s3",
        region_name="eu-central-1",
        endpoint_url=endpoint,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if endpoint else "virtual"},
            request_checksum_calculation="when_required",
        ),
    )
    return str(client.generate_presigned_url(method, {"Bucket": bucket, **asked}, ExpiresIn=900))


def taken_apart(url: str) -> tuple[str, str, str, dict[str, list[str]]]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc, unquote(parts.path), parse_qs(parts.query)


@pytest.fixture
def _at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    class Frozen(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Frozen:
            return cls(2026, 11, 23, 12, tzinfo=tz)

        @classmethod
        def utcnow(cls) -> Frozen:
            return cls(2026, 11, 23, 12)

    if hasattr(botocore.auth, "get_current_datetime"):
        monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: Frozen.utcnow())
    elif hasattr(botocore.auth, "datetime"):
        monkeypatch.setattr(botocore.auth, "datetime", SimpleNamespace(datetime=Frozen))


@pytest.mark.usefixtures("_at_noon")
@pytest.mark.parametrize("credentials", CREDENTIALS, ids=["for long", "for a session"])
@pytest.mark.parametrize("endpoint", [None, "http://127.0.0.1:4566"])
@pytest.mark.parametrize(
    "key", ["cat.jpg", "a b/ü+%&=?#~.PNG", "/x//", "😀'\"<img onerror=1>", "a:b@c!$*(),;"]
)
def test_a_url_is_that_of_botocores_s3_client(
    credentials: Credentials, endpoint: str | None, key: str
) -> None:
    shown_as = "image/png" if key.endswith("PNG") else "image/jpeg"
    wanted = botocores(
        credentials, endpoint, "get_object", Key=key, VersionId="v/1", ResponseContentType=shown_as
    )

    assert taken_apart(signer(credentials, endpoint or "").photo(version(key))) == taken_apart(wanted)


@pytest.mark.parametrize(
    ("key", "form", "shown_as"),
    [
        ("a.heic", "HEIF", "image/heic"),
        ("a.jpg", "HEIF", "image/heic"),
        ("a.jpg", "PNG", "image/png"),
        ("a.tif", "TIFF", "image/tiff"),
        ("a.dng", "DNG", "image/x-adobe-dng"),
        ("a.html", "text/html", "image/jpeg"),
        ("a.png", None, "image/png"),
        ("a.heic", None, "image/jpeg"),
    ],
)
def test_a_photo_is_shown_as_what_its_bytes_are(key: str, form: str | None, shown_as: str) -> None:
    query = taken_apart(signer().photo(version(key), form))[3]

    assert query["response-content-type"] == [shown_as]


def test_each_format_that_is_read_has_a_type() -> None:
    films = {"MP4", "MOV", "WEBM", "MKV", "AVI"}
    assert {*_DECODERS, *_BY_MAKER.values(), "DNG", "CR2"} | films == TYPES.keys()


@pytest.mark.usefixtures("_at_noon")
@pytest.mark.parametrize("endpoint", [None, "http://127.0.0.1:4566"])
@pytest.mark.parametrize(("name", "shown_as"), [("thumbnail.webp", "image/webp"), ("view.jpg", "image/jpeg")])
def test_a_rendition_is_signed_for_in_its_own_bucket(endpoint: str | None, name: str, shown_as: str) -> None:
    key = f"0123abcd-77@5/token/{name}"
    where = bucket_url("renditions", "eu-central-1", {"AWS_ENDPOINT_URL": endpoint} if endpoint else {})
    both = replace(signer(endpoint=endpoint or ""), renditions_url=where)

    wanted = botocores(
        CREDENTIALS[0], endpoint, "get_object", "renditions", Key=key, ResponseContentType=shown_as
    )
    assert taken_apart(both.rendition(key)) == taken_apart(wanted)


@given(key=KEYS)
def test_any_key_is_still_itself_in_its_url(key: str) -> None:
    path = urlsplit(signer().photo(version(key))).path

    assert unquote(path) == f"/{key}"


def test_an_image_without_a_version_is_shown_as_it_is_now() -> None:
    assert "versionId" not in signer().photo(version("cat.jpg", None))


@pytest.mark.usefixtures("_at_noon")
@pytest.mark.parametrize("credentials", CREDENTIALS, ids=["for long", "for a session"])
@pytest.mark.parametrize("endpoint", [None, "http://127.0.0.1:4566"])
@pytest.mark.parametrize("replace", [False, True])
def test_a_put_is_that_of_botocores_s3_client(
    credentials: Credentials, endpoint: str | None, replace: bool
) -> None:
    content = Content("a b/ü+%&=?#~.jpg", "image/jpeg", len(PHOTO), DIGEST)
    wanted = botocores(
        credentials,
        endpoint,
        "put_object",
        Key=content.key,
        ContentType=content.content_type,
        ContentLength=content.size_bytes,
        ChecksumSHA256=content.sha256,
        **({} if replace else {"IfNoneMatch": "*"}),
    )

    upload = signer(credentials, endpoint or "").upload(content, replace=replace)

    assert taken_apart(upload.url) == taken_apart(wanted)


def test_a_put_is_of_one_content_for_one_key_that_is_free() -> None:
    upload = signer().upload(Content("a/${x}.jpg", "image/jpeg", 7, DIGEST), replace=False)

    _, _, path, query = taken_apart(upload.url)
    assert path == "/a/${x}.jpg"
    assert query["X-Amz-SignedHeaders"] == [
        "content-length;content-type;host;if-none-match;x-amz-checksum-sha256"
    ]
    assert upload.headers == {
        "content-type": "image/jpeg",
        "if-none-match": "*",
        "x-amz-checksum-sha256": DIGEST,
    }
    assert query["X-Amz-Expires"] == ["900"]
    assert upload.expires_in_seconds == 900


def test_a_photo_is_replaced_only_by_a_put_that_says_so() -> None:
    upload = signer().upload(Content("a.jpg", "image/jpeg", 7, DIGEST), replace=True)

    assert "if-none-match" not in upload.headers
    assert taken_apart(upload.url)[3]["X-Amz-SignedHeaders"] == [
        "content-length;content-type;host;x-amz-checksum-sha256"
    ]


@pytest.mark.parametrize("change", ["content_type", "size_bytes", "sha256", "replace"])
def test_every_condition_is_in_the_signature(change: str) -> None:
    content = {"key": "a.jpg", "content_type": "image/jpeg", "size_bytes": 7, "sha256": DIGEST}
    other = {"content_type": "image/png", "size_bytes": 8, "sha256": b64encode(bytes(32)).decode()}

    def signature(replace: bool, **asked: Any) -> list[str]:
        return taken_apart(signer().upload(Content(**asked), replace=replace).url)[3]["X-Amz-Signature"]

    changed = {**content, **{change: other[change]}} if change in other else content
    assert signature(change == "replace", **changed) != signature(False, **content)


def session(ends_in: timedelta, renewed: list[dict[str, str]] | None = None) -> RefreshableCredentials:
    """Give the credentials of a session; those that it is renewed by, one after another."""

    def renew() -> dict[str, str]:
        if not renewed:
            raise CredentialRetrievalError(provider="test", error_msg="nobody answers")
        return renewed.pop(0)

    return RefreshableCredentials(
        "ASIAOLD", "old", "old", NOW + ends_in, renew, "test", time_fetcher=lambda: NOW
    )


@pytest.mark.parametrize(
    ("minutes", "promised"), [(60, 900), (15, 900), (14.5, 840), (12, 720), (10.01, 600)]
)
def test_a_url_says_no_more_time_than_its_session_has(minutes: float, promised: int) -> None:
    at_end = signer(session(timedelta(minutes=minutes)))

    upload = at_end.upload(Content("a.jpg", "image/jpeg", 7, DIGEST), replace=False)

    assert upload.expires_in_seconds == promised
    assert taken_apart(upload.url)[3]["X-Amz-Expires"] == [str(promised)]
    assert taken_apart(at_end.photo(version("a.jpg")))[3]["X-Amz-Expires"] == [str(promised)]


def test_a_session_that_is_about_to_end_is_renewed_before_it_signs() -> None:
    new = {
        "access_key": "ASIANEW",
        "secret_key": "new",
        "token": "new",
        "expiry_time": (NOW + timedelta(hours=1)).isoformat(),
    }

    query = taken_apart(signer(session(timedelta(minutes=1), [new])).photo(version("a.jpg")))[3]

    assert query["X-Amz-Credential"][0].startswith("ASIANEW/")
    assert query["X-Amz-Expires"] == ["900"]


def test_a_signature_is_of_one_session_though_it_is_renewed_meanwhile() -> None:
    class Turning(Credentials):
        """Is of another session whenever a part of it is read, but for its snapshots."""

        def __init__(self) -> None:
            self.read = 0

        def __getattribute__(self, name: str) -> Any:
            if name in {"access_key", "secret_key", "token"}:
                self.read += 1
                return f"{name}-{self.read}"
            return super().__getattribute__(name)

        def get_frozen_credentials(self) -> Any:
            return CREDENTIALS[1].get_frozen_credentials()

    assert signer(Turning()).photo(version("a.jpg")) == signer(CREDENTIALS[1]).photo(version("a.jpg"))


def test_a_session_that_ended_and_cannot_be_renewed_is_no_defect_of_ours() -> None:
    with pytest.raises(TransientError):
        signer(session(timedelta(minutes=-1))).photo(version("a.jpg"))


ASKED = {
    "key": "holiday/<img onerror=…>.jpg",
    "content_type": "image/jpeg",
    "size_bytes": 7,
    "sha256": DIGEST,
}


@pytest.mark.parametrize("replace", [False, True])
def test_leave_to_upload_says_what_to_put_where(site: Site, replace: bool) -> None:
    answer = site.post("/uploads", {**ASKED, "replace": True} if replace else ASKED)

    assert answer.status == 201
    assert answer.json == {
        "url": "https://photos/holiday/%3Cimg%20onerror%3D%E2%80%A6%3E.jpg?put",
        "method": "PUT",
        "headers": {
            "content-type": "image/jpeg",
            "x-amz-checksum-sha256": DIGEST,
            **({} if replace else {"if-none-match": "*"}),
        },
        "key": ASKED["key"],
        "expires_in_seconds": 900,
    }


@pytest.mark.parametrize(
    "key", [".", "..", "../a.jpg", "./a.jpg", "a/../b.jpg", "a/./b.jpg", "a/..", "a/.", "/../a", "soap"]
)
def test_a_key_that_no_browser_could_show_is_refused(site: Site, key: str) -> None:
    answer = site.post("/uploads", {**ASKED, "key": key})

    assert answer.status == 400
    (fault,) = answer.json["faults"]
    assert fault["parameter"] == "key"
    assert "browsers" in fault["reason"] or key == "soap"


@pytest.mark.parametrize(
    "key",
    ["...", "a..jpg", ".a/..b/c..", "a//b.jpg", "/a.jpg", "a/", "%2e%2e/a.jpg", "${filename}", "soap/a.jpg"],
)
def test_dots_in_names_are_allowed(site: Site, key: str) -> None:
    assert site.post("/uploads", {**ASKED, "key": key}).status == 201


SHA256 = "must be the base64 of 32 bytes, as `openssl dgst -sha256 -binary photo.jpg | base64` writes it"


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ("nonsense", {"body": "is not JSON"}),
        ("[]", {"body": "must be a JSON object"}),
        ({}, dict.fromkeys(["key", "content_type", "size_bytes", "sha256"], "missing")),
        ({**ASKED, "content_type": "text/html"}, {"content_type": "must be image/jpeg or image/png"}),
        ({**ASKED, "size_bytes": 0}, {"size_bytes": "must be a whole number from 1 to 15,728,640"}),
        ({**ASKED, "size_bytes": True}, {"size_bytes": "must be a whole number from 1 to 15,728,640"}),
        (
            {**ASKED, "size_bytes": MAX_S3_IMAGE_BYTES + 1},
            {"size_bytes": "must be a whole number from 1 to 15,728,640"},
        ),
        ({**ASKED, "key": "é" * 513}, {"key": "must have 1 to 1,024 bytes"}),
        ({**ASKED, "key": 5}, {"key": "must be text"}),
        (json.dumps({**ASKED, "key": "\ud800"}), {"key": "must be text that UTF-8 can hold"}),
        ({**ASKED, "sha256": sha256(PHOTO).hexdigest()}, {"sha256": SHA256}),
        ({**ASKED, "sha256": DIGEST[:-2] + "B="}, {"sha256": SHA256}),
        ({**ASKED, "sha256": DIGEST + "\n"}, {"sha256": SHA256}),
        ({**ASKED, "sha256": b64encode(bytes(31)).decode()}, {"sha256": SHA256}),
        ({**ASKED, "replace": "true"}, {"replace": "must be true or false"}),
        (
            {**ASKED, "acl": "public"},
            {"acl": "unknown; there are key, content_type, size_bytes, sha256, replace"},
        ),
        ('{"key": "' + "x" * 10_001 + '"}', {"body": "more than 10,000 bytes"}),
    ],
)
def test_an_upload_that_could_not_work_is_refused(body: object, faults: dict[str, str]) -> None:
    answer = Site(pictures=False).post("/uploads", body)

    assert answer.status == 400
    assert {fault["parameter"]: fault["reason"] for fault in answer.json["faults"]} == faults


@pytest.mark.parametrize("content_type", ["image/jpeg", "image/heic", "image/avif", "image/tiff"])
def test_more_and_larger_photos_may_come_where_pictures_are_looked_at(site: Site, content_type: str) -> None:
    asked = {**ASKED, "content_type": content_type, "size_bytes": MAX_PHOTO_BYTES}

    assert site.post("/uploads", asked).status == 201
    assert site.post("/uploads", {**asked, "size_bytes": MAX_PHOTO_BYTES + 1}).status == 400
    assert site.post("/uploads", {**asked, "content_type": "image/svg+xml"}).status == 400
    assert Site(pictures=False).post("/uploads", asked).status == 400
