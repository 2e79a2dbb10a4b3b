"""A camera on the running stack: who comes is an event, and what stands still is asked about once."""

import io
import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from rich.console import Console

from aws.local_sessions import local_session
from contract.camera_events import PERSON_MARK
from contract.cameras import told_key
from contract.moments import day_of
from local.cloud.assembly import LOCAL_CONTEXT
from local.cloud.environment import DIRECT, REGION, LocalClients, LocalEnvironment, Outputs, on_ports
from local.cloud.running import at_work, bring_up, take_down
from local.cloud.stages import Stages
from tests.conftest import RunningCloud
from tests.operations.end_to_end.test_imagepipe import Operator

pytestmark = pytest.mark.nightly

NAME = "Grace Hopper"
PATIENCE_SECONDS = 120.0
CAMERAS = """
[yard]
prefix = "cameras/yard/"
watch = ["Dog", "Cat"]
gone_after = "45 seconds"

[hall]
prefix = "cameras/hall/"
watch_people = ["Grace Hopper"]
gone_after = "20 seconds"
"""


@dataclass
class Place:
    """The stack, and a camera that sends it pictures."""

    environment: LocalEnvironment
    outputs: Outputs
    photos: Path
    sent: int = 0

    @property
    def operator(self) -> Operator:
        return Operator(RunningCloud(self.environment, self.outputs, LocalClients(self.environment)))

    def get(self, path: str) -> Any:
        with DIRECT.open(self.outputs.api_url + path, timeout=30) as reply:
            return json.load(reply)

    def calls(self) -> int:
        url = f"{self.outputs.rekognition_url}/_local/calls?only=operations"
        with DIRECT.open(url, timeout=30) as reply:
            return int(json.load(reply)["operations"].get("DetectLabels", {}).get("accepted", 0))

    def send(self, *visitors: tuple[str, int], camera: str = "yard") -> dict[str, Any]:
        """Send a picture of the wall with photos of visitors before it, and wait for what is known of it."""
        self.sent += 1
        with Image.open(self.photos / "greatWallofChina.jpg") as yard:
            picture = yard.convert("RGB").resize((800, 600)).point(lambda light: light * 98 // 100)
        for name, left in visitors:
            with Image.open(self.photos / name) as visitor:
                picture.paste(visitor.convert("RGB").resize((240, 240)), (left, 300))
        # No two pictures of a camera are the same to the bit.
        picture.putpixel((0, 0), (self.sent, 0, 0))
        file, key = io.BytesIO(), f"cameras/{camera}/{self.sent}.jpg"
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

    def told(self, queue_url: str, count: int, camera: str = "yard") -> list[dict[str, Any]]:
        """Return so many messages, each once; until they have come, the camera goes on."""
        sqs, told = LocalClients(self.environment).sqs, dict[str, dict[str, Any]]()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(told) < count:
            assert time.monotonic() < deadline, f"{list(told)} were told"
            # The camera goes on: what is over is told with the next picture at the latest.
            self.send(camera=camera)
            answer = sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=2, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                body = json.loads(message["Body"])
                told[body["id"]] = body
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        return list(told.values())


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("place")
    cameras = directory / "cameras.toml"
    cameras.write_text(CAMERAS)
    environment = on_ports(LocalEnvironment((directory / "cloud").resolve()), 0)
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


def test_who_is_watched_for_is_an_event_that_names_nobody_where_no_name_may_stand(place: Place) -> None:
    heard, operator = place.subscribed(), place.operator
    face = str(place.photos / "grace_hopper.jpg")
    operator.json("people", "add", NAME, face, "--agreed", day_of(time.time()), "--yes")
    place.send(camera="hall")
    place.send(("astronaut.jpg", 50), camera="hall")
    came = place.send(("grace_hopper.jpg", 450), camera="hall")

    (event,) = place.get("/events?person=grace%20hopper")["events"]
    assert (event["camera"], event["person"]["name"], event["label"]) == ("hall", NAME, None)
    assert event["best"]["key"] == came["key"]
    assert event["box"] == pytest.approx(came["persons"][0]["box"], abs=0.001)
    told = [each for each in place.told(heard, 4, "hall") if "person" in each]
    assert {(each["event"], each["id"].split("-")[0]) for each in told} == {
        ("begin", event["id"]),
        ("end", event["id"]),
    }
    assert not re.search(f"hopper|{event['person']['id']}", json.dumps(told), re.IGNORECASE)

    operator.json("people", "forget", NAME, "--yes")
    assert place.get("/events?person=grace%20hopper")["events"] == []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while PERSON_MARK in str(operator.table.get_item(Key=told_key("hall")._asdict(), ConsistentRead=True)):
        assert time.monotonic() < deadline, "a mark of the person is kept"
        time.sleep(1)
