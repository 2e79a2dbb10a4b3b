import json
import re
from typing import Any

import pytest

from contract import timing
from contract.quotas import ELSEWHERE, IN_LARGE_REGIONS, MOST_WAITING_DAYS
from infra.bundles import ROOT
from infra.settings import DeploymentSettings, UnusableSettingsError
from local.cloud.assembly import STACK_NAME, Assembly
from operations.costs import ALARMS, ALARMS_OF_OPERATORS, ALARMS_OF_PICTURES
from tests.infra.conftest import Synthesize
from tests.infra.template import Resource, Template, target

TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:alarms"
DAY_SECONDS = 86_400


@pytest.fixture(scope="module")
def mailed(synthesized: Synthesize) -> Assembly:
    return synthesized({"alarm_email": "photos@people.example"})


def alarms(template: Template) -> dict[str, Any]:
    return {name: alarm["Properties"] for name, alarm in template.all("AWS::CloudWatch::Alarm").items()}


def alarm(template: Template, part_of_id: str) -> Resource:
    return template.properties("AWS::CloudWatch::Alarm", part_of_id)


def warnings_of(assembly: Assembly) -> str:
    return (assembly.directory / f"{STACK_NAME}.metadata.json").read_text()


def test_every_alarm_names_a_heading_of_the_operators_handbook(synthesized: Synthesize) -> None:
    """With everything that brings an alarm of its own."""
    context = {
        "regions": "us-east-1,us-west-2",
        "bucket": "photos-that-were-here",
        "policy": str(ROOT / "tests" / "infra" / "policy.toml"),
        "cameras": str(ROOT / "tests" / "infra" / "cameras.toml"),
        "people": "true",
        "people_purpose": "the family album",
        "people_contact": "privacy@photos.example",
        "people_retention_days": "365",
    }
    template = Template.of(synthesized(context))
    handbook = (ROOT / "docs" / "operations.md").read_text()
    headings = set(re.findall(r"^## (.+)$", handbook, flags=re.M))
    named = set()
    for properties in alarms(template).values():
        found = re.search(r'See "(.+)" in docs/operations\.md', properties["AlarmDescription"])
        assert found is not None
        named.add(found[1])
    assert named == headings


def test_every_alarm_tells_the_topic_when_it_begins_and_when_it_is_over(template: Template) -> None:
    """Trap 29: an alarm without an action tells nobody."""
    topic, _ = template.the("AWS::SNS::Topic", "AlarmTopic")
    for name, properties in alarms(template).items():
        assert properties["AlarmActions"] == [{"Ref": topic}], name
        assert properties["OKActions"] == [{"Ref": topic}], name


def test_cloudwatch_can_publish_to_the_topic_and_only_alarms_of_this_account_may(template: Template) -> None:
    """Trap 29: under the key aws/sns it could not."""
    topic, resource = template.the("AWS::SNS::Topic", "AlarmTopic")
    assert "KmsMasterKeyId" not in resource["Properties"]

    (policy,) = [
        each["Properties"]
        for each in template.all("AWS::SNS::TopicPolicy").values()
        if each["Properties"]["Topics"] == [{"Ref": topic}]
    ]
    allowed, denied = (
        [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == effect]
        for effect in ("Allow", "Deny")
    )
    assert [each["Principal"] for each in allowed] == [{"Service": "cloudwatch.amazonaws.com"}]
    assert allowed[0]["Action"] == "sns:Publish"
    assert allowed[0]["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert ":alarm:*" in json.dumps(allowed[0]["Condition"]["ArnLike"]["aws:SourceArn"])
    assert any("aws:SecureTransport" in str(each["Condition"]) for each in denied)


def test_a_deployment_whose_alarms_reach_nobody_says_so(aws_assembly: Assembly, mailed: Assembly) -> None:
    reach = "Alarms reach nobody"
    outputs = json.loads(aws_assembly.template)["Outputs"]

    assert outputs["AlarmsReach"]["Value"].startswith("nobody")
    assert reach in warnings_of(aws_assembly)
    assert reach not in warnings_of(mailed)
    assert "photos@people.example" in json.loads(mailed.template)["Outputs"]["AlarmsReach"]["Value"]


def test_a_person_is_told_by_mail(mailed: Assembly) -> None:
    template = Template.of(mailed)
    topic, _ = template.the("AWS::SNS::Topic", "AlarmTopic")

    assert template.properties("AWS::SNS::Subscription") == {
        "Protocol": "email",
        "Endpoint": "photos@people.example",
        "TopicArn": {"Ref": topic},
    }


def test_a_topic_that_is_there_already_takes_the_place_of_our_own(synthesized: Synthesize) -> None:
    template = Template.of(synthesized({"alarm_topic_arn": TOPIC_ARN}))

    assert all(each["AlarmActions"] == [TOPIC_ARN] for each in alarms(template).values())
    assert not [name for name in template.all("AWS::SNS::Topic") if "Alarm" in name]
    assert template.document["Outputs"]["AlarmsReach"]["Value"] == TOPIC_ARN


@pytest.mark.parametrize(
    ("context", "blamed"),
    [
        ({"alarm_email": "photos"}, "alarm_email"),
        ({"alarm_topic_arn": "alarms"}, "alarm_topic_arn"),
        ({"alarm_email": "a@b", "alarm_topic_arn": TOPIC_ARN}, "choose one"),
    ],
)
def test_where_alarms_cannot_go_is_refused(context: dict[str, object], blamed: str) -> None:
    with pytest.raises(UnusableSettingsError, match=blamed):
        DeploymentSettings.from_context(context.get)


def test_alarms_on_queues_do_not_clear_because_nobody_touches_the_queue(template: Template) -> None:
    """SQS writes no metrics of a dead-letter queue that has lain there for six hours."""
    for name, properties in alarms(template).items():
        stays = properties["Namespace"] == "AWS/SQS" or "Differences" in name
        assert properties["TreatMissingData"] == ("ignore" if stays else "notBreaching"), name


def test_each_work_queue_is_watched_for_age_with_time_left_to_act(template: Template) -> None:
    """Trap 30: what is not read in time vanishes without a trace."""
    ages = [
        each for each in alarms(template).values() if each["MetricName"] == "ApproximateAgeOfOldestMessage"
    ]
    watched = {target(each["Dimensions"][0]["Value"]): each["Threshold"] for each in ages}

    work = {name: queue["Properties"] for name, queue in template.all("AWS::SQS::Queue").items()}
    work = {name: queue for name, queue in work.items() if "RedrivePolicy" in queue}
    assert set(watched) == set(work)
    for name, queue in work.items():
        assert watched[name] <= queue["MessageRetentionPeriod"] - 2 * DAY_SECONDS
    assert min(watched.values()) == 2 * DAY_SECONDS
    assert all("three times" in each["AlarmDescription"] for each in ages)


@pytest.mark.parametrize(("region", "quotas"), [("eu-west-1", IN_LARGE_REGIONS), ("eu-central-1", ELSEWHERE)])
def test_each_work_queue_is_watched_for_more_than_the_regions_quota_takes_in_time(
    template: Template, region: str, quotas: dict[str, float]
) -> None:
    most = quotas["DetectLabels"] * MOST_WAITING_DAYS * DAY_SECONDS
    for part in ("ImagesDepth", "BulkDepth"):
        properties = alarm(template, part)
        assert properties["MetricName"] == "ApproximateNumberOfMessagesVisible"
        assert template.in_region(properties["Threshold"], region) == most
    assert MOST_WAITING_DAYS < timing.QUEUE_RETENTION_DAYS


@pytest.mark.parametrize("metric", ["Throttles", "Errors"])
def test_each_function_is_watched(template: Template, metric: str) -> None:
    watched = {
        target(each["Dimensions"][0]["Value"])
        for each in alarms(template).values()
        if (each["Namespace"], each["MetricName"]) == ("AWS/Lambda", metric)
    }
    assert watched == set(template.all("AWS::Lambda::Function"))


def test_messages_that_lambda_drops_as_a_loop_raise_an_alarm(template: Template) -> None:
    """Trap 27."""
    properties = alarm(template, "Loops")

    assert properties["MetricName"] == "RecursiveInvocationsDropped"
    assert "Processor" in target(properties["Dimensions"][0]["Value"])
    assert properties["Threshold"] == 1


def test_answers_that_failed_raise_an_alarm(template: Template) -> None:
    api, _ = template.the("AWS::ApiGatewayV2::Api")
    properties = alarm(template, "FailedAnswers")

    assert (properties["Namespace"], properties["MetricName"]) == ("AWS/ApiGateway", "5xx")
    assert properties["Dimensions"] == [{"Name": "ApiId", "Value": {"Ref": api}}]


def test_the_cost_model_counts_every_alarm(template: Template, synthesized: Synthesize) -> None:
    assert len(alarms(template)) == ALARMS
    without = Template.of(synthesized({"pictures": "false"}))
    assert len(alarms(without)) == ALARMS - ALARMS_OF_PICTURES
    operated = Template.of(synthesized({"operator": "true"}))
    assert len(alarms(operated)) == ALARMS + ALARMS_OF_OPERATORS
