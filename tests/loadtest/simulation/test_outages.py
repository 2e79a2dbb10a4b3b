from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from contract.timing import VISIBILITY_SECONDS
from loadtest.faults.calls import DENIALS, AwsService
from loadtest.simulation.figures import Aftermath, aftermath, broken_promises
from loadtest.simulation.fleet import ALLOW, TERMINATE
from loadtest.simulation.outages import Outage, Outages, Trouble
from loadtest.simulation.running import run
from loadtest.simulation.scenario import FleetScenario
from loadtest.simulation.scenarios import recursive_loop

SMALL = FleetScenario(
    "small", "twenty photos", {"DetectLabels": 50.0}, (0, 5), backlog=20, backlog_is_live=True, longest=1800.0
)
WELL = Aftermath(Counter(), None, 0, 0, 0, 0, 0, 0, 3, 1.0, 300.0)


def met(outages: Outages, service: AwsService) -> ClientError | BotoCoreError | None:
    try:
        outages.strike(service, "Call")
    except (ClientError, BotoCoreError) as error:
        return error
    return None


@pytest.mark.parametrize("service", list(AwsService))
def test_a_service_that_is_away_answers_a_5xx_or_not_at_all_and_the_others_are_well(
    service: AwsService,
) -> None:
    outages = Outages(lambda: 5.0, (Outage(service, 0, 10),))
    first, second = met(outages, service), met(outages, service)
    assert isinstance(first, ClientError)
    assert first.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
    assert isinstance(second, BotoCoreError)
    others = set(AwsService) - {service, AwsService.REKOGNITION}
    assert all(met(outages, other) is None for other in others)


@pytest.mark.parametrize("service", list(AwsService))
def test_a_permission_is_missing_in_the_words_of_the_service_until_it_is_given_back(
    service: AwsService,
) -> None:
    time = [5.0]
    outages = Outages(lambda: time[0], (Outage(service, 0, 10, Trouble.DENIED),))
    error = met(outages, service)
    assert isinstance(error, ClientError)
    assert error.response["Error"]["Code"] == DENIALS[service][0]
    time[0] = 10.0
    assert met(outages, service) is None


def test_rekognition_cannot_read_objects_while_s3_is_away() -> None:
    error = met(Outages(lambda: 5.0, (Outage(AwsService.S3, 0, 10),)), AwsService.REKOGNITION)
    assert isinstance(error, ClientError)
    assert error.response["Error"]["Code"] == "InvalidS3ObjectException"


def test_a_service_that_is_shaky_fails_for_a_share_of_its_calls() -> None:
    outages = Outages(
        lambda: 5.0, (Outage(AwsService.SNS, 0, 10, share=0.5),), iter([0.4, 0.6, 0.4]).__next__
    )
    assert [met(outages, AwsService.SNS) is None for _ in range(3)] == [False, True, False]


def test_what_outlives_the_retention_is_lost_and_noticed() -> None:
    scenario = replace(SMALL, concurrency=((0.0, 0),), retention_seconds=600.0)
    seen = aftermath(run(scenario))
    assert (seen.lost, seen.expired) == (20, 20)
    assert "20 photos lost, of which 20 to the queue's retention" in broken_promises(scenario, seen)


def test_what_was_not_announced_is_not_done() -> None:
    away = replace(SMALL, outages=(Outage(AwsService.SNS, 0, 60),), longest=50.0)
    seen = aftermath(run(away))
    assert (seen.left, seen.lost) == (20, 0)
    assert broken_promises(away, seen) == ["20 messages left"]
    seen = aftermath(run(replace(away, longest=1800.0)))
    assert (seen.left, seen.lost, seen.paid_twice) == (0, 0, 0)


def test_requests_to_look_at_the_bucket_ask_s3_and_are_done() -> None:
    seen = aftermath(run(replace(SMALL, asked_for=True)))
    assert broken_promises(SMALL, seen) == []


def test_sqs_buries_what_lambda_refuses_again_and_again() -> None:
    crowded = replace(
        SMALL, backlog=60, concurrency=((0.0, 0), (1500.0, 10)), most_receives=2, longest=3000.0
    )
    seen = aftermath(run(crowded))
    assert seen.dead == {"moved by SQS, unexplained": 60}
    assert seen.first_dead_at == pytest.approx(2 * VISIBILITY_SECONDS, abs=1)


def test_calls_under_way_when_the_table_goes_away_may_be_paid_for_twice_and_no_others() -> None:
    table, topic = Outage(AwsService.DYNAMODB, 1, 60), Outage(AwsService.SNS, 1, 60)
    assert replace(SMALL, outages=(table,)).may_pay_twice == 200
    assert replace(SMALL, outages=(topic,)).may_pay_twice == 0


@pytest.mark.parametrize(
    ("seen", "broken"),
    [
        (WELL, ""),
        (
            replace(WELL, dead=Counter({"transient: 500": 2}), first_dead_at=360.0),
            "2 dead letters from 0.1 h",
        ),
        (replace(WELL, lost=1), "1 photos lost"),
        (replace(WELL, left=1), "1 messages left"),
        (replace(WELL, paid_twice=1), "1 detector calls paid twice, of 0"),
        (replace(WELL, recovery_seconds=901.0), "done only 901 s after"),
    ],
)
def test_each_promise_can_be_broken(seen: Aftermath, broken: str) -> None:
    assert broken in "".join(broken_promises(SMALL, seen))
    assert bool(broken) is bool(broken_promises(SMALL, seen))


@pytest.mark.parametrize(("properties", "expected"), [("", TERMINATE), (', "RecursiveLoop": "Allow"', ALLOW)])
def test_the_template_says_whether_the_processor_may_call_itself(
    tmp_path: Path, properties: str, expected: str
) -> None:
    template = tmp_path / "a.template.json"
    template.write_text(
        '{"Resources": {"Processor": {"Type": "AWS::Lambda::Function",'
        f' "Properties": {{"Handler": "processors.handler.handler"{properties}}}}},'
        ' "Queue": {"Type": "AWS::SQS::Queue", "Properties": {}}}}'
    )
    assert recursive_loop(template) == expected
