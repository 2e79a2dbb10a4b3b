import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from contract import timing
from contract.environment import load
from contract.items import ItemKey
from contract.metrics import TallyMetric
from contract.photos import PICTURE
from contract.results import ResultName
from contract.settings import TallySettings
from contract.table import budget_key, index_rows, record_key, result_key, signing_key
from contract.tallies import (
    AUDIT,
    AUDIT_EVENT,
    COMPLETE,
    LABEL_COUNTS,
    STATUS_COUNTS,
    WHEN_DUE,
    Name,
    counted_key,
    removal_key,
)
from contract.usage import typical_record
from tests.infra.conftest import Synthesize
from tests.infra.template import Template, listed, target

TALLY = "TallyingTally"


@pytest.fixture(scope="module")
def unaudited(synthesized: Synthesize) -> Template:
    return Template.of(synthesized({"daily_check": "false"}))


@pytest.fixture(scope="module")
def unpictured(synthesized: Synthesize) -> Template:
    return Template.of(synthesized({"pictures": "false"}))


def source(template: Template) -> Any:
    return template.properties("AWS::Lambda::EventSourceMapping", TALLY)


def test_the_tally_follows_the_records_of_the_table_from_the_beginning(template: Template) -> None:
    table, resource = template.the("AWS::DynamoDB::Table")
    of_records, _ = source(template)["FilterCriteria"]["Filters"]

    assert resource["Properties"]["StreamSpecification"]["StreamViewType"] == "KEYS_ONLY"
    assert source(template)["EventSourceArn"] == {"Fn::GetAtt": [table, "StreamArn"]}
    assert source(template)["StartingPosition"] == "TRIM_HORIZON"
    assert json.loads(of_records["Pattern"]) == {"dynamodb": {"Keys": {"sk": {"S": ["record"]}}}}


def test_where_renditions_are_made_the_tally_is_told_of_answers_that_are_gone(
    template: Template, unpictured: Template
) -> None:
    _, of_pictures = source(template)["FilterCriteria"]["Filters"]
    pattern = json.loads(of_pictures["Pattern"])
    (prefix,) = pattern["dynamodb"]["Keys"].pop("sk")["S"]
    picture = result_key(ResultName(CONTENT, PICTURE, "f1"))

    assert pattern == {"eventName": ["REMOVE"], "dynamodb": {"Keys": {}}}
    assert picture.sk.startswith(prefix["prefix"])
    others = [*OTHERS, *NAMED, *COUNTS]
    assert not [at for at in others if at.sk.startswith(prefix["prefix"])]
    assert len(source(unpictured)["FilterCriteria"]["Filters"]) == 1


def test_the_tally_lists_and_removes_renditions_and_no_photo(
    template: Template, unpictured: Template
) -> None:
    renditions, _ = template.the("AWS::S3::Bucket", "Renditions")
    photos, _ = template.the("AWS::S3::Bucket", "Intake")
    on: dict[str, set[str]] = {}
    for statement in template.statements_of(TALLY):
        for action in listed(statement["Action"]):
            if action.startswith("s3:"):
                on.setdefault(action, set()).update(map(json.dumps, listed(statement["Resource"])))

    arn = {"Fn::GetAtt": [renditions, "Arn"]}
    everything_in = {"Fn::Join": ["", [arn, "/*"]]}
    audited = {"Fn::GetAtt": [photos, "Arn"]}
    assert on == {
        "s3:ListBucket": {json.dumps(arn), json.dumps(audited)},
        "s3:DeleteObject": {json.dumps(everything_in)},
    }
    assert "s3:DeleteObject" not in unpictured.actions_of(TALLY)
    variables = template.properties("AWS::Lambda::Function", TALLY)["Environment"]["Variables"]
    assert variables["RENDITIONS_BUCKET"] == {"Ref": renditions}


def test_a_batch_is_sent_again_in_halves_for_half_a_day_and_then_leaves_the_line(template: Template) -> None:
    properties = source(template)
    queue, resource = template.the("AWS::SQS::Queue", "TallyingDeadLetters")

    assert properties["BisectBatchOnFunctionError"] is True
    assert properties["MaximumRecordAgeInSeconds"] == timing.TALLY_PATIENCE_HOURS * 3600
    # A number of tries would end an outage within minutes.
    assert "MaximumRetryAttempts" not in properties
    assert properties["DestinationConfig"] == {"OnFailure": {"Destination": {"Fn::GetAtt": [queue, "Arn"]}}}
    assert resource["Properties"]["SqsManagedSseEnabled"] is True
    assert resource["Properties"]["MessageRetentionPeriod"] == timing.DEAD_LETTER_RETENTION_DAYS * 86_400
    assert properties["BatchSize"] == 1000
    assert properties["MaximumBatchingWindowInSeconds"] == timing.TALLY_WINDOW_SECONDS


def test_the_tally_runs_the_code_of_the_processors_under_a_name_of_its_own(template: Template) -> None:
    tally = template.properties("AWS::Lambda::Function", TALLY)
    processor = template.properties("AWS::Lambda::Function", "Processor")

    assert tally["Code"] == processor["Code"]
    assert tally["Handler"] == "processors.counting_handler.handler"
    assert tally["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == "tally"


def test_the_tally_touches_nothing_but_the_table_and_its_dead_letters(synthesized: Synthesize) -> None:
    template = Template.of(synthesized({"daily_check": "false", "pictures": "false"}))
    table, _ = template.the("AWS::DynamoDB::Table")
    actions = template.actions_of(TALLY)
    reached = {
        target(resource)
        for statement in template.statements_of(TALLY)
        for resource in listed(statement["Resource"])
        if resource != "*" and "Fn::Join" not in resource
    }

    queue, _ = template.the("AWS::SQS::Queue", "TallyingDeadLetters")
    assert {action.split(":")[0] for action in actions} == {"dynamodb", "logs", "xray", "sqs"}
    assert {action for action in actions if action.startswith("sqs:")} <= {
        "sqs:SendMessage",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
    }
    group = target(template.properties("AWS::Lambda::Function", TALLY)["LoggingConfig"]["LogGroup"])
    assert reached == {table, queue, group}


CONTENT = "0" * 32 + "-7"
PHOTO = typical_record(("DetectLabels",), labels=3, words=0)
OTHERS = [record_key("a.jpg"), *(row.at for row in index_rows(PHOTO)), signing_key(), budget_key("Any")]
RESULT = result_key(ResultName(CONTENT, "labels", "f1"))
NAMED = [Name(CONTENT, "a.jpg", 1).at, removal_key(CONTENT), RESULT]
COUNTS = [counted_key("a.jpg"), STATUS_COUNTS, *LABEL_COUNTS, COMPLETE]


@pytest.mark.parametrize(
    ("action", "on"),
    [
        ("PutItem", NAMED + COUNTS),
        ("UpdateItem", NAMED + COUNTS),
        ("DeleteItem", NAMED),
        ("BatchWriteItem", NAMED),
    ],
)
def test_the_tally_writes_no_records_rows_or_secrets(
    template: Template, action: str, on: list[ItemKey]
) -> None:
    conditions = [
        each["Condition"]
        for each in template.statements_of(TALLY)
        if f"dynamodb:{action}" in listed(each["Action"])
    ]
    assert all([*each] == ["ForAllValues:StringLike"] for each in conditions)
    patterns = [
        pattern
        for condition in conditions
        for pattern in condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    ]

    def may_write(at: ItemKey) -> bool:
        return any(fnmatchcase(at.pk, pattern) for pattern in patterns)

    assert all(map(may_write, on))
    assert not any(map(may_write, [*OTHERS, *({*NAMED, *COUNTS} - {*on})]))


def test_once_an_hour_the_tally_is_asked_to_audit_the_bucket(template: Template) -> None:
    rule_id, rule = template.the("AWS::Events::Rule")
    tally, _ = template.the("AWS::Lambda::Function", TALLY)
    (asked,) = rule["Properties"]["Targets"]
    (permission,) = [
        each["Properties"]
        for each in template.all("AWS::Lambda::Permission").values()
        if each["Properties"].get("SourceArn") == {"Fn::GetAtt": [rule_id, "Arn"]}
    ]

    assert rule["Properties"]["ScheduleExpression"] == "rate(1 hour)"
    assert rule["Properties"]["State"] == "ENABLED"
    assert asked["Arn"] == {"Fn::GetAtt": [tally, "Arn"]}
    assert json.loads(asked["Input"]) == {AUDIT_EVENT: WHEN_DUE}
    assert permission["FunctionName"] == {"Fn::GetAtt": [tally, "Arn"]}


def test_the_audit_may_list_the_bucket_count_messages_keep_its_place_and_no_more(
    template: Template, unaudited: Template
) -> None:
    before = list(unaudited.statements_of(TALLY))
    added = [each for each in template.statements_of(TALLY) if each not in before]
    bucket, _ = template.the("AWS::S3::Bucket", "Intake")

    writing, listing, counting = sorted(added, key=lambda statement: str(statement["Action"]))
    assert writing["Action"] == "dynamodb:PutItem"
    (pattern,) = writing["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    assert fnmatchcase(AUDIT.pk, pattern)
    assert not any(fnmatchcase(at.pk, pattern) for at in [*OTHERS, *NAMED, *COUNTS])
    assert (listing["Action"], target(listing["Resource"])) == ("s3:ListBucket", bucket)
    assert counting["Action"] == "sqs:GetQueueAttributes"
    assert {target(queue) for queue in counting["Resource"]} == {
        name for name in template.all("AWS::SQS::Queue") if not name.startswith("Tallying")
    }


def test_the_audit_knows_which_queues_hold_bulk_work(template: Template) -> None:
    variables = template.properties("AWS::Lambda::Function", TALLY)["Environment"]["Variables"]
    bucket, _ = template.the("AWS::S3::Bucket", "Intake")

    assert variables["BUCKET_NAME"] == {"Ref": bucket}
    for variable, lane in (("LIVE_QUEUE_URLS", "Images"), ("BULK_QUEUE_URLS", "Bulk")):
        _, (queue, comma, dead_letters) = variables[variable]["Fn::Join"]
        assert target(queue).startswith(f"Intake{lane}Queue")
        assert comma == ","
        assert target(dead_letters).startswith(f"Intake{lane}DeadLetters")


def test_an_alarm_stays_from_an_audit_that_found_something_until_one_that_does_not(
    template: Template,
) -> None:
    alarm = template.properties("AWS::CloudWatch::Alarm", "Differences")

    assert alarm["MetricName"] == TallyMetric.DIFFERENCES_FOUND
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "tally"}]
    assert (alarm["Threshold"], alarm["Period"]) == (1, 3600)
    assert alarm["TreatMissingData"] == "ignore"
    assert alarm["Statistic"] == "Minimum"


def test_a_deployment_without_audits_has_nothing_of_them(unaudited: Template) -> None:
    variables = unaudited.properties("AWS::Lambda::Function", TALLY)["Environment"]["Variables"]

    assert not unaudited.all("AWS::Events::Rule")
    assert not [name for name in unaudited.all("AWS::CloudWatch::Alarm") if "Differences" in name]
    names = {"TABLE_NAME": "images", "RENDITIONS_BUCKET": "renditions"}
    assert load(TallySettings, variables | names) == TallySettings("images", renditions_bucket="renditions")


def test_an_alarm_tells_of_late_counts_long_before_the_stream_forgets(template: Template) -> None:
    alarm = template.properties("AWS::CloudWatch::Alarm", "LateCounts")

    assert alarm["MetricName"] == "IteratorAge"
    assert alarm["Threshold"] == 30 * 60 * 1000
    assert TALLY in target(alarm["Dimensions"][0]["Value"])


def test_the_query_api_may_ask_how_long_each_queue_is_and_nothing_else_of_it(template: Template) -> None:
    asked = [
        statement
        for statement in template.statements_of("AnswersQuery")
        if any(action.startswith("sqs:") for action in listed(statement["Action"]))
    ]

    assert {action for each in asked for action in listed(each["Action"])} == {"sqs:GetQueueAttributes"}
    reached = {target(resource) for each in asked for resource in listed(each["Resource"])}
    of_work = {name for name in template.all("AWS::SQS::Queue") if not name.startswith("Tallying")}
    assert reached == of_work
