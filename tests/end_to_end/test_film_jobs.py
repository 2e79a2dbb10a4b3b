"""Films on the running stack, looked at by jobs whose ends are told twice."""

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console

from contract.moments import day_of
from contract.results import unpack
from loadtest.h264 import IMAGES, film, other_codec
from local.cloud.assembly import LOCAL_CONTEXT
from local.cloud.environment import DIRECT, LocalClients, LocalEnvironment, Outputs, on_ports
from local.cloud.running import at_work, bring_up, take_down
from local.cloud.stages import Stages
from tests.conftest import RunningCloud
from tests.operations.end_to_end.test_imagepipe import Operator

pytestmark = pytest.mark.nightly

PATIENCE_SECONDS = 240.0
CONTEXT = {**LOCAL_CONTEXT, "video": "jobs", "detectors": "labels,faces,text", "video_jobs": "3"}
WITH_PERSONS = {
    **CONTEXT,
    "people": "true",
    "people_purpose": "family",
    "people_contact": "me@people.example",
    "people_retention_days": "365",
    "people_in_films": "true",
}
NAME = "Grace Hopper"


class Place:
    """The running stack, by its API and the local Rekognition's door for tests."""

    def __init__(self, environment: LocalEnvironment, outputs: Outputs) -> None:
        self.outputs = outputs
        self.s3 = LocalClients(environment).s3
        self.operator = Operator(RunningCloud(environment, outputs, LocalClients(environment)))

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=self.outputs.bucket, Key=key, Body=body)

    def ask(self, url: str, change: object = None) -> Any:
        data = None if change is None else json.dumps(change).encode()
        method = "GET" if change is None else "PUT"
        with DIRECT.open(urllib.request.Request(url, data, method=method), timeout=30) as reply:
            return json.load(reply)

    def videos(self, change: object = None) -> Any:
        return self.ask(f"{self.outputs.rekognition_url}/_local/videos", change)

    def found(self, **question: str) -> list[str]:
        query = urllib.parse.urlencode(question)
        return [each["key"] for each in self.ask(f"{self.outputs.api_url}/images?{query}")["images"]]

    def wait_for(self, key: str, **question: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while key not in self.found(**question):
            assert time.monotonic() < deadline, self.videos()
            time.sleep(1)

    def intervals(self, key: str) -> list[dict[str, Any]]:
        quoted = urllib.parse.quote(key)
        found: list[dict[str, Any]] = self.ask(f"{self.outputs.api_url}/images/{quoted}/intervals")[
            "intervals"
        ]
        return found

    def kept(self) -> str:
        """Return all that stands in the table, answers unpacked, and what jobs have said."""
        items: list[Any] = self.operator.table.scan(ConsistentRead=True)["Items"]
        texts = [repr(item) for item in items]
        texts += [json.dumps(unpack(item["answer"].value)) for item in items if "answer" in item]
        return "\n".join(texts)

    def begun(self) -> dict[str, dict[str, int]]:
        calls: dict[str, dict[str, int]] = self.ask(f"{self.outputs.rekognition_url}/_local/calls")["objects"]
        return {name: counts for name, counts in calls.items() if name.startswith("Start")}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Jobs that look for persons too."""
    environment = on_ports(LocalEnvironment((tmp_path_factory.mktemp("jobs") / "cloud").resolve()), 0)
    with at_work(environment):
        try:
            outputs = bring_up(environment, Stages(Console(stderr=True, quiet=True)), WITH_PERSONS)
            yield Place(environment, outputs)
        finally:
            take_down(environment)


def test_a_film_is_found_by_what_its_jobs_have_found(place: Place) -> None:
    place.videos({"copies": 2})
    two_scenes = film([("horse.jpg", 6), ("cat.jpg", 6)])
    place.put("films/two.mp4", two_scenes)
    place.put("films/copy.mp4", two_scenes)
    place.wait_for("films/two.mp4", label="Horse", kind="video")
    place.wait_for("films/copy.mp4", label="Horse", kind="video")
    (horse,) = [each for each in place.intervals("films/two.mp4") if each["name"] == "Horse"]
    assert (horse["start_seconds"], horse["end_seconds"]) == (0, 3)
    begun = place.begun()
    assert {name: sum(counts.values()) for name, counts in begun.items()} == {
        "StartLabelDetection": 1,
        "StartTextDetection": 1,
    }

    place.put("films/other.mp4", other_codec(seconds=4))
    place.wait_for("films/other.mp4", status="recognized", kind="video")
    assert len(place.begun()["StartLabelDetection"]) == 2, "once, and then by frames"


def test_who_is_enrolled_is_found_in_films_and_in_none_once_forgotten(place: Place) -> None:
    """Of a film that was there before, of one that comes, and by frames of one that no job reads."""
    before = film([("horse.jpg", 4), ("grace_hopper.jpg", 6)], size=(480, 368))
    place.put("persons/before.mp4", before)
    place.wait_for("persons/before.mp4", label="Horse", kind="video")
    assert "StartFaceSearch" not in place.begun(), "nobody is looked for"
    place.operator.json(
        "people", "add", NAME, str(IMAGES / "grace_hopper.jpg"), "--agreed", day_of(time.time()), "--yes"
    )

    place.put("persons/after.mp4", film([("grace_hopper.jpg", 6), ("cat.jpg", 4)], size=(480, 368)))
    place.wait_for("persons/after.mp4", person=NAME, kind="video")
    assert place.found(person=NAME) == ["persons/after.mp4"]
    said = place.operator.json("people", "search", "--yes")
    assert (said["films"], said["film_minutes"]) == (1, 0.1)
    place.wait_for("persons/before.mp4", person=NAME, kind="video")

    assert [_when(each) for each in place.intervals("persons/after.mp4") if each["kind"] == "person"] == [
        (NAME, 0.0, 3.0)
    ]
    assert [_when(each) for each in place.intervals("persons/before.mp4") if each["kind"] == "person"] == [
        (NAME, 2.0, 5.0)
    ]
    place.put("persons/other.mp4", other_codec(4, "grace_hopper.jpg", (480, 368)))
    place.wait_for("persons/other.mp4", person=NAME, kind="video")
    begun = place.begun()["StartFaceSearch"]
    assert sum(begun.values()) == 3
    (by_frame,) = (each for each in place.intervals("persons/other.mp4") if each["kind"] == "person")
    assert _when(by_frame)[:2] == (NAME, 0.0)
    assert by_frame["end_seconds"] == pytest.approx(4.0, abs=0.2), "what its file says of its length"
    assert "frame-" in by_frame["frame_url"]

    (receipt,) = place.operator.json("people", "forget", NAME, "--yes")

    assert receipt["photos_freed"] == 3
    assert place.found(person=NAME) == []
    assert not [each for each in place.intervals("persons/after.mp4") if each["kind"] == "person"]
    assert receipt["person"] not in place.kept()
    assert place.begun()["StartFaceSearch"] == begun, "records are made anew without a job"


def _when(interval: dict[str, Any]) -> tuple[str, float, float]:
    return interval["name"], interval["start_seconds"], interval["end_seconds"]
