"""URLs and forms that the deployed API signs, used by somebody who has nothing else."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from uuid import uuid4

from infra.bundles import ROOT
from tests.end_to_end.conftest import Site as Cloud
from tests.end_to_end.conftest import site as cloud  # noqa: F401

PHOTO = (ROOT / "images" / "cat.jpg").read_bytes()
HOSTILE = "holiday/<img onerror=alert(1)> ü & 100%?/raw"


def post(url: str, body: bytes, content_type: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url, body, {"content-type": content_type}, method="POST")
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def fetched(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def form(fields: dict[str, str], photo: bytes) -> tuple[bytes, str]:
    """Write a form as a browser does."""
    boundary = uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'.encode()
    return b"".join([*parts, file, photo, f"\r\n--{boundary}--\r\n".encode()]), (
        f"multipart/form-data; boundary={boundary}"
    )


def leave(cloud: Cloud, key: str, photo: bytes) -> dict[str, Any]:  # noqa: F811
    asked = {"key": key, "content_type": "image/jpeg", "size_bytes": len(photo)}
    url = f"{cloud.running.outputs.api_url}/uploads"
    status, answer = post(url, json.dumps(asked).encode(), "application/json")
    assert status == 201, answer
    found: dict[str, Any] = json.loads(answer)
    return found


def test_a_photo_uploaded_by_form_appears_and_its_url_shows_it(cloud: Cloud) -> None:  # noqa: F811
    photo = PHOTO + uuid4().bytes
    upload = leave(cloud, HOSTILE, photo)

    status, said = post(upload["url"], *form(upload["fields"], photo))
    assert status in {200, 201, 204}, said

    cloud.completions([HOSTILE])
    status, image = cloud.get("/images", key=HOSTILE)
    assert (status, image["key"]) == (200, HOSTILE)
    assert fetched(image["url"]) == (200, photo)


def test_a_form_is_good_for_its_own_key_and_size_only(cloud: Cloud) -> None:  # noqa: F811
    upload = leave(cloud, "mine.jpg", PHOTO)

    assert post(upload["url"], *form({**upload["fields"], "key": "other.jpg"}, PHOTO))[0] == 403
    assert post(upload["url"], *form(upload["fields"], PHOTO + b"x"))[0] == 400
    assert cloud.get("/images", key="other.jpg")[0] == 404


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
