"""What `verify` and `forget` ask, print and answer, on a pipeline in memory."""

import json
import os
import signal
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from operations.commands import forget, verify
from operations.pricing import Pricing
from operations.verifying.checks import checks_of
from tests.fakes.sqs import BULK, BULK_DEAD_LETTERS, DEAD_LETTERS, IMAGES, FakeSQS
from tests.operations.deployments import deployed
from tests.operations.test_command_line import Run, run  # noqa: F401 - a fixture
from tests.operations.test_forgetting import Bucket, Table, note
from tests.operations.test_planning import FINGERPRINTS
from tests.operations.test_printed import answer
from tests.operations.test_verifying import Deployment, TextPhotos
from tests.operations.world import NAMES, queue
from tests.processors.world import InlineExecutor

CHECKS = checks_of(takes_films=False)
PRICING = Pricing({"DetectLabels": 50, "DetectFaces": 50}, 1.0)


@dataclass
class Deployed(Deployment):
    """A deployment that `verify` may subscribe to."""

    def make_queue(self, name: str) -> str:
        self.open_queues.append(name)
        return name

    def subscribe(self, name: str) -> str:
        return f"subscription of {name}"


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> Deployed:
    made = Deployed()
    pipeline = SimpleNamespace(
        names=NAMES,
        bucket=made,
        table=made.records(),
        subscriptions=made,
        api=made,
        deployed=deployed(FINGERPRINTS),
        executor=InlineExecutor(),
        is_local=False,
    )
    monkeypatch.setattr(verify, "connect", lambda *_: pipeline)
    monkeypatch.setattr(verify, "find_photos", lambda _: [b""])
    monkeypatch.setattr(verify, "MarkedPhotos", TextPhotos)
    monkeypatch.setattr(verify, "Pricing", SimpleNamespace(of=lambda *_: PRICING))
    monkeypatch.setattr("secrets.token_hex", lambda _: "0a1b")
    clock = SimpleNamespace(monotonic=lambda: made.now, sleep=lambda _: made.receive("", 1))
    monkeypatch.setattr(verify, "time", clock)
    return made


def test_a_verification_says_what_was_checked_and_leaves_nothing(
    deployment: Deployed,
    run: Run,  # noqa: F811
) -> None:
    code, out, err = run("verify", "--yes", "--json")

    told = json.loads(out)
    assert code == 0
    assert (told["prefix"], told["left"]) == ("imagepipe-verify/0a1b/", [])
    assert [(made["name"], made["verdict"], made["sentence"]) for made in told["checks"]] == [
        (check.name, "held", check.sentence) for check in CHECKS
    ]
    assert told["calls_at_most"] == 2 * sum(check.contents for check in CHECKS)
    assert 0 < told["dollars_at_most"] < 0.1
    assert f"s3://{NAMES.bucket}/imagepipe-verify/0a1b/" in err
    assert "Everything was removed." in err
    assert deployment.open_queues == []
    assert deployment.versions("") == []


def test_nothing_is_uploaded_for_whoever_does_not_agree(
    deployment: Deployed,
    run: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer(monkeypatch, "n\n")

    code, out, err = run("verify")

    assert (code, out) == (1, "")
    assert "Begin? [y/N] " in err
    assert err.endswith("nothing was uploaded\n")
    assert not deployment.world.s3.everything


def test_what_does_not_hold_or_is_left_is_said(
    deployment: Deployed,
    run: Run,  # noqa: F811
) -> None:
    deployment.passes = lambda event: not str(event["eventName"]).startswith("ObjectRemoved")

    code, out, err = run("verify", "--yes")

    assert code == 1
    assert "failed" in out
    assert "Left: the record of imagepipe-verify/0a1b/" in err
    assert "\nTo try to remove it again: imagepipe verify --clean\n" in err


@dataclass
class Forgettable:
    """What `forget` finds."""

    table: Table
    bucket: Bucket


@pytest.fixture
def forgettable(monkeypatch: pytest.MonkeyPatch) -> Forgettable:
    found = Forgettable(Table(note("a.jpg"), note("b.jpg")), Bucket("a.jpg", "b.jpg"))
    queues = FakeSQS()

    def lane(name: str, work: str, dead_letters: str) -> Any:
        return SimpleNamespace(name=name, queue=queue(queues, work), dead_letters=queue(queues, dead_letters))

    images, bulk = lane("images", IMAGES, DEAD_LETTERS), lane("bulk", BULK, BULK_DEAD_LETTERS)
    pipeline = SimpleNamespace(
        completion_queues={},
        face_collection=None,
        names=NAMES,
        bulk=bulk,
        bucket=found.bucket,
        traces=found.table,
        renditions=None,
        executor=InlineExecutor(),
        lanes=(images, bulk),
    )
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(forget, "connect", lambda *_: pipeline)
    monkeypatch.setattr(
        forget, "time", SimpleNamespace(monotonic=lambda: now[0], time=lambda: 1_800_000_000.0, sleep=sleep)
    )
    return found


def test_what_is_forgotten_is_counted_and_gone(
    forgettable: Forgettable,
    run: Run,  # noqa: F811
) -> None:
    code, out, err = run("forget", "a.jpg", "--yes", "--json")

    told = json.loads(out)
    assert (code, told["left"]) == (0, [])
    assert told["found"]["versions and delete markers"] == 1
    assert [version.key for version in forgettable.bucket.there] == ["b.jpg"]
    assert [trace.key for trace in forgettable.table.traces] == ["b.jpg"]
    assert "A last search of bucket, table and queues found nothing." in err


def test_nothing_is_forgotten_for_whoever_does_not_agree(
    forgettable: Forgettable,
    run: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer(monkeypatch, "\n")

    code, out, err = run("forget", "--prefix", "a")

    assert code == 1
    assert out.split()[:3] == ["Found", "How", "many"]
    assert f"in s3://{NAMES.bucket} for good? [y/N] " in err
    assert err.endswith("nothing was removed\n")
    assert len(forgettable.bucket.there) == len(forgettable.table.traces) == 2


def test_ctrl_c_ends_a_check_that_waits_and_everything_is_removed(
    deployment: Deployed,
    run: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receive, presses = deployment.receive, iter([signal.SIGINT])

    def press(url: str, wait_seconds: int) -> list[str]:
        for once in presses:
            os.kill(os.getpid(), once)
        return receive(url, wait_seconds)

    monkeypatch.setattr(deployment, "receive", press)
    code, _, err = run("verify", "--yes")

    assert code == 130
    assert "stopped: the checks were not all made" in err
    assert "Everything was removed." in err
    assert deployment.open_queues == []
    assert deployment.versions("") == []


def test_ctrl_c_ends_forgetting_between_two_steps(
    forgettable: Forgettable,
    run: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def press(_prefix: str) -> list[Any]:
        os.kill(os.getpid(), signal.SIGINT)
        return []

    monkeypatch.setattr(forgettable.bucket, "versions", press)
    code, _, err = run("forget", "a.jpg", "--yes")

    assert code == 130
    assert "not all is forgotten; run the command again" in err
    assert len(forgettable.table.traces) == 2
