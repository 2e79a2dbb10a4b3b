"""`imagepipe policy`: what is wrong with one, and what it would change, from what is kept."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from contract.block_tag import BLOCK_TAG
from contract.edits import Decision, Edit
from contract.items import to_wire
from contract.notifications import look_again
from contract.policy import Policy, to_json
from operations.commands import policy
from operations.policy_change import PolicyChange
from operations.wiring import DeployedPipeline
from tests.fakes.calls import nothing
from tests.fakes.s3 import BUCKET
from tests.operations.deployments import FakeLambda
from tests.operations.test_command_line import Run, Session, run  # noqa: F401 - a fixture
from tests.operations.test_reconciling import copy_rows
from tests.operations.world import AT_ONCE, NAMES, OperatedWorld
from tests.processors.world import SETTINGS, World

MODERATED = replace(SETTINGS, detectors=("labels", "moderation"))
VIOLENCE = {"moderation": {"Violence": {"review": 60, "block": 90}}}
FOUND = {
    "sure.jpg": b"cat 97 unsafe:weapons 95",
    "less.jpg": b"cat 97 unsafe:weapons 70",
    "a/least.jpg": b"cat 97 unsafe:weapons 50",
    "both.jpg": b"unsafe:weapons 70 unsafe:alcoholic-beverages 99",
    "harmless.jpg": b"cat 97",
}


class Deployment:
    """A pipeline whose photos have categories; `deploy` sets its policy."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = World(settings=MODERATED)
        for key, body in FOUND.items():
            assert self.world.deliver(self.world.s3.put(key, body)) == []
        self.operated = OperatedWorld(self.world)
        self.pipeline = DeployedPipeline(NAMES, Session(self.operated))
        self.pipeline._retry = AT_ONCE
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(policy, "connect", self._connect)

    def deploy(self, content: Mapping[str, object], block_tag: str = "no") -> None:
        deployed = FakeLambda(replace(MODERATED, policy=to_json(content), block_tag=block_tag))
        self._monkeypatch.setattr(self.operated, "functions", deployed)

    def _connect(self, *_: object) -> DeployedPipeline:
        self.pipeline = DeployedPipeline(NAMES, Session(self.operated))
        self.pipeline._retry = AT_ONCE
        return self.pipeline


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    made = Deployment(monkeypatch)
    yield made
    made.pipeline.executor.shutdown()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text("[moderation.Violence]\nreview = 60\nblock = 90\n")
    return path


def test_a_sound_policy_is_said_to_be_so(run: Run, file: Path) -> None:  # noqa: F811
    code, out, _ = run("policy", "check", str(file))
    version = Policy.of(VIOLENCE).version
    assert (code, out) == (
        0,
        f"{file} is sound: version {version}, 52 of 2,048 bytes; 0 labels with thresholds of their own, 0 "
        "hidden, 0 aliases, 1 categories with rules\n",
    )


def test_all_faults_are_printed(run: Run, file: Path) -> None:  # noqa: F811
    file.write_text("[labels]\nCat = 101\nDog = -1\n")
    code, out, _ = run("policy", "check", str(file))
    assert code == 1
    assert out == (
        f"{file}: labels has Cat = 101; a threshold is a number from 0 to 100\n"
        f"{file}: labels has Dog = -1; a threshold is a number from 0 to 100\n"
    )


def test_where_there_was_no_policy_it_says_what_the_first_would_do(
    run: Run,  # noqa: F811
    deployment: Deployment,
    file: Path,
) -> None:
    before = dict(deployment.world.table.items)

    code, out, told = run("policy", "what-if", str(file))

    assert code == 0
    assert [" ".join(line.split()) for line in out.splitlines()] == [
        "What Now Photos For example",
        "would be blocked allow 1 sure.jpg",
        "would be to review allow 2 less.jpg, both.jpg",
        "",
        "3 photos would change, of 4 that have a category of either policy.",
    ]
    assert "Nothing was changed." in told
    assert dict(deployment.world.table.items) == before


def test_it_says_what_is_released_and_what_is_held_back_as_json(
    run: Run,  # noqa: F811
    deployment: Deployment,
    file: Path,
) -> None:
    deployment.deploy(VIOLENCE)
    file.write_text("[moderation.Violence]\nblock = 65\n[moderation.Alcohol]\nreview = 90\n")

    _, out, _ = run("policy", "what-if", str(file), "--json")

    said = json.loads(out)
    assert said["from"] == Policy.of(VIOLENCE).version
    assert said["looked_at"] == 4
    assert said["changes"] == [
        {"from": "review", "to": "block", "photos": 2, "examples": ["less.jpg", "both.jpg"]}
    ]
    file.write_text("[moderation.Violence]\nreview = 80\n")
    _, out, _ = run("policy", "what-if", str(file), "--json")
    assert json.loads(out)["changes"] == [
        {"from": "review", "to": "allow", "photos": 2, "examples": ["less.jpg", "both.jpg"]},
        {"from": "block", "to": "review", "photos": 1, "examples": ["sure.jpg"]},
    ]


def test_the_same_policy_changes_nothing_and_reads_nothing(
    run: Run,  # noqa: F811
    deployment: Deployment,
    file: Path,
) -> None:
    deployment.deploy(VIOLENCE)
    _, out, told = run("policy", "what-if", str(file))
    assert out == "No photo would change: both policies have the same rules for moderation.\n"
    assert "took 0 read units" in told


def test_a_prefix_is_all_that_is_looked_at(run: Run, deployment: Deployment, file: Path) -> None:  # noqa: F811
    file.write_text("[moderation.Violence]\nblock = 45\n")
    _, out, _ = run("policy", "what-if", str(file), "--prefix", "a/", "--json")
    said = json.loads(out)
    assert (said["looked_at"], said["changes"][0]["examples"]) == (1, ["a/least.jpg"])


def test_a_policy_with_faults_is_not_tried(run: Run, deployment: Deployment, file: Path) -> None:  # noqa: F811
    file.write_text("[labels]\nCat = 101\nDog = -1\n")
    code, out, told = run("policy", "what-if", str(file))
    assert (code, out) == (2, "")
    assert told == (
        f"error: {file}: labels has Cat = 101; a threshold is a number from 0 to 100 (and 1 more: imagepipe "
        f"policy check {file})\n"
    )


def test_what_people_decided_about_no_policy_changes(deployment: Deployment) -> None:
    world = deployment.world
    world.use(replace(MODERATED, corrections="yes"))
    record = world.record("sure.jpg")
    assert record is not None
    world.correct(record.content_id, Edit(decision=Decision.ALLOW))
    world.deliver(look_again(BUCKET, ["sure.jpg"], "2026-02-01T00:00:00.000Z"))

    change = PolicyChange(deployment._connect().photos, Policy(), Policy.of(VIOLENCE))
    list(change.read())

    assert {str(changed.after): count for changed, count in change.counts.items()} == {"review": 2}


def test_rows_that_are_left_over_count_for_nothing(deployment: Deployment) -> None:
    copy_rows(deployment.world, "sure.jpg", "0123456789abcdef")
    record = deployment.world.record("less.jpg")
    assert record is not None
    item = {**record.to_item(), "moderation": {}, "revision": "fedcba9876543210"}
    at = {"pk": "image#less.jpg", "sk": "record"}
    deployment.world.table.items["image#less.jpg", "record"] = to_wire({**item, **at})

    change = PolicyChange(deployment._connect().photos, Policy(), Policy.of(VIOLENCE))
    list(change.read())

    assert {str(changed.after): count for changed, count in change.counts.items()} == {
        "block": 1,
        "review": 1,
    }


def blocked_objects(deployment: Deployment) -> set[str]:
    return {key for key in FOUND if BLOCK_TAG in deployment.world.s3.tags.of("", key)}


def test_tags_follow_a_policy_that_was_changed_and_nobody_is_asked(
    run: Run,  # noqa: F811
    deployment: Deployment,
) -> None:
    paid, announced = deployment.world.rekognition.paid.copy(), len(deployment.world.topic.published)
    deployment.deploy(VIOLENCE, block_tag="yes")

    code, out, _ = run("policy", "apply-tags")
    assert (code, out) == (0, "1 of 5 photos are blocked, and tagged; 0 were, and are no longer\n")
    assert blocked_objects(deployment) == {"sure.jpg"}

    deployment.deploy({"moderation": {"Alcohol": {"block": 90}}}, block_tag="yes")
    _, out, _ = run("policy", "apply-tags")
    assert out == "1 of 5 photos are blocked, and tagged; 1 were, and are no longer\n"
    assert blocked_objects(deployment) == {"both.jpg"}
    assert deployment.world.rekognition.paid == paid
    assert len(deployment.world.topic.published) == announced


def test_a_decision_that_comes_while_tags_are_applied_is_not_undone(
    run: Run,  # noqa: F811
    deployment: Deployment,
) -> None:
    world = deployment.world
    world.use(replace(MODERATED, corrections="yes", policy=to_json(VIOLENCE), block_tag="yes"))
    deployment.deploy(VIOLENCE, block_tag="yes")

    def allowed_meanwhile(operation: str) -> None:
        if operation == "PutObjectTagging":
            world.calls.before = nothing
            record = world.record("sure.jpg")
            assert record is not None
            world.correct(record.content_id, Edit(decision=Decision.ALLOW))
            world.deliver(look_again(BUCKET, ["sure.jpg"], "2026-02-01T00:00:00.000Z"))

    world.calls.before = allowed_meanwhile

    assert run("policy", "apply-tags")[0] == 0
    assert blocked_objects(deployment) == set()


def test_where_nothing_is_tagged_that_is_said(run: Run, deployment: Deployment) -> None:  # noqa: F811
    deployment.deploy(VIOLENCE)

    code, _, told = run("policy", "apply-tags")

    assert code == 2
    assert "deploy with -c block_tag=true" in told
