"""URLs that the deployed API signs, used by somebody who has nothing else."""

import json
import urllib.error
import urllib.request
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any
from uuid import uuid4

from infra.bundles import ROOT
from tests.end_to_end.conftest import Site as Cloud
from tests.end_to_end.conftest import site as cloud  # noqa: F401

PHOTO = (ROOT / "images" / "cat.jpg").read_bytes()
HOSTILE = "holiday//<img onerror=alert(1)> ü & 100%25?#+/raw"


def sent(method: str, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return (
                answer.status,
                {name.lower(): value for name, value in answer.headers.items()},
                answer.read(),
            )
    except urllib.error.HTTPError as refused:
        return refused.code, {}, refused.read()


def fetched(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def put(upload: dict[str, Any], photo: bytes, **changed: str | None) -> int:
    """Put a photo as the API says, with some headers changed, or left out where None."""
    headers = {**upload["headers"], **{name.replace("_", "-"): value for name, value in changed.items()}}
    return sent("PUT", upload["url"], photo, {name: value for name, value in headers.items() if value})[0]


def leave(cloud: Cloud, key: str, photo: bytes, **more: object) -> dict[str, Any]:  # noqa: F811
    digest = b64encode(sha256(photo).digest()).decode()
    asked = {"key": key, "content_type": "image/jpeg", "size_bytes": len(photo), "sha256": digest, **more}
    url = f"{cloud.running.outputs.api_url}/uploads"
    status, _, answer = sent("POST", url, json.dumps(asked).encode(), {"content-type": "application/json"})
    assert status == 201, answer
    found: dict[str, Any] = json.loads(answer)
    return found


def stored(cloud: Cloud, key: str) -> bytes:  # noqa: F811
    return cloud.running.clients.s3.get_object(Bucket=cloud.bucket, Key=key)["Body"].read()


def test_an_uploaded_photo_appears_as_the_version_that_the_bucket_named(cloud: Cloud) -> None:  # noqa: F811
    photo = PHOTO + uuid4().bytes
    upload = leave(cloud, HOSTILE, photo)

    status, headers, said = sent("PUT", upload["url"], photo, upload["headers"])
    assert status == 200, said

    cloud.completions([HOSTILE])
    status, image = cloud.get("/images", key=HOSTILE)
    assert (status, image["key"]) == (200, HOSTILE)
    assert image["version"]["version_id"] == headers["x-amz-version-id"]
    assert f'"{image["version"]["etag"]}"' == headers["etag"]
    assert fetched(image["url"]) == (200, photo)


def test_leave_is_for_one_content_once_and_for_nothing_else(cloud: Cloud) -> None:  # noqa: F811
    key = f"{uuid4().hex}.jpg"
    upload = leave(cloud, key, PHOTO)
    other = PHOTO[:-1] + b"x"
    other_digest = b64encode(sha256(other).digest()).decode()
    elsewhere = {**upload, "url": upload["url"].replace(key, f"other-{key}")}

    assert put(upload, other) == 400, "S3 holds the bytes to the digest that was signed"
    assert put(upload, other, x_amz_checksum_sha256=other_digest) == 403
    assert put(upload, PHOTO, x_amz_checksum_sha256=None) == 403
    assert put(upload, PHOTO + b"x") == 403
    assert put(upload, PHOTO, content_type="text/html") == 403
    assert put(upload, PHOTO, if_none_match=None) == 403
    assert put(elsewhere, PHOTO) == 403
    assert put(upload, PHOTO) == 200
    assert put(upload, PHOTO) == 412, "not even the same a second time"


def test_of_two_photos_for_one_name_the_first_stays(cloud: Cloud) -> None:  # noqa: F811
    key = f"{uuid4().hex}.jpg"
    photos = [PHOTO + uuid4().bytes for _ in range(4)]
    uploads = [leave(cloud, key, photo) for photo in photos]

    with ThreadPoolExecutor(len(photos)) as together:
        statuses = list(together.map(put, uploads, photos))

    assert sorted(statuses) == [200, 412, 412, 412]
    assert stored(cloud, key) == photos[statuses.index(200)]
    versions = cloud.running.clients.s3.list_object_versions(Bucket=cloud.bucket, Prefix=key)["Versions"]
    assert len(versions) == 1


def test_a_photo_is_replaced_where_that_was_asked_for(cloud: Cloud) -> None:  # noqa: F811
    key = f"{uuid4().hex}.jpg"
    new = PHOTO + uuid4().bytes
    assert put(leave(cloud, key, PHOTO), PHOTO) == 200

    assert put(leave(cloud, key, new, replace=True), new) == 200

    assert stored(cloud, key) == new


def test_a_url_is_good_for_its_own_photo_only(cloud: Cloud) -> None:  # noqa: F811
    key = f"{uuid4().hex}.jpg"
    cloud.put(key, PHOTO)
    cloud.completions([key])
    url = cloud.get("/images", key=key)[1]["url"]

    assert fetched(url)[0] == 200
    assert fetched(url.replace(key, "other.jpg"))[0] == 403


def test_lists_come_by_confidence_and_their_cursors_outlive_a_request(cloud: Cloud) -> None:  # noqa: F811
    keys = [f"order/{uuid4().hex}.jpg" for _ in range(3)]
    for key in keys:
        cloud.put(key, PHOTO)
    cloud.completions(keys)
    asked = {"label": "cat", "prefix": "order/", "order": "confidence", "limit": 2}

    _, first = cloud.get("/images", **asked)
    _, second = cloud.get("/images", **asked, cursor=first["cursor"])

    assert {image["key"] for image in (*first["images"], *second["images"])} >= set(keys)
    assert cloud.get("/images", label="dog", cursor=first["cursor"])[0] == 400
