"""Three Rekognitions on the running stack: all quotas are used, and one that goes away buries nothing.

They answer without looking, and take a call's time for it: what is tried is everything else.
"""

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from rich.console import Console

from loadtest.photos import smallest_photo
from loadtest.places import canned_rekognition
from local.cloud.assembly import local_context
from local.cloud.environment import DIRECT, LocalClients, LocalEnvironment, Outputs, asking, on_ports
from local.cloud.running import at_work, bring_up, take_down
from local.cloud.stages import Stages

pytestmark = pytest.mark.nightly

HOME, WEST, EUROPE = REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
QUOTA = 3.0
CONTEXT = local_context(
    {
        "regions": ",".join(REGIONS),
        "residency": "any",
        "detectors": "labels",
        "pictures": "false",
        "quotas": ",".join(["DetectLabels=3", *(f"{region}:DetectLabels=3" for region in (WEST, EUROPE))]),
    }
)
RAMP_SECONDS, STEADY_SECONDS, PATIENCE_SECONDS = 10.0, 40.0, 240.0
# What the steady seconds take, and some more.
PHOTOS = 600
FEW = 40


@dataclass
class Place:
    """The stack with three regions, each with the quota that the deployment was told of."""

    outputs: Outputs
    clients: LocalClients
    photo: bytes

    def upload(self, name: str, count: int) -> list[str]:
        keys = [f"{name}/{number}.jpg" for number in range(count)]
        for key in keys:
            self.clients.s3.put_object(Bucket=self.outputs.bucket, Key=key, Body=self.photo + key.encode())
        return keys

    def control(self, method: str, path: str, region: str, change: object = None) -> Any:
        url = f"{self.outputs.rekognition_url}/_local/{path}{'&' if '?' in path else '?'}region={region}"
        body = None if change is None else json.dumps(change).encode()
        with DIRECT.open(urllib.request.Request(url, body, method=method), timeout=30) as reply:
            return json.load(reply)

    def accepted(self) -> dict[str, int]:
        return {
            region: self.control("GET", "calls?only=operations", region)["operations"]
            .get("DetectLabels", {})
            .get("accepted", 0)
            for region in REGIONS
        }

    def recognized(self) -> int:
        """Return how many photos were counted; 0 where nobody has answered in time."""
        with suppress(OSError), DIRECT.open(f"{self.outputs.api_url}/stats", timeout=30) as reply:
            return int(json.load(reply)["images"]["recognized"])
        return 0

    def wait_for(self, photos: int) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := self.recognized()) < photos:
            assert time.monotonic() < deadline, f"{found} of {photos} photos have ended"
            time.sleep(1)

    def dead_letters(self) -> int:
        urls = (self.outputs.dead_letter_queue_url, self.outputs.bulk_dead_letter_queue_url)
        return sum(
            int(
                self.clients.sqs.get_queue_attributes(
                    QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
                )["Attributes"]["ApproximateNumberOfMessages"]
            )
            for url in urls
        )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("regions")
    with canned_rekognition(0.45) as url:
        environment = asking(on_ports(LocalEnvironment(directory.resolve()), 0), url)
        with at_work(environment):
            try:
                outputs = bring_up(environment, Stages(Console(stderr=True, quiet=True)), CONTEXT)
                place = Place(outputs, LocalClients(environment), smallest_photo().read_bytes())
                for region in REGIONS:
                    place.control("PUT", "settings", region, {"rates": {"DetectLabels": QUOTA}})
                yield place
            finally:
                take_down(environment)


def test_a_region_that_goes_away_buries_nothing_and_no_photo_is_paid_for_in_two(place: Place) -> None:
    place.control("PUT", "settings", WEST, {"away": True})
    place.upload("few", FEW)
    place.wait_for(FEW)
    assert place.accepted()[WEST] == 0
    assert place.accepted()[EUROPE] > 0
    assert place.dead_letters() == 0

    place.control("PUT", "settings", WEST, {"away": False})
    place.control("PUT", "settings", HOME, {"away": True})
    place.upload("more", FEW)
    place.wait_for(2 * FEW)
    place.control("PUT", "settings", HOME, {"away": False})
    assert place.accepted()[WEST] > 0
    assert place.dead_letters() == 0
    contents = [
        place.control("GET", "calls?only=contents", region)["contents"].get("DetectLabels", {})
        for region in (WEST, EUROPE)
    ]
    paid = [content for found in contents for content, calls in found.items() for _ in range(calls)]
    assert len(paid) == len(set(paid))


def test_the_sum_of_the_quotas_is_used(place: Place) -> None:
    """On a machine that has nothing else to do."""
    recognized = place.recognized()
    place.upload("many", PHOTOS)
    time.sleep(RAMP_SECONDS)
    before, began = place.accepted(), time.monotonic()
    time.sleep(STEADY_SECONDS)
    after, seconds = place.accepted(), time.monotonic() - began

    used = {region: (after[region] - before[region]) / seconds / QUOTA for region in REGIONS}
    assert sum(used.values()) / len(REGIONS) >= 0.95, used
    place.wait_for(recognized + PHOTOS)
    assert place.dead_letters() == 0
