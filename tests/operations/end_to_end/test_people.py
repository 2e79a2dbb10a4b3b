"""`imagepipe people` as it is typed, on a running place, by faces of real photos."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from contract.moments import day_of
from tests.conftest import RunningCloud
from tests.operations.end_to_end.test_imagepipe import IMAGES, Operator

NAME = "Grace"
COLLECTION = {
    "people_collection": "people-end-to-end",
    "people_purpose": "this test",
    "people_contact": "privacy@photos.example",
    "people_retention_days": "30",
}


@pytest.fixture
def operator(running: RunningCloud, tmp_path: Path) -> Operator:
    """Somebody who works with the running place as if it had been deployed with people."""
    written: dict[str, Any] = json.loads(running.environment.outputs_file.read_text())
    (tmp_path / "outputs.json").write_text(json.dumps(written | COLLECTION))
    return Operator(replace(running, environment=replace(running.environment, directory=tmp_path)))


def test_who_was_enrolled_is_found_by_nobody_once_forgotten(operator: Operator, tmp_path: Path) -> None:
    operator.upload("people/grace.jpg", "grace_hopper.jpg")
    small = tmp_path / "small.jpg"
    with Image.open(IMAGES / "grace_hopper.jpg") as photo:
        photo.resize((photo.width // 2, photo.height // 2)).save(small)
    in_bucket, today = f"s3://{operator.outputs.bucket}/people/grace.jpg", day_of(time.time())
    adding = ("people", "add", NAME, in_bucket, str(small), "--agreed", today, "--yes")

    added = operator.json(*adding)
    assert (added["faces"], added["status"]) == (2, "enrolled")
    astronaut = str(IMAGES / "astronaut.jpg")
    operator.run("people", "add", NAME, astronaut, "--agreed", today, "--yes", code=2)
    assert [person["faces"] for person in operator.json("people", "list")] == [2]

    (receipt,) = operator.json("people", "forget", NAME, "--yes")
    assert (receipt["faces_removed"], receipt["photos_searched_by"]) == (2, 1)
    assert operator.json("people", "list") == []
