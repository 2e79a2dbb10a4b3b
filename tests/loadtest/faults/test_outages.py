"""Outages of the fault run: who meets them, in which words, and what is written down of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from loadtest.faults.calls import AwsService, Call, SavedAnswer, saved_answers_of
from loadtest.faults.ledger import Ledger
from loadtest.faults.plan import (
    OUTAGES,
    WAITS_DIVIDED_BY,
    FaultPlan,
    HungUpError,
    StagedOutage,
    StagedOutages,
    most_receives,
)
from loadtest.faults.proxy import Proxy
from loadtest.faults.script import WAVES

REKOGNITION_AWAY = StagedOutage("Rekognition away", frozenset({AwsService.REKOGNITION}))


def called(target: str, members: dict[str, Any] | None = None) -> Call:
    return Call("POST", "/", {"x-amz-target": target}, json.dumps(members or {}).encode())


DETECT = called("RekognitionService.DetectLabels")
HIDE = called(
    "AmazonSQS.ChangeMessageVisibilityBatch",
    {"Entries": [{"Id": "0", "VisibilityTimeout": 100}, {"Id": "1", "VisibilityTimeout": 3}]},
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "cloud.log"
    path.write_text('{"receive_count": 99}\n')
    return path


def test_a_wave_has_an_outage_and_each_service_that_the_promise_names_is_away_once() -> None:
    assert len(OUTAGES) == WAVES
    away = [service for outage in OUTAGES if not outage.denied for service in outage.services]
    # SQS brings the messages: while it is away, nobody is there to notice.
    assert sorted(away) == sorted(set(AwsService) - {AwsService.SQS})


def test_a_service_that_is_away_answers_503_or_hangs_up_and_the_others_answer(log: Path) -> None:
    outages = StagedOutages()
    with outages.lasting(REKOGNITION_AWAY, log) as spell:
        answer = outages.met(DETECT, 2)
        with pytest.raises(HungUpError):
            outages.met(DETECT, 3)
        assert outages.met(HIDE, 4) is None
    assert answer is not None
    assert answer.status == 503
    assert spell.refused == 2
    assert outages.met(DETECT, 5) is None


def test_rekognition_cannot_read_objects_while_s3_is_away(log: Path) -> None:
    outages = StagedOutages()
    with outages.lasting(StagedOutage("S3 away", frozenset({AwsService.S3})), log):
        answer = outages.met(DETECT, 1)
    assert answer is not None
    assert b"InvalidS3ObjectException" in answer.body


def test_a_missing_permission_is_told_in_words_each_time(log: Path) -> None:
    outages = StagedOutages()
    with outages.lasting(StagedOutage("denied", frozenset({AwsService.REKOGNITION}), denied=True), log):
        told = [outages.met(DETECT, number) for number in range(2)]
    assert all(answer is not None and b"AccessDeniedException" in answer.body for answer in told)


def test_waits_are_shortened_and_those_of_an_outage_counted(log: Path) -> None:
    outages = StagedOutages()
    shorter = outages.shortened(HIDE)
    assert [entry["VisibilityTimeout"] for entry in shorter.members["Entries"]] == [
        100 // WAITS_DIVIDED_BY,
        1,
    ]
    assert [entry["Id"] for entry in shorter.members["Entries"]] == ["0", "1"]
    assert outages.shortened(DETECT) == DETECT
    with outages.lasting(REKOGNITION_AWAY, log) as spell:
        assert outages.shortened(HIDE) == shorter
    assert spell.handed_back == 2


def test_the_function_says_how_often_a_message_was_received_during_the_outage(log: Path) -> None:
    outages = StagedOutages()
    with outages.lasting(REKOGNITION_AWAY, log) as spell, log.open("a") as file:
        file.write('INFO {"level":"WARNING","receive_count":7}\nINFO {"receive_count": 11}\n')
    assert spell.receives == 11
    assert most_receives(log, log.stat().st_size) == 0


def test_no_worker_is_killed_while_a_service_is_away(log: Path) -> None:
    plan = next(plan for seed in range(99) if (plan := FaultPlan(seed, (0,))).kills_before_the_call(0))
    killed: list[int] = []

    def kill(port: int) -> bool:
        killed.append(port)
        return True

    proxy = Proxy(plan, Ledger(), {}, kill)
    with proxy.outages.lasting(REKOGNITION_AWAY, log):
        assert proxy.answer(DETECT, port=1).status == 503
    assert killed == []
    with pytest.raises(HungUpError):
        proxy.answer(DETECT, port=2)
    assert killed == [2]


def test_what_comes_after_an_outage_is_put_down_to_it_until_the_next(log: Path) -> None:
    outages = StagedOutages()
    for outage in OUTAGES[:2]:
        with outages.lasting(outage, log):
            pass
    first, second = outages.spells
    first.begun_at, second.begun_at = 100.0, 200.0
    assert [outages.of_moment(at) for at in (99, 100, 199, 200, 999)] == [None, first, first, second, second]


def test_answers_that_a_batch_writes_down_are_known_and_other_rows_are_none() -> None:
    answer = {"pk": {"S": "content#abc-9"}, "sk": {"S": "labels#f1"}, "answer": {"B": "eJw="}}
    row = {"pk": {"S": "index#cat"}, "sk": {"S": "a"}}
    requests = [
        {"PutRequest": {"Item": answer}},
        {"PutRequest": {"Item": row}},
        {"DeleteRequest": {"Key": row}},
    ]
    call = called("DynamoDB_20120810.BatchWriteItem", {"RequestItems": {"table": requests}})
    assert saved_answers_of(call) == [SavedAnswer("abc-9", "labels")]
    assert saved_answers_of(DETECT) == []
