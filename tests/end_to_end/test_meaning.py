"""Search by meaning on the running stack: words that no label has, photos alike, and none that is gone.

Rekognition answers without looking; the model of text, the index and the functions are the real ones. Where
Bedrock makes the vectors, the local one does, which knows of a thumbnail what Rekognition says of it.
"""

import json
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from rich.console import Console

from contract.meaning import INVOKE_MODEL
from infra.bundles import ROOT
from loadtest.photos import smallest_photo
from loadtest.places import canned_rekognition
from local.cloud.assembly import local_context
from local.cloud.environment import DIRECT, LocalClients, LocalEnvironment, Outputs, asking, on_ports
from local.cloud.running import at_work, bring_up, take_down
from local.cloud.stages import Stages
from local.rekognition import canned

pytestmark = pytest.mark.nightly

PHOTOS, PATIENCE_SECONDS = 40, 300.0
# Each worker asks for two vectors at once, and each of these starts a copy of the model, which is unpacked
# here anew: of eight, none is there within the 27 s that a worker waits for it.
CONTEXT = local_context(
    {"detectors": "labels", "pictures": "false", "meaning": "labels", "max_concurrency": 2}
)
SEEN = local_context({"detectors": "labels", "meaning": "bedrock", "max_concurrency": 2})


@dataclass(frozen=True)
class Place:
    """The stack, and what its photos are said to show."""

    environment: LocalEnvironment
    outputs: Outputs
    rekognition_url: str

    def get(self, **asked: object) -> Any:
        """Ask the API, again where it says so: another copy of the model may be starting."""
        query = urllib.parse.urlencode(asked)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with DIRECT.open(f"{self.outputs.api_url}/images?{query}", timeout=60) as reply:
                    return json.load(reply)
            except HTTPError as refused:
                if refused.code != HTTPStatus.SERVICE_UNAVAILABLE or time.monotonic() > deadline:
                    raise
                time.sleep(int(refused.headers["retry-after"]))

    def keys(self, **asked: object) -> list[str]:
        return [image["key"] for image in self.get(**asked)["images"]]

    def labels(self, key: str) -> set[str]:
        answer = canned.answer("DetectLabels", f"{self.outputs.bucket}/{key}")
        return {label["Name"] for label in answer["Labels"]}

    def vectors_paid_for(self) -> dict[str, int]:
        """Return how often the local Bedrock was asked about each picture."""
        with DIRECT.open(f"{self.rekognition_url}/_local/calls", timeout=60) as reply:
            found: dict[str, int] = json.load(reply)["contents"].get(INVOKE_MODEL, {})
            return found


@contextmanager
def running_place(tmp_path: Path, context: dict[str, object]) -> Iterator[Place]:
    with canned_rekognition(0.05) as url:
        environment = asking(on_ports(LocalEnvironment((tmp_path / "cloud").resolve()), 0), url)
        with at_work(environment):
            try:
                yield Place(environment, bring_up(environment, Stages(Console(quiet=True)), context), url)
            finally:
                take_down(environment)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with running_place(tmp_path, CONTEXT) as place:
        yield place


@pytest.fixture
def seeing_place(tmp_path: Path) -> Iterator[Place]:
    with running_place(tmp_path, SEEN) as place:
        yield place


def test_photos_are_found_by_what_they_mean_for_as_long_as_they_are_there(place: Place) -> None:
    assert place.keys(like="a dog") == [], "the model is there before photos are"
    clients, photo = LocalClients(place.environment), smallest_photo().read_bytes()
    keys = {f"{number % 2}/{number}.jpg" for number in range(PHOTOS)}
    for key in keys:
        clients.s3.put_object(Bucket=place.outputs.bucket, Key=key, Body=photo + key.encode())
    deadline = time.monotonic() + PATIENCE_SECONDS
    while set(place.keys(limit=100)) != keys:
        assert time.monotonic() < deadline, "the photos are not all recognized"
        time.sleep(0.5)

    everything = place.get(like="a dog", limit=100)["images"]
    assert {image["key"] for image in everything} == keys
    similarities = [image["similarity"] for image in everything]
    assert similarities == sorted(similarities, reverse=True)

    name = min(place.labels(everything[0]["key"]))
    carrying = {key for key in keys if name in place.labels(key)}
    assert set(place.keys(like=name, label=name, limit=100)) == carrying

    below = place.keys(like="a dog", prefix="1/", limit=100)
    assert below == [image["key"] for image in everything if image["key"].startswith("1/")]

    first = place.get(like="a dog", limit=30)
    second = place.get(like="a dog", limit=30, cursor=first["cursor"])
    paged = [image["key"] for page in (first, second) for image in page["images"]]
    assert paged == [image["key"] for image in everything]

    gone = paged[0]
    nearest = place.keys(similar_to=gone, limit=1)[0]
    clients.s3.delete_object(Bucket=place.outputs.bucket, Key=nearest)
    while nearest in place.keys(similar_to=gone, limit=100):
        assert time.monotonic() < deadline, "a photo that is gone is still found"
        time.sleep(0.5)


def test_photos_that_bedrock_has_seen_are_found_by_words_and_paid_for_once(seeing_place: Place) -> None:
    place = seeing_place
    clients, photos = LocalClients(place.environment), sorted((ROOT / "images").glob("*.jpg"))[:6]
    for photo in photos:
        clients.s3.put_object(Bucket=place.outputs.bucket, Key=photo.name, Body=photo.read_bytes())
    keys, deadline = {photo.name for photo in photos}, time.monotonic() + PATIENCE_SECONDS
    while set(place.keys(limit=100)) != keys:
        assert time.monotonic() < deadline, "the photos are not all recognized"
        time.sleep(0.5)
    clients.s3.put_object(Bucket=place.outputs.bucket, Key="copy.jpg", Body=photos[0].read_bytes())
    while "copy.jpg" not in place.keys(limit=100):
        assert time.monotonic() < deadline, "the copy is not recognized"
        time.sleep(0.5)

    found = place.get(like="a dog", limit=100)["images"]
    assert {image["key"] for image in found} == {*keys, "copy.jpg"}
    similarities = [image["similarity"] for image in found]
    assert similarities == sorted(similarities, reverse=True)
    assert place.keys(similar_to=photos[0].name, limit=1) == ["copy.jpg"]
    assert list(place.vectors_paid_for().values()) == [1] * len(photos), "once for each content"
