"""The pictures function runs in the local cloud as it was deployed: out of its zip, on its own libraries."""

import json
from typing import Any
from uuid import uuid4

import boto3
import pytest

from contract.photos import THUMBNAIL_PIXELS, PhotoFacts
from infra.bundles import ROOT
from local.cloud.environment import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from tests.conftest import RunningCloud

HEIC = ROOT / "tests" / "processors" / "pictures" / "heic"
PHOTOS = {"JPEG": ROOT / "images" / "cat.jpg", "HEIF": next(HEIC.glob("*.heic"))}


@pytest.fixture
def functions(running: RunningCloud) -> Any:
    session: Any = boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION)
    return session.client("lambda", endpoint_url=running.outputs.endpoint_url)


@pytest.mark.parametrize("form", PHOTOS)
def test_a_photo_in_the_bucket_is_looked_at_and_has_its_renditions(
    running: RunningCloud, functions: Any, form: str
) -> None:
    key, content_id = f"pictures/{uuid4().hex}", uuid4().hex
    body = PHOTOS[form].read_bytes()
    put = running.clients.s3.put_object(Bucket=running.outputs.bucket, Key=key, Body=body)
    asked = {
        "key": key,
        "etag": put["ETag"].strip('"'),
        "version_id": put["VersionId"],
        "size_bytes": len(body),
        "content_id": content_id,
        "token": "mine",
    }
    (name,) = (
        each["FunctionName"]
        for each in functions.list_functions()["Functions"]
        if each["Handler"] == "processors.pictures_handler.handler"
    )

    answer = functions.invoke(FunctionName=name, Payload=json.dumps(asked).encode())

    said = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, said
    photo = PhotoFacts.from_json(said["photo"])
    assert (photo.format, photo.has_view, photo.renditions) == (form, form == "HEIF", "mine")
    made = running.clients.objects(running.outputs.renditions_bucket)
    wanted = {photo.thumbnail_key(content_id), photo.view_key(content_id)} - {None}
    assert {found for found in made if found.startswith(content_id)} == wanted
    assert all(made[found]["Size"] > THUMBNAIL_PIXELS for found in wanted if found)
