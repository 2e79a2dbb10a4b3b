"""A film on the running stack, really decoded and really recognized: found, with what is seen when."""

import csv
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import pytest
from rich.console import Console
from typer.testing import CliRunner

from local.cloud.assembly import LOCAL_CONTEXT
from local.cloud.environment import DIRECT, LocalClients, LocalEnvironment, Outputs, on_ports
from local.cloud.running import at_work, bring_up, take_down
from local.cloud.stages import Stages
from operations.main import app

pytestmark = pytest.mark.nightly

PATIENCE_SECONDS, SHOT_SECONDS, RATE = 120.0, 4, 10


@dataclass
class Place:
    """The stack, with films."""

    clients: LocalClients
    outputs: Outputs
    directory: Path

    def put(self, key: str, body: bytes) -> None:
        self.clients.s3.put_object(Bucket=self.outputs.bucket, Key=key, Body=body)

    def get(self, path: str, **asked: str) -> Any:
        query = f"?{urllib.parse.urlencode(asked)}" if asked else ""
        with DIRECT.open(f"{self.outputs.api_url}{path}{query}", timeout=30) as reply:
            return json.load(reply)

    def known(self, key: str) -> Any:
        """Wait until something is known of a key."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self.get("/images", key=key)
            except urllib.error.HTTPError as refused:
                if refused.code != 404 or time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def operate(self, *arguments: str) -> str:
        """Have `imagepipe` say something of this place."""
        said = CliRunner().invoke(app, [*arguments, "--local", "--directory", str(self.directory)])
        assert said.exit_code == 0, said.output
        return said.stdout

    def calls(self) -> int:
        url = f"{self.outputs.rekognition_url}/_local/calls?only=operations"
        with DIRECT.open(urllib.request.Request(url), timeout=30) as reply:
            return sum(counts["accepted"] for counts in json.load(reply)["operations"].values())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    environment = on_ports(LocalEnvironment(tmp_path_factory.mktemp("films").resolve()), 0)
    with at_work(environment):
        try:
            stages = Stages(Console(stderr=True, quiet=True))
            outputs = bring_up(environment, stages, {**LOCAL_CONTEXT, "video": "frames"})
            yield Place(LocalClients(environment), outputs, environment.directory)
        finally:
            take_down(environment)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> bytes:
    """A cat, then a dog."""
    path, size = tmp_path_factory.mktemp("clip") / "clip.mp4", (640, 480)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), RATE, size)
    for name in ("cat.jpg", "dog.jpg"):
        picture = cv2.imread(str(photos / name))
        assert picture is not None
        for _ in range(SHOT_SECONDS * RATE):
            writer.write(cv2.resize(picture, size))
    writer.release()
    return path.read_bytes()


def test_a_film_is_found_by_what_is_in_it_with_when_it_is_seen(place: Place, clip: bytes) -> None:
    place.put("holiday.mp4", clip)
    film = place.known("holiday.mp4")

    assert (film["status"], film["kind"]) == ("recognized", "video")
    spans = {each["name"]: each for each in film["intervals"] if each["kind"] == "label"}
    assert spans["Cat"]["start_seconds"] == 0
    assert spans["Cat"]["end_seconds"] == pytest.approx(SHOT_SECONDS, abs=0.6)
    assert spans["Dog"]["start_seconds"] == pytest.approx(SHOT_SECONDS, abs=0.6)
    assert spans["Dog"]["end_seconds"] == pytest.approx(2 * SHOT_SECONDS, abs=0.6)
    for url in (film["url"], film["thumbnail_url"], film["view_url"], spans["Cat"]["frame_url"]):
        with DIRECT.open(url, timeout=30) as reply:
            assert len(reply.read()) > 1000
    (found,) = place.get("/images", label="Cat", kind="video")["images"]
    assert found["key"] == "holiday.mp4"

    paid = place.calls()
    place.put("copy.mov", clip)
    assert place.known("copy.mov")["intervals"][0]["name"] == film["intervals"][0]["name"]
    assert place.calls() == paid


def test_a_film_is_among_what_a_deployment_is_tried_with(place: Place) -> None:
    told = json.loads(place.operate("verify", "--yes", "--json"))

    verdicts = {check["name"]: (check["verdict"], check["said"]) for check in told["checks"]}
    assert {verdict for verdict, _ in verdicts.values()} == {"held"}
    assert verdicts["film"][1].startswith("2 s, labels found: ")
    assert told["left"] == []


def test_an_operator_is_told_of_films_what_the_api_says(place: Place, clip: bytes) -> None:
    place.put("kept/film.mp4", clip)
    film = place.known("kept/film.mp4")

    plan = json.loads(place.operate("plan", f"s3://{place.outputs.bucket}/kept/", "--json"))
    (line,) = place.operate("export", "-", "--prefix", "kept/").splitlines()
    (row,) = csv.DictReader(place.operate("export", "-", "--prefix", "kept/", "--format", "csv").splitlines())

    assert (plan["kinds"]["film"], plan["current"], plan["to_do"]) == (1, 1, 0)
    told = [{name: each[name] for name in each if name != "frame_url"} for each in film["intervals"]]
    assert json.loads(line)["intervals"] == told
    assert len(row["intervals"].split("; ")) == len(told)


def test_what_is_no_film_is_rejected_in_words(place: Place, clip: bytes) -> None:
    place.put("cut off.mp4", clip[: len(clip) // 2])

    rejection = place.known("cut off.mp4")["rejection"]

    assert rejection["detector"] == "picture"
    assert "it has no picture that can be decoded" in rejection["message"]
