"""A camera on the running stack: who comes is an event, and what stands still is asked about once."""

import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from rich.console import Console

from aws.local_sessions import local_session
from local.cloud.assembly import LOCAL_CONTEXT
from local.cloud.environment import DIRECT, REGION, LocalClients, LocalEnvironment, Outputs, on_ports
from local.cloud.running import at_work, bring_up, take_down
from local.cloud.stages import Stages

pytestmark = pytest.mark.nightly

PATIENCE_SECONDS = 120.0
CAMERAS = """
[yard]
prefix = "cameras/yard/"
watch = ["Dog", "Cat"]
gone_after = "45 seconds"
"""


@dataclass
class Place:
    """The stack, and a camera that sends it pictures."""

    environment: LocalEnvironment
    outputs: Outputs
    photos: Path
    sent: int = 0

    def get(self, path: str) -> Any:
        with DIRECT.open(self.outputs.api_url + path, timeout=30) as reply:
            return json.load(reply)

    def calls(self) -> int:
        url = f"{self.outputs.rekognition_url}/_local/calls?only=operations"
        with DIRECT.open(url, timeout=30) as reply:
            return int(json.load(reply)["operations"].get("DetectLabels", {}).get("accepted", 0))

    def send(self, *visitors: tuple[str, int]) -> dict[str, Any]:
        """Send a picture of the yard with photos of visitors in it, and wait for what is known of it."""
        self.sent += 1
        with Image.open(self.photos / "greatWallofChina.jpg") as yard:
            picture = yard.convert("RGB").resize((800, 600)).point(lambda light: light * 98 // 100)
        for name, left in visitors:
            with Image.open(self.photos / name) as visitor:
                picture.paste(visitor.convert("RGB").resize((240, 240)), (left, 300))
        # No two pictures of a camera are the same to the bit.
        picture.putpixel((0, 0), (self.sent, 0, 0))
        file, key = io.BytesIO(), f"cameras/yard/{self.sent}.jpg"
        picture.save(file, "JPEG", quality=90)
        LocalClients(self.environment).s3.put_object(
            Bucket=self.outputs.bucket, Key=key, Body=file.getvalue()
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = [image for image in self.get(f"/images?prefix={key}")["images"] if image["key"] == key]
            if found:
                return dict(self.get(f"/images?key={key}"))
            assert time.monotonic() < deadline, f"{key} is not recognized"
            time.sleep(0.3)

    def subscribed(self) -> str:
        """Return a queue that hears what is told of cameras."""
        sns = local_session(REGION).client("sns", endpoint_url=self.environment.endpoint_url)
        (topic,) = (
            arn for each in sns.list_topics()["Topics"] if "CamerasTopic" in (arn := each["TopicArn"])
        )
        sqs = LocalClients(self.environment).sqs
        url = sqs.create_queue(QueueName="heard")["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"}
        )
        return url

    def told(self, queue_url: str, count: int) -> list[dict[str, Any]]:
        """Return so many messages, each once; until they have come, the camera goes on."""
        sqs, told = LocalClients(self.environment).sqs, dict[str, dict[str, Any]]()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(told) < count:
            assert time.monotonic() < deadline, f"{list(told)} were told"
            # The camera goes on: what is over is told with the next picture at the latest.
            self.send()
            answer = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=2, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                body = json.loads(message["Body"])
                told[body["id"]] = body
        return list(told.values())


@pytest.fixture
def place(tmp_path: Path, photos: Path) -> Iterator[Place]:
    cameras = tmp_path / "cameras.toml"
    cameras.write_text(CAMERAS)
    environment = on_ports(LocalEnvironment((tmp_path / "cloud").resolve()), 0)
    context = {**LOCAL_CONTEXT, "detectors": "labels,faces", "cameras": str(cameras)}
    with at_work(environment):
        try:
            outputs = bring_up(environment, Stages(Console(stderr=True, quiet=True)), context)
            yield Place(environment, outputs, photos)
        finally:
            take_down(environment)


def test_who_comes_is_an_event_and_what_stands_still_is_asked_about_once(place: Place) -> None:
    heard = place.subscribed()
    place.send()
    assert not place.send()["look"]["is_new"]
    first = place.calls()
    place.send(("dog.jpg", 100))
    assert place.send(("dog.jpg", 100))["look"]["unchanged_since"] is not None
    assert place.send(("dog.jpg", 450))["look"]["sightings"][0]["label"] == "Dog"
    assert place.send()["detectors"].keys() == {"picture"}

    assert place.calls() == first + 2
    (event,) = place.get("/events")["events"]
    assert (event["camera"], event["label"], event["pictures"]) == ("yard", "Dog", 2)
    assert event["best"]["key"] in {"cameras/yard/3.jpg", "cameras/yard/5.jpg"}
    told = place.told(heard, 2)
    assert [(message["event"], message["camera"]) for message in told] == [("begin", "yard"), ("end", "yard")]
    assert {message["id"].split("-")[0] for message in told} == {event["id"]}
