"""What is typed, what is answered: exit codes, one-line errors, JSON alone on stdout."""

import io
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.stub import Stubber

from contract.errors import CRASHED
from contract.meaning import VECTORS_A_SECOND
from contract.moments import to_text
from loadtest.simulation.outages import client_error
from operations import wiring
from operations.commands import backfill, dlq, duplicates, export, plan, quotas, reconcile, status
from operations.commands.options import read_since
from operations.exporting import run as export_run
from operations.main import main
from operations.terminal import OperatorError
from operations.wiring import DeployedPipeline, Names, choose, read_local
from tests.fakes.sqs import BULK, BULK_DEAD_LETTERS, DEAD_LETTERS, IMAGES
from tests.operations.deployments import named
from tests.operations.exports import ApiOverWorld
from tests.operations.letters import body, explained
from tests.operations.test_reconciling import copy_rows, recognized
from tests.operations.world import AT_ONCE, NAMES, OperatedWorld
from tests.processors.world import SETTINGS, WITH_PICTURES

OUTPUTS = {
    "Bucket": NAMES.bucket,
    "Table": NAMES.table,
    "QueueUrl": NAMES.queue_url,
    "DeadLetterQueueUrl": NAMES.dead_letter_queue_url,
    "BulkQueueUrl": NAMES.bulk_queue_url,
    "BulkDeadLetterQueueUrl": NAMES.bulk_dead_letter_queue_url,
    "TopicArn": NAMES.topic_arn,
    "ApiUrl": NAMES.api_url,
}


class Session:
    """Gives out clients in memory as boto3's session gives out its own."""

    def __init__(self, operated: OperatedWorld) -> None:
        self._clients = {
            "s3": operated.s3,
            "dynamodb": operated.dynamodb,
            "sqs": operated.queues,
            "lambda": operated.functions,
            "service-quotas": operated.account,
        }

    def client(self, service: str, **_: Any) -> Any:
        return self._clients[service]


@pytest.fixture
def operated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[OperatedWorld]:
    """A pipeline in memory that every command finds."""
    operated = recognized("good.jpg")
    pipeline = DeployedPipeline(NAMES, Session(operated))
    pipeline._retry = AT_ONCE
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setitem(vars(pipeline), "api", ApiOverWorld(operated))
    for commands in (backfill, dlq, duplicates, export, plan, quotas, reconcile, status):
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
        (["plan"], "s3://BUCKET/PREFIX"),
        (["plan", "photos"], "s3://bucket/prefix"),
        (["plan", "s3://photos", "--limit", "0"], "--limit"),
        (["plan", "s3://photos", "--since", "lately"], "--since"),
        (["backfill", "s3://photos"], "--yes"),
        (["backfill", "s3://theirs/2025/", "--yes"], "aws s3 sync s3://theirs/2025/ s3://photos/2025/"),
        (["backfill", "s3://photos", "--yes", "--max-cost", "-1"], "--max-cost"),
        (["backfill", "s3://photos", "--yes", "--all", "--metadata"], "--all and --metadata"),
        (["backfill", "s3://photos", "--yes", "--metadata"], "-c pictures=true"),
        (["backfill", "s3://photos", "--yes", "--rate", "0"], "--rate"),
        (["quotas", "--set", "DetectLabels"], "DetectLabels=80"),
        (["quotas", "--set", "DetectSmells=3"], "DetectSmells"),
        (["quotas", "--unset", "DetectSmells"], "DetectSmells"),
        (["quotas", "--apply"], "--set"),
        (["quotas", "--daily", "DetectLabels=many"], "DetectLabels=20000"),
        (["quotas", "--daily", "DetectSmells=3"], "DetectSmells"),
        (["verify", "--photos", "/nowhere", "--yes"], "--photos"),
        (["verify"], "verify changes things and nobody can be asked here; add --yes"),
        (["forget", "a.jpg"], "forget changes things and nobody can be asked here; add --yes"),
        (["cost", "--detectors", "smells"], "labels, faces"),
        (["export"], "FILE|FOLDER|-"),
        (["duplicates", "--distance", "12"], "--distance"),
        (["duplicates", "--pictures", "0"], "--pictures"),
        (["export", "-", "--format", "docx"], "docx"),
        (["export", "-", "--format", "xmp"], "name a folder"),
        (["export", "-", "--status", "lost"], "recognized nor rejected"),
        (["export", "-", "--from", "yesterday"], "from: must be a date"),
        (["export", "-", "--min-confidence", "101"], "--min-confidence"),
        (["export", "/"], "is a folder; name a file"),
        (["export", "/dev/null/x"], "/dev/null/x.partial cannot be written"),
        (["cost", "--photos", "0"], "--photos"),
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
    assert all(name in out for name in ("backfill", "cost", "dlq", "plan", "quotas", "reconcile", "status"))


def fill(operated: OperatedWorld) -> None:
    for number in range(12):
        operated.queues.put(DEAD_LETTERS, body(f"{number}.jpg"), explained(f"{number}.jpg"))
    operated.queues.put(BULK_DEAD_LETTERS, body("moved.jpg"))
    operated.queues.put(DEAD_LETTERS, "not \x1b[31m json")


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


def test_a_summary_says_what_may_be_behind_letters_without_a_reason(
    operated: OperatedWorld, run: Run
) -> None:
    operated.queues.put(DEAD_LETTERS, body("a.jpg"), explained("a.jpg"))
    assert "RecursiveInvocationsDropped" not in run("dlq", "summary")[1]

    operated.queues.put(BULK_DEAD_LETTERS, body("moved.jpg"))
    said = run("dlq", "summary")[1]
    for place in ("Runtime exited", "Throttles", "RecursiveInvocationsDropped"):
        assert said.count(place) == 1

    assert "RecursiveInvocationsDropped" in run("dlq", "show", "moved.jpg")[1]
    assert "RecursiveInvocationsDropped" not in run("dlq", "show", "a.jpg")[1]

    operated.queues.put(DEAD_LETTERS, body("b.jpg"), explained("b.jpg", code=CRASHED))
    assert "imagepipe dlq show KEY" in run("dlq", "summary")[1]


@pytest.mark.usefixtures("operated")
def test_that_there_are_no_dead_letters_is_said(run: Run) -> None:
    assert run("dlq", "summary")[:2] == (0, "No dead letters.\n")


def test_a_list_is_one_json_document_a_line(operated: OperatedWorld, run: Run) -> None:
    fill(operated)

    code, out, _ = run("dlq", "list", "--json", "--cause", "ServiceUnavailable", "--limit", "5")

    letters = [json.loads(line) for line in out.splitlines()]
    assert (code, len(letters)) == (0, 5)
    assert {letter["cause"] for letter in letters} == {"transient/ServiceUnavailable/labels"}
    assert len(operated.queues.visible(DEAD_LETTERS)) == 13


def test_a_letter_is_shown_by_key_and_by_message_id(operated: OperatedWorld, run: Run) -> None:
    fill(operated)

    by_key = json.loads(run("dlq", "show", "7.jpg", "--json")[1])["letters"]
    by_id = json.loads(run("dlq", "show", by_key[0]["id"], "--json")[1])["letters"]

    assert by_key == by_id
    assert (by_key[0]["attempts"], by_key[0]["detector"], by_key[0]["body"]) == (8, "labels", body("7.jpg"))
    assert "it was down" in run("dlq", "show", "7.jpg")[1]


def test_no_control_character_reaches_the_terminal(operated: OperatedWorld, run: Run) -> None:
    operated.queues.put(DEAD_LETTERS, "not \x1b[31m json")
    operated.queues.put(DEAD_LETTERS, body("\x1b[2J.jpg"))

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
    assert (len(operated.queues.bodies(IMAGES)), operated.queues.bodies(BULK)) == (12, [body("moved.jpg")])
    assert operated.queues.bodies(DEAD_LETTERS) == ["not \x1b[31m json"]


def test_a_dry_run_asks_nobody_and_changes_nothing(operated: OperatedWorld, run: Run) -> None:
    fill(operated)

    code, out, _ = run("dlq", "redrive", "--dry-run", "--limit", "3")

    assert (code, len(out.splitlines())) == (0, 3)
    assert len(operated.queues.visible(DEAD_LETTERS)) == 13
    assert operated.queues.bodies(IMAGES) == []


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
    assert (len(operated.queues.bodies(IMAGES)), len(operated.queues.visible(DEAD_LETTERS))) == (10, 3)


def test_ctrl_c_twice_ends_a_list_at_once_and_lets_go_of_all(operated: OperatedWorld, run: Run) -> None:
    fill(operated)

    def press(operation: str) -> None:
        if operation == "ReceiveMessage" and operated.queues.calls.made[operation] == 1:
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    operated.queues.calls.before = press
    assert run("dlq", "list")[0] == 130
    assert len(operated.queues.visible(DEAD_LETTERS)) == 13


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


def test_a_plan_and_a_backfill_agree_and_afterwards_there_is_nothing_to_do(
    operated: OperatedWorld, run: Run
) -> None:
    for number in range(4):
        operated.world.s3.put(f"new/{number}.jpg", f"dog {number}".encode())

    before = json.loads(run("plan", "s3://photos/new/", "--json")[1])
    code, out, _ = run("backfill", "s3://photos/new/", "--yes", "--json")
    done = json.loads(out)

    assert code == 0
    assert before["calls"] == done["in_all"]["calls"] == {"labels": 4, "faces": 4}
    assert before["dollars"]["by_service"]["Rekognition"] == 0.008
    assert before["dollars"]["total"] == pytest.approx(done["in_all"]["dollars"], abs=1e-4)
    assert (done["ended"], done["queued"]) == ("all", 4)
    operated.work_off_bulk()
    after = json.loads(run("plan", "s3://photos/new/", "--json")[1])
    assert (after["calls"], after["to_do"], after["current"], after["dollars"]["total"]) == ({}, 0, 4, 0)


def test_a_plan_is_for_people_too(operated: OperatedWorld, run: Run) -> None:
    operated.world.s3.put("new\x1b.jpg", b"dog 1")
    operated.world.s3.put("notes.txt", b"dog 2")

    code, out, _ = run("plan", "s3://photos/")

    assert code == 0
    assert "3  objects under s3://photos/" in out
    assert "likely not JPEG or PNG" in out
    assert "Rekognition" in out
    assert "aws s3 sync" not in out


def test_what_is_archived_is_told_and_left_alone(operated: OperatedWorld, run: Run) -> None:
    for key, storage_class in (
        ("a.jpg", "GLACIER"),
        ("b.jpg", "INTELLIGENT_TIERING"),
        ("c.jpg", "GLACIER_IR"),
    ):
        operated.world.s3.put(f"cold/{key}", key.encode())
        operated.s3.archive(f"cold/{key}", storage_class)

    plan = run("plan", "s3://photos/cold/")[1]
    assert "1  are archived (GLACIER, DEEP_ARCHIVE)" in plan
    assert "1  to do are in INTELLIGENT_TIERING" in plan
    told = json.loads(run("backfill", "s3://photos/cold/", "--all", "--yes", "--json")[1])
    assert (told["queued"], told["archived"]) == (2, 1)
    assert all("a.jpg" not in queued for queued in operated.queues.bodies(BULK))
    assert "1 are archived and were left alone" in run("backfill", "s3://photos/cold/", "--yes")[1]
    assert "1 of the photos are archived" in run("reconcile")[1]


def test_reconcile_does_not_call_notes_of_deleted_photos_records(operated: OperatedWorld, run: Run) -> None:
    operated.world.deliver(operated.world.s3.put("gone.jpg", b"cat 91"))
    operated.world.deliver(operated.world.s3.delete("gone.jpg"))

    told = json.loads(run("reconcile", "--json")[1])

    assert (told["objects"], told["heads"], told["tombstones"]) == (1, 1, 1)
    assert "1 photos in the bucket; 1 records, and 1 notes of deleted ones; " in run("reconcile")[1]


def test_photos_elsewhere_are_planned_with_the_way_to_move_them(operated: OperatedWorld, run: Run) -> None:
    operated.world.s3.put("new.jpg", b"dog 1")
    operated.s3.others["theirs"] = operated.world.s3.present()

    told = json.loads(run("plan", "s3://theirs", "--json")[1])

    assert (told["to_do"], told["answered_before"], told["calls"]) == (2, 1, {"labels": 1, "faces": 1})
    assert "aws s3 sync s3://theirs/ s3://photos/" in run("plan", "s3://theirs")[1]


def test_a_plan_that_is_cut_short_says_so(operated: OperatedWorld, run: Run) -> None:
    operated.world.s3.put("new.jpg", b"dog 1")

    assert "there is more" in run("plan", "s3://photos/", "--limit", "1")[1]


def test_a_backfill_stops_before_its_dollars_and_goes_on_with_more(operated: OperatedWorld, run: Run) -> None:
    for number in range(5):
        operated.world.s3.put(f"new/{number}.jpg", f"dog {number}".encode())
    typed = ("backfill", "s3://photos/new/", "--yes")

    code, out, _ = run(*typed, "--max-cost", "0.005")
    assert code == 1
    assert "with a higher one, the same command goes on" in out
    assert len(operated.queues.bodies(BULK)) == 2
    assert json.loads(run(*typed, "--max-cost", "0.005", "--json")[1])["ended"] == "max_cost"

    code, out, _ = run(*typed, "--max-cost", "1", "--json")
    told = json.loads(out)
    assert (code, told["queued"], told["in_all"]["queued"]) == (0, 3, 5)


def test_a_restart_forgets_what_was_queued(operated: OperatedWorld, run: Run) -> None:
    for number in range(5):
        operated.world.s3.put(f"new/{number}.jpg", f"dog {number}".encode())
    typed = ("backfill", "s3://photos/new/", "--yes", "--limit", "2", "--json")

    told = [json.loads(run(*typed, *more)[1])["in_all"]["queued"] for more in ([], [], ["--restart"])]

    assert told == [2, 4, 2]


def test_metadata_is_filled_in_without_a_call_and_is_a_backfill_of_its_own(
    operated: OperatedWorld, run: Run
) -> None:
    operated.functions.settings = replace(SETTINGS, pictures_function="pictures")
    operated.world.s3.put("new.jpg", b"dog 90")
    typed = ("backfill", "s3://photos/", "--yes", "--json")
    assert json.loads(run(*typed, "--limit", "1")[1])["ended"] == "limit"

    told = json.loads(run(*typed, "--metadata")[1])

    assert (told["queued"], told["would_cost"], told["in_all"]["calls"]) == (1, 1, {})
    assert "good.jpg" in operated.queues.bodies(BULK)[-1]
    assert "1 have no current record and were left alone" in run(*typed[:-1], "--metadata")[1]
    planned = json.loads(run("plan", "s3://photos/", "--json")[1])
    assert (planned["to_do"], planned["files_to_read"], planned["calls"]) == (2, 2, {"labels": 1, "faces": 1})
    assert "2  to do have files to be read" in run("plan", "s3://photos/")[1]


def test_ctrl_c_ends_a_backfill_and_says_how_it_goes_on(operated: OperatedWorld, run: Run) -> None:
    for number in range(5):
        operated.world.s3.put(f"new/{number}.jpg", f"dog {number}".encode())

    def press(operation: str) -> None:
        if operation == "SendMessageBatch":
            os.kill(os.getpid(), signal.SIGINT)

    operated.queues.calls.before = press
    code, _, err = run("backfill", "s3://photos/new/", "--yes")

    assert code == 130
    assert "the same command goes on from there" in err
    operated.queues.calls.before = lambda _: None
    assert run("backfill", "s3://photos/new/", "--yes")[0] == 0
    assert len(operated.queues.bodies(BULK)) == 5


def test_quotas_are_shown_applied_set_and_taken_back(operated: OperatedWorld, run: Run) -> None:
    operated.account.defaults = {"L-1": named("DetectLabels", 50), "L-2": named("DetectFaces", 100)}
    operated.account.applied = {"L-1": named("DetectLabels", 80)}

    assert "imagepipe quotas --apply" in run("quotas")[1]
    shown = json.loads(run("quotas", "--apply", "--json")[1])["operations"]
    assert (shown["DetectLabels"]["set"], shown["DetectLabels"]["in_use"]) == (80, 80)
    shown = json.loads(run("quotas", "--set", "DetectFaces=7", "--unset", "DetectLabels", "--json")[1])
    assert shown["operations"]["DetectLabels"]["in_use"] == 50
    assert json.loads(run("status", "--json")[1])["quotas"]["DetectFaces"]["rate_now"] == 7
    assert "DetectFaces 7.0 of 7" in run("status")[1]


def test_daily_limits_are_shown_set_and_taken_back(operated: OperatedWorld, run: Run) -> None:
    operated.functions.others["DAILY_CALL_LIMITS"] = "DetectFaces=1000"

    told = json.loads(run("quotas", "--daily", "DetectLabels=0", "--json")[1])["operations"]
    assert told["DetectLabels"]["calls_a_day"] == {"deployed": None, "set": 0, "in_use": 0, "calls_today": 0}
    assert told["DetectFaces"]["calls_a_day"]["in_use"] == 1000
    assert "No call is left for today of DetectLabels" in run("quotas")[1]
    assert "DetectLabels 0 of 0, DetectFaces 0 of 1,000" in run("status")[1]
    operated.world.s3.put("new.jpg", b"dog 90")
    assert json.loads(run("plan", "s3://photos/", "--json")[1])["hours"] is None
    assert "for ever, as no calls are allowed" in run("plan", "s3://photos/")[1]

    told = json.loads(run("quotas", "--daily", "DetectLabels=none", "--json")[1])["operations"]
    assert told["DetectLabels"]["calls_a_day"]["in_use"] is None
    assert "No call is left" not in run("quotas")[1]


def test_a_backfill_queues_no_more_than_a_daily_limit_takes_while_messages_are_kept(
    operated: OperatedWorld, run: Run
) -> None:
    operated.world.s3.put("new.jpg", b"dog 90")
    run("quotas", "--daily", "DetectLabels=0")

    code, out, _ = run("backfill", "s3://photos/", "--yes", "--json")

    assert (code, json.loads(out)["ended"], json.loads(out)["queued"]) == (1, "queue_full", 0)


def test_quotas_that_service_quotas_does_not_know_are_said_to_be_unknown(
    operated: OperatedWorld, run: Run
) -> None:
    operated.account.fails_with = "AccessDeniedException"

    code, out, err = run("quotas")

    assert code == 0
    assert "DetectLabels" in out
    assert "AccessDeniedException" in err


def test_a_status_without_leave_to_look_at_functions_says_so(operated: OperatedWorld, run: Run) -> None:
    operated.functions.queue_arn = "another"

    code, out, err = run("status")

    assert code == 0
    assert "1 recognized" in out
    assert "The quotas are not known" in err


def test_cost_asks_no_pipeline(run: Run) -> None:
    told = json.loads(run("cost", "--photos", "1000000", "--detectors", "labels", "--json")[1])

    assert told["dollars"]["by_service"]["Rekognition"] == 1000
    assert "Rekognition" in run("cost")[1]
    assert run("cost", "--markdown")[1].startswith("# What it costs")


def test_cost_knows_that_a_model_which_sees_photos_is_slower_than_the_detectors(run: Run) -> None:
    plain, seen = (
        json.loads(run("cost", "--photos", "1000000", *more, "--json")[1])
        for more in ((), ("--meaning", "bedrock"))
    )

    assert seen["dollars"]["by_service"]["Bedrock"] == 60
    assert seen["hours"] == pytest.approx(1_000_000 / VECTORS_A_SECOND / 3600, abs=0.01)
    assert plain["hours"] < seen["hours"]


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
    assert Names.of_stack("s", {**OUTPUTS, "TallyFunction": "x"}) == NAMES
    with_pictures = Names.of_stack("s", {**OUTPUTS, "RenditionsBucket": "r"})
    assert (NAMES.renditions_bucket, with_pictures.renditions_bucket) == ("", "r")
    with pytest.raises(OperatorError, match="Table"):
        Names.of_stack("s", {name: value for name, value in OUTPUTS.items() if name != "Table"})


def test_a_stack_that_is_not_there_says_what_to_do() -> None:
    client: Any = botocore.session.Session().create_client(
        "cloudformation", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stubber:
        stubber.add_client_error("describe_stacks", "ValidationError", "Stack with id x does not exist")
        with pytest.raises(OperatorError, match="no stack 'x' in us-east-1"):
            wiring.outputs_on_aws(client, "x", AT_ONCE)


@pytest.mark.parametrize("written", ["", "{}", "[]", '{"bucket": "b"}'])
def test_a_local_place_that_is_half_written_says_what_to_do(tmp_path: Path, written: str) -> None:
    (tmp_path / "outputs.json").write_text(written)
    with pytest.raises(OperatorError, match="make run"):
        read_local(tmp_path)


@pytest.mark.parametrize("renditions", [{"renditions_bucket": "r"}, {"renditions_bucket": ""}, {}])
def test_a_local_place_may_make_renditions_or_none(tmp_path: Path, renditions: dict[str, str]) -> None:
    names = {name: value for name, value in vars(NAMES).items() if name != "renditions_bucket"}
    place = {**names, **renditions, "endpoint_url": "http://127.0.0.1:9", "region": "us-east-1"}
    (tmp_path / "outputs.json").write_text(json.dumps(place))

    assert read_local(tmp_path).names.renditions_bucket == renditions.get("renditions_bucket", "")


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


def test_a_local_environment_is_asked_whatever_this_persons_set_up_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = {**vars(NAMES), "endpoint_url": "http://127.0.0.1:9", "region": "eu-central-1"}
    (tmp_path / "outputs.json").write_text(json.dumps(written))
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: io.BytesIO())
    monkeypatch.setenv("AWS_PROFILE", "somebody-elses")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")

    client = wiring.connect(None, True, tmp_path).images.queue.client

    assert (client.meta.endpoint_url, client.meta.region_name) == ("http://127.0.0.1:9", "eu-central-1")
    assert client.meta.config.proxies == {}  # type: ignore[attr-defined]


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


def test_an_export_goes_to_a_file_or_to_the_standard_output(
    operated: OperatedWorld, run: Run, tmp_path: Path
) -> None:
    operated.world.deliver(operated.world.s3.put("dog.jpg", b"dog 90 animal 40 faces 1"))
    typed = ("--label", "Dog", "--min-confidence", "50")

    code, out, err = run("export", "-", *typed)
    assert (code, err) == (0, "1 photos.\n")
    line = json.loads(out)
    assert [line["key"], [label["name"] for label in line["labels"]]] == ["dog.jpg", ["Dog"]]

    output = tmp_path / "out" / "dogs.csv"
    code, out, err = run("export", str(output), "--format", "csv", *typed)
    assert (code, out, err) == (0, "", f"1 photos in {output}.\n")
    assert output.read_text().splitlines()[1].startswith("dog.jpg,recognized,")

    code, out, err = run("export", "-", "--format", "coco")
    assert (code, json.loads(out)["images"]) == (0, [])
    assert err == "2 photos; 2 without width and height.\n"

    assert run("export", str(tmp_path / "xmp"), "--format", "xmp", "--prefix", "dog")[0] == 0
    assert "<rdf:li>Dog</rdf:li>" in (tmp_path / "xmp/dog.jpg.xmp").read_text()


@pytest.mark.parametrize(
    ("conditions", "keys"),
    [
        (("--label", "Cat", "--label", "Sofa"), ["both.jpg"]),
        (("--any-label", "Dog", "--any-label", "Sofa"), ["both.jpg", "dog.jpg"]),
        (("--not-label", "Cat"), ["dog.jpg"]),
        (("--not-label", "Cat", "--min-confidence", "95"), ["both.jpg", "dog.jpg"]),
        (("--min-faces", "1"), ["dog.jpg"]),
        (("--prefix", "bo"), ["both.jpg"]),
        (("--from", "2099-01-01"), []),
        (("--to", "2099-01-01", "--camera", "Canon"), []),
        (("--taken-from", "2026-01-01", "--taken-to", "2026-01-01"), ["both.jpg", "dog.jpg"]),
        (("--taken-from", "2026-01-02"), []),
        (("--near", "-48.8584,2.2945,5"), []),
        (("--text", "stop"), []),
        (("--moderation", "Violence"), []),
        (("--status", "rejected"), ["broken.jpg"]),
    ],
)
def test_an_export_takes_the_conditions_of_the_api(
    operated: OperatedWorld, run: Run, conditions: tuple[str, ...], keys: list[str]
) -> None:
    world = operated.world
    world.deliver(world.s3.delete("good.jpg"))
    world.use(WITH_PICTURES)
    world.deliver(
        world.s3.put("both.jpg", b"cat 90 sofa 80"),
        world.s3.put("dog.jpg", b"dog 97 faces 2"),
        world.s3.put("broken.jpg", b"no"),
    )

    code, out, err = run("export", "-", *conditions)

    assert (code, err) == (0, f"{len(keys)} photos.\n")
    assert sorted(json.loads(line)["key"] for line in out.splitlines()) == keys


def test_ctrl_c_ends_an_export_and_the_same_command_goes_on(
    operated: OperatedWorld, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_run, "PAGE", 2)
    world = operated.world
    world.deliver(*(world.s3.put(f"{number}.jpg", b"cat 90") for number in range(6)))
    api = ApiOverWorld(operated)

    class Interrupted:
        def get(self, path: str, **parameters: object) -> Any:
            if len(api.asked) == 1:
                signal.raise_signal(signal.SIGINT)
            return api.get(path, **parameters)

    monkeypatch.setattr(export, "connect", lambda *_: pipeline_with(operated, Interrupted()))
    output = str(tmp_path / "cats.jsonl")

    code, _, err = run("export", output)
    assert code == 130
    assert "2 photos were written; the same command goes on from there" in err
    assert run("export", output, "--label", "Cat")[0] == 2

    assert run("export", output)[0] == 0
    keys = [json.loads(line)["key"] for line in Path(output).read_text().splitlines()]
    assert sorted(keys) == sorted([*(f"{number}.jpg" for number in range(6)), "good.jpg"])


def pipeline_with(operated: OperatedWorld, api: object) -> DeployedPipeline:
    pipeline = DeployedPipeline(NAMES, Session(operated))
    pipeline._retry = AT_ONCE
    vars(pipeline)["api"] = api
    return pipeline
