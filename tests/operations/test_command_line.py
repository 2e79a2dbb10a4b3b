"""What is typed, what is answered: exit codes, one-line errors, JSON alone on stdout."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from operations import wiring
from operations.adapters.cloudformation import stack_outputs
from operations.commands import dead_letters, reconcile, redrive, status
from operations.faults import OperatorError
from operations.main import main
from operations.moments import read_since, to_text
from operations.names import Names, choose, read_local
from operations.wiring import Pipeline
from tests.fakes.calls import client_error
from tests.operations.letters import body, explained
from tests.operations.queues import BULK, BULK_DEAD, DEAD, HOME
from tests.operations.test_reconciling import copy_rows, recognized
from tests.operations.world import AT_ONCE, NAMES, OperatedWorld

OUTPUTS = {
    "Bucket": NAMES.bucket,
    "Table": NAMES.table,
    "QueueUrl": NAMES.queue_url,
    "DeadLetterQueueUrl": NAMES.dead_letter_queue_url,
    "BulkQueueUrl": NAMES.bulk_queue_url,
    "BulkDeadLetterQueueUrl": NAMES.bulk_dead_letter_queue_url,
}


class Session:
    """Gives out clients in memory as boto3's session gives out its own."""

    def __init__(self, operated: OperatedWorld) -> None:
        self._clients = {"s3": operated.s3, "dynamodb": operated.dynamodb, "sqs": operated.queues}

    def client(self, service: str, **_: Any) -> Any:
        return self._clients[service]


@pytest.fixture
def operated(monkeypatch: pytest.MonkeyPatch) -> Iterator[OperatedWorld]:
    """A pipeline in memory that every command finds."""
    operated = recognized("good.jpg")
    pipeline = Pipeline(NAMES, Session(operated))
    pipeline._retry = AT_ONCE
    for commands in (dead_letters, reconcile, redrive, status):
        monkeypatch.setattr(commands, "connect", lambda *_: pipeline)
    yield operated
    pipeline.executor.shutdown()


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bogus"], "bogus"),
        (["dlq", "bogus"], "bogus"),
        (["dlq", "list", "--bogus"], "--bogus"),
        (["dlq", "list", "--limit", "0"], "--limit"),
        (["dlq", "list", "--limit", "many"], "--limit"),
        (["dlq", "list", "--since", "yesterday"], "--since"),
        (["dlq", "redrive", "--rate", "0"], "--rate"),
        (["dlq", "redrive", "--rate", "-3", "--yes"], "--rate"),
        (["dlq", "redrive"], "--yes"),
        (["dlq", "show"], "KEY|MESSAGE-ID"),
        (["dlq", "show", "nothing.jpg"], "nothing.jpg"),
        (["reconcile", "--min-age", "-1"], "--min-age"),
        (["reconcile", "--fix"], "--yes"),
        (["reconcile", "surplus"], "surplus"),
        (["status", "--days", "0"], "--days"),
    ],
)
@pytest.mark.usefixtures("operated")
def test_what_cannot_be_meant_is_one_line_and_exit_code_2(run: Run, arguments: list[str], says: str) -> None:
    code, out, err = run(*arguments)

    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert len(err.splitlines()) == 1
    assert says in err


@pytest.mark.parametrize("arguments", [["--stack", "x", "--local"], ["--local", "--directory", "nowhere"]])
def test_a_place_that_cannot_be_found_is_one_line_and_exit_code_2(run: Run, arguments: list[str]) -> None:
    code, out, err = run("status", *arguments)

    assert (code, out, len(err.splitlines())) == (2, "", 1)


@pytest.mark.parametrize("arguments", [[], ["dlq"]])
def test_without_arguments_there_is_help(run: Run, arguments: list[str]) -> None:
    _, out, err = run(*arguments)

    assert "Usage" in out + err


def test_help_names_every_command(run: Run) -> None:
    code, out, _ = run("--help")

    assert code == 0
    assert all(name in out for name in ("dlq", "reconcile", "status"))


def fill(operated: OperatedWorld) -> None:
    for number in range(12):
        operated.queues.put(DEAD, body(f"{number}.jpg"), explained(f"{number}.jpg"))
    operated.queues.put(BULK_DEAD, body("moved.jpg"))
    operated.queues.put(DEAD, "not \x1b[31m json")


def test_a_summary_counts_both_queues(operated: OperatedWorld, run: Run) -> None:
    fill(operated)

    code, out, _ = run("dlq", "summary", "--json")

    told = json.loads(out)
    assert (code, told["total"]) == (0, 14)
    assert [(cause["cause"], cause["queue"], cause["count"]) for cause in told["causes"]] == [
        ("transient/ServiceUnavailable/labels", "images", 12),
        ("crash/NoVerdict", "bulk", 1),
        ("permanent/UnreadableMessage", "images", 1),
    ]
    assert "ServiceUnavailable" in run("dlq", "summary")[1]


@pytest.mark.usefixtures("operated")
def test_that_there_are_no_dead_letters_is_said(run: Run) -> None:
    assert run("dlq", "summary")[:2] == (0, "No dead letters.\n")


def test_a_list_is_one_json_document_a_line(operated: OperatedWorld, run: Run) -> None:
    fill(operated)

    code, out, _ = run("dlq", "list", "--json", "--cause", "ServiceUnavailable", "--limit", "5")

    letters = [json.loads(line) for line in out.splitlines()]
    assert (code, len(letters)) == (0, 5)
    assert {letter["cause"] for letter in letters} == {"transient/ServiceUnavailable/labels"}
    assert len(operated.queues.visible(DEAD)) == 13


def test_a_letter_is_shown_by_key_and_by_message_id(operated: OperatedWorld, run: Run) -> None:
    fill(operated)

    by_key = json.loads(run("dlq", "show", "7.jpg", "--json")[1])["letters"]
    by_id = json.loads(run("dlq", "show", by_key[0]["id"], "--json")[1])["letters"]

    assert by_key == by_id
    assert (by_key[0]["attempts"], by_key[0]["detector"], by_key[0]["body"]) == (8, "labels", body("7.jpg"))
    assert "it was down" in run("dlq", "show", "7.jpg")[1]


def test_no_control_character_reaches_the_terminal(operated: OperatedWorld, run: Run) -> None:
    operated.queues.put(DEAD, "not \x1b[31m json")
    operated.queues.put(DEAD, body("\x1b[2J.jpg"))

    said = "".join(
        "".join(run("dlq", *command)[1:]) for command in (["list"], ["summary"], ["show", "\x1b[2J.jpg"])
    )

    assert "\x1b" not in said
    assert "\\x1b[2J.jpg" in said


def test_redrive_with_yes_sends_each_back_to_its_own_queue(operated: OperatedWorld, run: Run) -> None:
    fill(operated)

    code, out, err = run("dlq", "redrive", "--yes", "--json")

    assert code == 0
    assert json.loads(out) == {
        "looked_at": 14,
        "sent": 13,
        "refused": 0,
        "sent_but_original_remains": 0,
        "unreadable_left": 1,
    }
    assert "cannot be read" in err
    assert (len(operated.queues.bodies(HOME)), operated.queues.bodies(BULK)) == (12, [body("moved.jpg")])
    assert operated.queues.bodies(DEAD) == ["not \x1b[31m json"]


def test_a_dry_run_asks_nobody_and_changes_nothing(operated: OperatedWorld, run: Run) -> None:
    fill(operated)

    code, out, _ = run("dlq", "redrive", "--dry-run", "--limit", "3")

    assert (code, len(out.splitlines())) == (0, 3)
    assert len(operated.queues.visible(DEAD)) == 13
    assert operated.queues.bodies(HOME) == []


def test_what_sqs_refuses_for_good_is_exit_code_1(operated: OperatedWorld, run: Run) -> None:
    fill(operated)
    operated.queues.refuse["send"], operated.queues.sender_fault = 2, True

    code, _, err = run("dlq", "redrive", "--yes")

    assert code == 1
    assert "2 were not taken" in err


def test_ctrl_c_ends_a_redrive_between_two_batches(operated: OperatedWorld, run: Run) -> None:
    fill(operated)

    def press(operation: str) -> None:
        if operation == "SendMessageBatch":
            os.kill(os.getpid(), signal.SIGINT)

    operated.queues.calls.before = press
    code, _, err = run("dlq", "redrive", "--yes")

    assert code == 130
    assert "10 were sent back before" in err
    assert (len(operated.queues.bodies(HOME)), len(operated.queues.visible(DEAD))) == (10, 3)


def test_ctrl_c_twice_ends_a_list_at_once_and_lets_go_of_all(operated: OperatedWorld, run: Run) -> None:
    fill(operated)

    def press(operation: str) -> None:
        if operation == "ReceiveMessage" and operated.queues.calls.made[operation] == 1:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    operated.queues.calls.before = press
    assert run("dlq", "list")[0] == 130
    assert len(operated.queues.visible(DEAD)) == 13


def test_reconcile_answers_0_where_nothing_differs(operated: OperatedWorld, run: Run) -> None:
    code, out, _ = run("reconcile", "--json")

    told = json.loads(out)
    assert code == 0
    assert (told["objects"], told["heads"], told["index_rows"]) == (1, 1, 2)
    assert operated.queues.bodies(BULK) == []


def test_reconcile_answers_1_with_the_keys_and_changes_nothing(operated: OperatedWorld, run: Run) -> None:
    operated.world.s3.put("new.jpg", b"cat 1")
    rows = copy_rows(operated.world, "good.jpg", "0123456789abcdef")

    code, out, _ = run("reconcile", "--json")

    told = json.loads(out)
    assert code == 1
    assert told["missing"] == {"count": 1, "keys": ["new.jpg"]}
    assert told["orphaned_rows"] == {"count": len(rows), "keys": ["good.jpg"]}
    assert told["fixed"] is None
    assert operated.queues.bodies(BULK) == []
    assert rows <= operated.world.table.items.keys()
    assert "new.jpg" in run("reconcile")[1]


def test_reconcile_with_fix_answers_0_and_the_pipeline_settles_it(operated: OperatedWorld, run: Run) -> None:
    operated.world.s3.put("new.jpg", b"cat 1")

    code, out, _ = run("reconcile", "--fix", "--yes", "--json")

    assert code == 0
    assert json.loads(out)["fixed"]["keys_queued"] == 1
    operated.work_off_bulk()
    assert run("reconcile")[0] == 0


def test_ctrl_c_ends_a_survey_and_says_what_was_not_done(operated: OperatedWorld, run: Run) -> None:
    def press(operation: str) -> None:
        if operation == "ListObjectsV2":
            os.kill(os.getpid(), signal.SIGINT)

    operated.world.calls.before = press
    code, out, err = run("reconcile", "--json")

    assert (code, out) == (130, "")
    assert "nothing was changed" in err


@pytest.mark.usefixtures("operated")
def test_a_status_is_for_people_or_machines(run: Run) -> None:
    told = json.loads(run("status", "--json")[1])

    assert told["records"]["recognized"] == {"count": 1, "is_all": True}
    assert set(told["queues"]) == set(told["dead_letters"]) == {"images", "bulk"}
    assert "1 recognized" in run("status")[1]


def test_what_aws_denies_is_one_line_that_says_what(operated: OperatedWorld, run: Run) -> None:
    def deny(operation: str) -> None:
        raise client_error("AccessDenied", operation, "not\nallowed")

    operated.queues.calls.before = deny
    code, out, err = run("status")

    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "AccessDenied" in err
    assert "GetQueueAttributes" in err


@pytest.mark.parametrize(
    ("stack", "local", "environment", "chosen"),
    [
        (None, None, {}, "imagepipe"),
        ("mine", None, {}, "mine"),
        (None, True, {}, None),
        (None, None, {"IMAGEPIPE_STACK": "theirs"}, "theirs"),
        (None, None, {"IMAGEPIPE_LOCAL": "1"}, None),
        (None, None, {"IMAGEPIPE_LOCAL": "0"}, "imagepipe"),
        ("mine", None, {"IMAGEPIPE_LOCAL": "1"}, "mine"),
        (None, True, {"IMAGEPIPE_STACK": "theirs"}, None),
    ],
)
def test_what_is_typed_goes_before_the_environment(
    stack: str | None, local: bool | None, environment: dict[str, str], chosen: str | None
) -> None:
    assert choose(stack, local, environment) == chosen


def test_two_places_at_once_are_refused() -> None:
    with pytest.raises(OperatorError, match="choose one"):
        choose("mine", True, {})
    with pytest.raises(OperatorError, match="choose one"):
        choose(None, None, {"IMAGEPIPE_STACK": "theirs", "IMAGEPIPE_LOCAL": "1"})


def test_names_are_read_from_the_stack() -> None:
    assert Names.of_stack("s", {**OUTPUTS, "ApiUrl": "x"}) == NAMES
    with pytest.raises(OperatorError, match="Table"):
        Names.of_stack("s", {name: value for name, value in OUTPUTS.items() if name != "Table"})


def test_a_stack_that_is_not_there_says_what_to_do() -> None:
    client: Any = botocore.session.Session().create_client(
        "cloudformation", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stubber:
        stubber.add_client_error("describe_stacks", "ValidationError", "Stack with id x does not exist")
        with pytest.raises(OperatorError, match="no stack 'x' in us-east-1"):
            stack_outputs(client, "x", AT_ONCE)


@pytest.mark.parametrize("written", ["", "{}", "[]", '{"bucket": "b"}'])
def test_a_local_place_that_is_half_written_says_what_to_do(tmp_path: Path, written: str) -> None:
    (tmp_path / "outputs.json").write_text(written)
    with pytest.raises(OperatorError, match="make run"):
        read_local(tmp_path)


def test_a_local_place_that_does_not_answer_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = {**vars(NAMES), "endpoint_url": "http://127.0.0.1:9", "region": "us-east-1"}
    (tmp_path / "outputs.json").write_text(json.dumps(place))

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(OperatorError, match="nothing answers"):
        wiring.connect(None, True, tmp_path)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90s", "2025-12-31T23:58:30.000Z"),
        ("2h", "2025-12-31T22:00:00.000Z"),
        ("7d", "2025-12-25T00:00:00.000Z"),
        ("2025-12-01", "2025-12-01T00:00:00.000Z"),
        ("2025-12-01T08:00", "2025-12-01T08:00:00.000Z"),
        ("2025-12-01T08:00+02:00", "2025-12-01T06:00:00.000Z"),
    ],
)
def test_since_is_an_age_or_a_time(text: str, meant: str) -> None:
    assert read_since(text, 1_767_225_600.0) == meant
    assert to_text(1_767_225_600.0) == "2026-01-01T00:00:00.000Z"
