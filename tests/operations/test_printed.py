"""What commands print for people, whole; and that each works on the stack that was named."""

import io
import json
import sys
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from contract.moments import to_text
from operations.commands import (
    backfill,
    dlq,
    duplicates,
    export,
    forget,
    plan,
    quotas,
    reconcile,
    status,
    verify,
)
from operations.terminal import OperatorError, age_in_words, consents
from tests.operations.deployments import named
from tests.operations.test_command_line import Run, operated, run  # noqa: F401 - fixtures
from tests.operations.world import OperatedWorld


class HereError(OperatorError):
    """A command has got as far as to connect."""


@pytest.mark.parametrize(
    ("module", "typed"),
    [
        (backfill, ["backfill", "s3://photos", "--yes"]),
        (dlq, ["dlq", "summary"]),
        (dlq, ["dlq", "list"]),
        (dlq, ["dlq", "show", "a.jpg"]),
        (duplicates, ["duplicates"]),
        (export, ["export", "-"]),
        (forget, ["forget", "a.jpg", "--yes"]),
        (plan, ["plan", "s3://photos"]),
        (quotas, ["quotas"]),
        (reconcile, ["reconcile"]),
        (dlq, ["dlq", "redrive", "--yes"]),
        (status, ["status"]),
        (verify, ["verify", "--yes"]),
    ],
)
def test_a_command_works_on_the_stack_that_was_named(
    run: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    module: object,
    typed: list[str],
) -> None:
    asked: list[tuple[object, ...]] = []

    def connect(*place: object) -> None:
        asked.append(place)
        raise HereError("here")

    monkeypatch.setattr(module, "connect", connect)
    code, out, err = run(*typed, "--stack", "theirs", "--local", "--directory", "/of/theirs")

    assert (code, out, err) == (2, "", "error: here\n")
    stack, is_local, directory = asked[0]
    assert (stack, is_local, str(directory)) == ("theirs", True, "/of/theirs")


@pytest.mark.parametrize(("typed", "meant"), [("y\n", True), ("YES\n", True), ("n\n", False), ("", False)])
def test_a_question_is_asked_beside_the_results(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, typed: str, meant: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))

    assert consents(False, "Remove [all] 3?", "nothing was removed") is meant
    assert capsys.readouterr() == ("", "Remove [all] 3? [y/N] " + ("" if meant else "nothing was removed\n"))


def lines(printed: str) -> list[str]:
    return [line.rstrip() for line in printed.rstrip().splitlines()]


def test_quotas_are_printed_in_two_tables(operated: OperatedWorld, run: Run) -> None:  # noqa: F811
    operated.account.defaults = {"L-1": named("DetectLabels", 50), "L-2": named("DetectFaces", 100)}

    assert lines(run("quotas")[1]) == [
        "Calls a second  Deployed  Set  Account  In use    Now",
        "DetectLabels          50    -       50      50   50.0",
        "DetectFaces          100    -      100     100  100.0",
        "",
        "Calls a day (UTC)  Deployed  Set  In use  Today",
        "DetectLabels              -    -       -      0",
        "DetectFaces               -    -       -      0",
    ]


@pytest.mark.usefixtures("operated")
def test_a_status_without_calls_is_printed_whole(run: Run) -> None:  # noqa: F811
    assert lines(run("status")[1]) == [
        "Queue   Waiting  At work  Delayed  Dead letters",
        "images        0        0        0             0",
        "bulk          0        0        0             0",
        "",
        "Records: 1 recognized, 0 rejected",
        "",
        "Detector calls  Made  Avoided  Throttled  Hit ratio  Saved",
        "today              0        0          0          -  $0.00",
        "30 days            0        0          0          -  $0.00",
        "",
        "Rekognition, by UTC: $0.00 today, $0.00 this month",
        "",
        "Calls a second, at most: DetectLabels 50.0 of 50, DetectFaces 100.0 of 100",
    ]


def test_a_plan_is_printed_whole(operated: OperatedWorld, run: Run) -> None:  # noqa: F811
    operated.world.s3.put("new.jpg", b"dog 1")
    operated.world.s3.put("notes.txt", b"dog 2")

    assert lines(run("plan", "s3://photos/", "--suffix", ".jpg")[1]) == [
        "2  objects under s3://photos/, 11 bytes",
        "1  others left out by --since or --suffix",
        "1  have their record",
        "1  to do",
        "",
        "Calls         Needed  A second  A day      Takes",
        "DetectLabels       1        50      -  0 seconds",
        "DetectFaces        1       100      -  0 seconds",
        "",
        "Dollars",
        "Rekognition  0.00",
        "DynamoDB     0.00",
        "Lambda       0.00",
        "S3           0.00",
        "SQS          0.00",
        "SNS          0.00",
        "CloudWatch   0.00",
        "all          0.00",
        "",
        "0 seconds at the quota, and $0.00 a month to keep what is found. How it is reckoned: docs/cost.md",
    ]


def test_costs_are_printed_by_service_and_in_all(run: Run) -> None:  # noqa: F811
    code, out, _ = run("cost", "--photos", "1000")

    services = [line.split()[0] for line in lines(out)[1:9]]
    assert code == 0
    assert services == ["Rekognition", "DynamoDB", "Lambda", "S3", "SQS", "SNS", "CloudWatch", "all"]


def test_costs_say_what_files_take_of_it_where_they_are_looked_at(run: Run) -> None:  # noqa: F811
    words = "what 1,000 files say of themselves, for their thumbnails, and to convert 200: metadata $"

    assert words in run("cost", "--photos", "1000")[1]
    assert "files" not in run("cost", "--photos", "1000", "--no-pictures")[1]
    told = json.loads(run("cost", "--photos", "1000", "--json")[1])
    assert set(told["dollars_of_files"]) == {"metadata", "thumbnails", "conversion"}


def test_a_backfill_asks_where_it_goes_on_and_says_what_it_left_out(
    operated: OperatedWorld,  # noqa: F811
    run: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in range(3):
        operated.world.s3.put(f"new/{number}.jpg", f"dog {number}".encode())
    typed = ("backfill", "s3://photos/new/", "--limit", "1")

    answer(monkeypatch, "y\n")
    _, out, err = run(*typed)
    assert "going on after" not in err
    assert "left out" not in out
    answer(monkeypatch, "y\n")
    assert "going on after 1 queued before? " in run(*typed)[2]
    assert " 3 left out" in run("backfill", "s3://photos/new/", "--yes", "--suffix", ".png")[1]


def answer(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True, readline=lambda: typed))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (3_599, "59m"), (3_600, "1h"), (86_399, "23h"), (86_400, "1d")],
)
def test_an_age_is_told_in_its_largest_unit(seconds: float, words: str) -> None:
    now = 1_800_000_000.0

    assert age_in_words(to_text(datetime.fromtimestamp(now - seconds, UTC)), now) == words
