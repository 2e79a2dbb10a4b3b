"""Films on the running stack, looked at by jobs whose ends are told twice."""

import json
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from aws.local_sessions import local_session
from local.cloud.assembly import LOCAL_CONTEXT
from local.cloud.environment import DIRECT, REGION, LocalClients, LocalEnvironment, Outputs, on_ports
from local.cloud.running import at_work, bring_up, take_down
from local.cloud.stages import Stages
from tests.local.rekognition.videos_made import film, other_codec

pytestmark = pytest.mark.nightly

PATIENCE_SECONDS = 240.0
CONTEXT = {**LOCAL_CONTEXT, "video": "jobs", "detectors": "labels,faces,text", "video_jobs": "3"}


class Place:
    """The running stack, by its API and the local Rekognition's door for tests."""

    def __init__(self, environment: LocalEnvironment, outputs: Outputs) -> None:
        self.outputs = outputs
        self.s3 = LocalClients(environment).s3
        session = local_session(REGION)
        self.functions = session.client("lambda", endpoint_url=environment.endpoint_url)

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

    def begun(self) -> dict[str, dict[str, int]]:
        calls: dict[str, dict[str, int]] = self.ask(f"{self.outputs.rekognition_url}/_local/calls")["objects"]
        return {name: counts for name, counts in calls.items() if name.startswith("Start")}


def test_a_film_is_found_by_what_its_jobs_have_found(tmp_path: Path) -> None:
    environment = on_ports(LocalEnvironment((tmp_path / "cloud").resolve()), 0)
    with at_work(environment):
        try:
            place = Place(
                environment, bring_up(environment, Stages(Console(stderr=True, quiet=True)), CONTEXT)
            )
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
        finally:
            take_down(environment)
