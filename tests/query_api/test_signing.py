"""What is signed: URLs and forms, as botocore's S3 client would."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import botocore.auth
import botocore.session
import pytest
from botocore.config import Config
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from contract.identity import ImageVersion
from contract.limits import MAX_S3_IMAGE_BYTES
from query_api.adapters.s3_signing import S3Signer, bucket_url
from tests.query_api.site import Site

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=100)
CREDENTIALS = [Credentials("AKIDEXAMPLE", "secret/+="), Credentials("ASIAEXAMPLE", "secret", "to/ken+==")]


def signer(credentials: Credentials = CREDENTIALS[0], endpoint: str = "") -> S3Signer:
    where = bucket_url("photos", "eu-central-1", {"AWS_ENDPOINT_URL": endpoint} if endpoint else {})
    return S3Signer("photos", where, "eu-central-1", lambda: credentials, lambda: NOW)


def version(key: str, version_id: str | None = "v/1") -> ImageVersion:
    return ImageVersion(key, "etag", 7, version_id, "2026-11-23T12:00:00.000Z")


def botocores(credentials: Credentials, endpoint: str | None, **asked: str) -> str:
    client: Any = botocore.session.get_session().create_client(
        "s3",
        region_name="eu-central-1",
        endpoint_url=endpoint,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.token,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path" if endpoint else "virtual"}),
    )
    return str(client.generate_presigned_url("get_object", {"Bucket": "photos", **asked}, ExpiresIn=900))


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
    wanted = botocores(credentials, endpoint, Key=key, VersionId="v/1", ResponseContentType=shown_as)

    assert taken_apart(signer(credentials, endpoint or "").photo(version(key))) == taken_apart(wanted)


@given(key=KEYS)
def test_any_key_is_still_itself_in_its_url(key: str) -> None:
    path = urlsplit(signer().photo(version(key))).path

    assert unquote(path) == f"/{key}"


def test_an_image_without_a_version_is_shown_as_it_is_now() -> None:
    assert "versionId" not in signer().photo(version("cat.jpg", None))


def test_a_form_allows_one_key_one_type_and_one_size() -> None:
    upload = signer().upload("a/${x}.jpg", "image/jpeg", 7, 7)

    policy = json.loads(b64decode(upload.fields["policy"]))
    assert upload.url == "https://photos.s3.eu-central-1.amazonaws.com"
    assert policy["expiration"] == "2026-11-23T12:15:00Z"
    assert policy["conditions"][:4] == [
        {"bucket": "photos"},
        {"key": "a/${x}.jpg"},
        {"Content-Type": "image/jpeg"},
        ["content-length-range", 7, 7],
    ]
    assert {"key", "Content-Type", "policy", "x-amz-signature"} <= set(upload.fields)


def test_leave_to_upload_says_where_to_post_what(site: Site) -> None:
    asked = {"key": "holiday/<img onerror=…>.jpg", "content_type": "image/jpeg", "size_bytes": 7}

    answer = site.post("/uploads", asked)

    assert answer.status == 201
    assert answer.json == {
        "url": "https://photos",
        "method": "POST",
        "fields": {"key": asked["key"], "Content-Type": "image/jpeg"},
        "key": asked["key"],
        "expires_in_seconds": 900,
    }


@pytest.mark.parametrize(
    ("body", "blamed"),
    [
        ("nonsense", ["body"]),
        ("[]", ["body"]),
        ({}, ["key", "content_type", "size_bytes"]),
        ({"key": "a", "content_type": "text/html", "size_bytes": 1}, ["content_type"]),
        ({"key": "a", "content_type": "image/png", "size_bytes": 0}, ["size_bytes"]),
        ({"key": "a", "content_type": "image/png", "size_bytes": True}, ["size_bytes"]),
        ({"key": "a", "content_type": "image/png", "size_bytes": MAX_S3_IMAGE_BYTES + 1}, ["size_bytes"]),
        ({"key": "${filename}", "content_type": "image/png", "size_bytes": 1}, ["key"]),
        ({"key": "é" * 513, "content_type": "image/png", "size_bytes": 1}, ["key"]),
        ('{"key": "\\ud800", "content_type": "image/png", "size_bytes": 1}', ["key"]),
        ({"key": "a", "content_type": "image/png", "size_bytes": 1, "acl": "public"}, ["acl"]),
        ('{"key": "' + "x" * 10_001 + '"}', ["body"]),
    ],
)
def test_an_upload_that_could_not_work_is_refused(site: Site, body: object, blamed: list[str]) -> None:
    answer = site.post("/uploads", body)

    assert answer.status == 400
    assert [fault["parameter"] for fault in answer.json["faults"]] == blamed
