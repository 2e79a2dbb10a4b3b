"""A policy on the running stack: what is to be reviewed is listed, decisions stay, a change asks nobody.

Rekognition answers without looking, but the same for the same photo: what is tried is everything else.
"""

import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from loadtest.photos import smallest_photo
from loadtest.places import canned_rekognition
from local.cloud.assembly import local_context
from local.cloud.environment import DIRECT, LocalClients, LocalEnvironment, Outputs, asking, on_ports
from local.cloud.running import at_work, bring_up, take_down
from local.cloud.stages import Stages
from local.rekognition import canned

pytestmark = pytest.mark.nightly

PHOTOS, PATIENCE_SECONDS = 60, 120.0
REVIEWED = "[labels]\ndefault = 70\n[moderation.Alcohol]\nreview = 80\n"
BLOCKED = "[labels]\ndefault = 90\n[moderation.Alcohol]\nblock = 80\n"


@dataclass
class Place:
    """The stack, whose policy is in a file."""

    environment: LocalEnvironment
    policy: Path
    outputs: Outputs

    @classmethod
    def deployed(cls, environment: LocalEnvironment, policy: Path, text: str) -> "Place":
        policy.write_text(text)
        context = local_context(
            {"detectors": "labels,moderation", "pictures": "false", "policy": str(policy)}
        )
        outputs = bring_up(environment, Stages(Console(stderr=True, quiet=True)), context)
        return cls(environment, policy, outputs)

    def get(self, path: str) -> Any:
        with DIRECT.open(self.outputs.api_url + path, timeout=30) as reply:
            return json.load(reply)

    def keys(self, path: str) -> set[str]:
        return {image["key"] for image in self.get(path)["images"]}

    def decide(self, key: str, decision: str) -> None:
        request = urllib.request.Request(
            f"{self.outputs.api_url}/images?key={key}",
            method="PATCH",
            headers={"content-type": "application/json", "if-match": '"0"'},
            data=json.dumps({"decision": decision}).encode(),
        )
        with DIRECT.open(request, timeout=30) as reply:
            assert reply.status == 200

    def calls(self) -> Any:
        url = f"{self.outputs.rekognition_url}/_local/calls?only=operations"
        with DIRECT.open(urllib.request.Request(url), timeout=30) as reply:
            return json.load(reply)["operations"]

    def found(self, operation: str, key: str) -> list[dict[str, Any]]:
        (answer,) = (
            value
            for name, value in canned.answer(operation, f"{self.outputs.bucket}/{key}").items()
            if name.endswith("Labels")
        )
        return list(answer)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with canned_rekognition(0.05) as url:
        environment = asking(on_ports(LocalEnvironment((tmp_path / "cloud").resolve()), 0), url)
        with at_work(environment):
            try:
                yield Place.deployed(environment, tmp_path / "policy.toml", REVIEWED)
            finally:
                take_down(environment)


def test_a_policy_is_followed_and_changed_without_a_call(place: Place) -> None:
    clients, photo = LocalClients(place.environment), smallest_photo().read_bytes()
    keys = {f"{number}.jpg" for number in range(PHOTOS)}
    for key in keys:
        clients.s3.put_object(Bucket=place.outputs.bucket, Key=key, Body=photo + key.encode())
    deadline = time.monotonic() + PATIENCE_SECONDS
    while place.keys("/images?limit=100") != keys:
        assert time.monotonic() < deadline, "the photos are not all recognized"
        time.sleep(0.5)
    flagged = {key for key in keys if place.found("DetectModerationLabels", key)}
    assert flagged
    calls = place.calls()

    assert place.keys("/reviews?limit=100") == flagged
    assert place.keys("/images?limit=100&moderation_action=allow") == keys - flagged
    assert place.keys("/images?limit=100&moderation_action=block") == set()

    allowed, missed = min(flagged), min(keys - flagged)
    place.decide(allowed, "allow")
    place.decide(missed, "block")
    while place.keys("/images?limit=100&moderation_action=block") != {missed} or allowed in place.keys(
        "/reviews?limit=100"
    ):
        assert time.monotonic() < deadline, "what was decided is not shown"
        time.sleep(0.5)
    assert place.keys("/reviews?limit=100") == flagged - {allowed}
    (alcohol,) = place.get("/stats?reviews=true")["reviews"]["categories"]
    assert (alcohol["name"], alcohol["allowed"], alcohol["blocked"]) == ("alcohol", 1, 0)

    place = Place.deployed(place.environment, place.policy, BLOCKED)

    assert place.keys("/images?limit=100&moderation_action=block") == flagged - {allowed} | {missed}
    assert place.keys("/reviews") == set()
    sure = {
        key: {label["Name"] for label in place.found("DetectLabels", key) if label["Confidence"] >= 90}
        for key in keys
    }
    name = min(set.union(*sure.values()))
    with_it = {key for key, names in sure.items() if name in names}
    assert place.keys(f"/images?limit=100&label={name}") == with_it
    # Labels are counted some seconds after they were found.
    counted: list[object] = []
    while counted != [{"name": name, "count": len(with_it)}]:
        assert time.monotonic() < deadline, f"{name} is counted as {counted}"
        counted = place.get(f"/labels?prefix={name}&limit=1")["labels"]
        time.sleep(0.5)
    assert place.calls() == calls, "nobody was asked"
