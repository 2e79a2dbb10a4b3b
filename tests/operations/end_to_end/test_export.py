"""`imagepipe export` as it is typed, on a running place."""

import csv
import json
from pathlib import Path

import pytest

from tests.conftest import RunningCloud
from tests.operations.end_to_end.test_imagepipe import Operator


@pytest.fixture(scope="module")
def operator(running: RunningCloud) -> Operator:
    operator = Operator(running)
    operator.recognized("export/cat é;=1.jpg", "export/again.jpg")
    operator.recognized("export/dog.jpg", photo="dog.jpg")
    return operator


def test_what_the_api_says_is_exported(operator: Operator, tmp_path: Path) -> None:
    output = tmp_path / "photos.jsonl"
    operator.run("export", str(output), "--prefix", "export/")
    photos = {photo["key"]: photo for photo in map(json.loads, output.read_text().splitlines())}

    assert sorted(photos) == ["export/again.jpg", "export/cat é;=1.jpg", "export/dog.jpg"]
    labels = {label["name"]: label for label in photos["export/dog.jpg"]["labels"]}
    assert labels["Dog"]["instances"][0]["box"]["width"] > 0

    dogs = operator.run("export", "-", "--prefix", "export/", "--label", "Dog", "--format", "csv")
    assert [row["key"] for row in csv.DictReader(dogs.splitlines())] == ["export/dog.jpg"]


@pytest.mark.nightly
def test_sidecars_stand_beside_photos(operator: Operator, tmp_path: Path) -> None:
    operator.run("export", str(tmp_path / "xmp"), "--format", "xmp", "--prefix", "export/")

    assert "<rdf:li>Dog</rdf:li>" in (tmp_path / "xmp/export/dog.jpg.xmp").read_text()
    assert len(list(tmp_path.rglob("*.xmp"))) == 3


def test_a_question_that_the_api_refuses_is_told(operator: Operator) -> None:
    operator.run("export", "-", "--from", "yesterday", code=2)
