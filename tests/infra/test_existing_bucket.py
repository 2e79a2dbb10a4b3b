"""A bucket that was there before: it tells EventBridge, and nothing of it is changed."""

import json
from typing import Any

import pytest

from contract.key_filter import KeyFilter
from infra.settings import DeploymentSettings, UnusableSettingsError
from tests.infra.conftest import Synthesize
from tests.infra.template import Template, listed, target

KEY = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d"
EXISTING = {"bucket": "holiday-photos"}
SOME = EXISTING | {"bucket_prefix": "2026/", "bucket_suffixes": ".jpg,.JPG", "bucket_key": KEY}


@pytest.fixture(scope="module")
def existing(synthesized: Synthesize) -> Template:
    return Template.of(synthesized(EXISTING))


@pytest.fixture(scope="module")
def some(synthesized: Synthesize) -> Template:
    return Template.of(synthesized(SOME))


def pattern_of(template: Template) -> dict[str, Any]:
    pattern: dict[str, Any] = template.properties("AWS::Events::Rule", "Bridged")["EventPattern"]
    return pattern


def test_nothing_of_the_bucket_is_changed(existing: Template) -> None:
    """No notifications, no policy, no CORS, no lifecycle: then nothing stays behind in it either."""
    assert [name for name in existing.all("AWS::S3::Bucket") if "Intake" in name] == []
    assert [name for name in existing.all("AWS::S3::BucketPolicy") if "Intake" in name] == []
    assert not [kind for kind in kinds(existing) if "Custom" in kind]
    assert existing.document["Outputs"]["Bucket"]["Value"] == "holiday-photos"


def kinds(template: Template) -> set[str]:
    return {resource["Type"] for resource in template.document["Resources"].values()}


def test_its_events_come_by_event_bridge(existing: Template) -> None:
    rule_id, rule = existing.the("AWS::Events::Rule", "Bridged")
    (delivery,) = rule["Properties"]["Targets"]

    assert pattern_of(existing) == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created", "Object Deleted", "Object Restore Completed"],
        "detail": {"bucket": {"name": ["holiday-photos"]}},
    }
    assert "IntakeImages" in target(delivery["Arn"])
    assert "IntakeImagesDeadLetters" in target(delivery["DeadLetterConfig"]["Arn"])
    assert delivery["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86_400, "MaximumRetryAttempts": 185}
    assert "InputTransformer" not in delivery
    assert "InputPath" not in delivery
    for queue in (delivery["Arn"], delivery["DeadLetterConfig"]["Arn"]):
        assert senders(existing, target(queue)) == [({"Service": "events.amazonaws.com"}, rule_id)]


def senders(template: Template, queue: str) -> list[tuple[object, str]]:
    return [
        (statement["Principal"], target(next(iter(statement["Condition"].values()))["aws:SourceArn"]))
        for policy in template.all("AWS::SQS::QueuePolicy").values()
        if {"Ref": queue} in policy["Properties"]["Queues"]
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]


def test_only_what_is_meant_is_let_through(some: Template) -> None:
    assert pattern_of(some)["detail"]["object"] == {
        "key": [{"wildcard": "2026/*.jpg"}, {"wildcard": "2026/*.JPG"}]
    }


def test_everybody_is_told_what_is_meant(some: Template) -> None:
    for function in ("Processor", "Tally", "Query"):
        told = some.properties("AWS::Lambda::Function", function)["Environment"]["Variables"]
        assert (told["BUCKET_PREFIX"], told["BUCKET_SUFFIXES"]) == ("2026/", ".jpg,.JPG"), function
    outputs = some.document["Outputs"]
    assert outputs["BucketPrefix"]["Value"] == "2026/"
    assert outputs["BucketSuffixes"]["Value"] == ".jpg,.JPG"


def test_a_function_reads_nothing_outside_the_prefix(some: Template) -> None:
    for function in ("ProcessingProcessor", "PicturesFunction", "AnswersQuery"):
        objects = [
            statement["Resource"]
            for statement in some.statements_of(function)
            if "s3:GetObjectVersion" in listed(statement["Action"])
        ]
        assert ["holiday-photos/2026/*" in json.dumps(resource) for resource in objects] == [True], function


def test_its_key_may_be_used_through_s3_alone(some: Template, existing: Template) -> None:
    for function in ("ProcessingProcessor", "PicturesFunction", "AnswersQuery"):
        (using,) = [each for each in some.statements_of(function) if "kms:" in json.dumps(each["Action"])]
        assert (using["Action"], using["Resource"]) == ("kms:Decrypt", KEY)
        assert "kms:ViaService" in using["Condition"]["StringEquals"]
        assert not [each for each in existing.statements_of(function) if "kms:" in json.dumps(each["Action"])]


def test_what_cannot_be_delivered_raises_an_alarm(existing: Template, template: Template) -> None:
    rule_id, _ = existing.the("AWS::Events::Rule", "Bridged")
    watched = {
        alarm["Properties"]["MetricName"]: target(alarm["Properties"]["Dimensions"][0]["Value"])
        for alarm in existing.all("AWS::CloudWatch::Alarm").values()
        if alarm["Properties"].get("Namespace") == "AWS/Events"
    }

    assert watched == {"FailedInvocations": rule_id, "InvocationsFailedToBeSentToDlq": rule_id}
    assert "AWS/Events" not in json.dumps(template.document), "nothing of it where the bucket is our own"


@pytest.mark.parametrize(
    ("given", "takes_uploads"),
    [({}, True), (EXISTING, False), (EXISTING | {"uploads": "true"}, True)],
)
def test_uploads_into_it_are_chosen(given: dict[str, object], takes_uploads: bool) -> None:
    assert DeploymentSettings.from_context(given.get).takes_uploads is takes_uploads


def test_settings_are_read() -> None:
    settings = DeploymentSettings.from_context(SOME.get)

    assert settings.keys == KeyFilter("2026/", (".jpg", ".JPG"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"bucket_prefix": "2026/"}, "bucket_prefix is of use only with bucket"),
        ({"bucket_suffixes": ".jpg"}, "bucket_suffixes is of use only with bucket"),
        ({"bucket_key": KEY}, "bucket_key is of use only with bucket"),
        ({"bucket": "s3://holiday-photos"}, "it is the name alone, as in holiday-photos"),
        ({"bucket": "Holiday_Photos"}, "it is the name alone"),
        (EXISTING | {"bucket_prefix": "20*/"}, "it cannot have"),
        (EXISTING | {"bucket_key": "alias/mine"}, "it is the ARN of a key"),
        (
            EXISTING | {"bucket_prefix": "p" * 900, "bucket_suffixes": ".jpg,.png"},
            "name fewer suffixes, or a shorter prefix",
        ),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, object], words: str) -> None:
    with pytest.raises(UnusableSettingsError, match=words):
        DeploymentSettings.from_context(given.get)
