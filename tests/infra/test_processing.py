from typing import Any

import pytest

from contract import timing
from contract.environment import load
from contract.settings import ProcessorSettings, QuerySettings, TallySettings
from contract.table import signing_key
from tests.infra.template import Template, listed, target

TABLE_WRITES = {
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:PartiQLInsert",
}


def test_the_processor_can_write_but_not_scan(template: Template) -> None:
    actions = {action for action in template.actions_of("Processor") if action.startswith("dynamodb:")}
    assert actions >= TABLE_WRITES
    assert actions == TABLE_WRITES | {"dynamodb:BatchGetItem"}


def test_the_query_api_can_read_the_table_and_sign_for_photos(template: Template) -> None:
    actions = template.actions_of("Query")
    assert {action for action in actions if action.startswith("dynamodb:")} == {
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
        "dynamodb:Query",
        "dynamodb:PutItem",
    }
    assert {action for action in actions if action.startswith("s3:")} == {
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:PutObject",
    }


def test_the_query_api_writes_one_item_only_that_with_which_it_signs_cursors(template: Template) -> None:
    (statement,) = [
        each for each in template.statements_of("Query") if "dynamodb:PutItem" in listed(each["Action"])
    ]
    assert listed(statement["Action"]) == ["dynamodb:PutItem"]
    assert statement["Condition"] == {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [signing_key().pk]}
    }


def test_the_processor_may_ask_for_what_its_detectors_need(template: Template) -> None:
    asked = {action for action in template.actions_of("Processor") if action.startswith("rekognition:")}
    assert asked == {"rekognition:DetectLabels", "rekognition:DetectFaces"}


def test_the_processor_sees_that_an_object_is_gone(template: Template) -> None:
    """Without s3:ListBucket S3 answers 403 for a missing object, which would stop the line."""
    actions = template.actions_of("Processor")
    assert {action for action in actions if action.startswith("s3:")} == {
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListBucket",
    }


def test_the_processor_can_hand_back_and_bury_on_both_queues(template: Template) -> None:
    reachable: dict[str, set[str]] = {}
    for statement in template.statements_of("Processor"):
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                if action.startswith("sqs:"):
                    reachable.setdefault(action, set()).add(target(resource))
    queues = template.all("AWS::SQS::Queue")
    assert reachable["sqs:SendMessage"] == {name for name in queues if "Tallying" not in name}
    work = {name for name, queue in queues.items() if "RedrivePolicy" in queue["Properties"]}
    assert reachable["sqs:ChangeMessageVisibility"] == work


def test_nothing_is_allowed_on_everything_but_what_cannot_be_named(template: Template) -> None:
    for name in template.all("AWS::Lambda::Function"):
        for statement in template.statements_of(name):
            assert not [action for action in listed(statement["Action"]) if action.endswith("*")]
            if "*" in listed(statement["Resource"]):
                unlimited = set(listed(statement["Action"])) - {"dynamodb:ListStreams"}
                assert {action.split(":")[0] for action in unlimited} <= {"rekognition", "xray"}


def test_each_function_has_a_role_and_a_log_group_of_its_own(template: Template) -> None:
    functions = template.all("AWS::Lambda::Function").values()
    roles = {target(function["Properties"]["Role"]) for function in functions}
    groups = {target(function["Properties"]["LoggingConfig"]["LogGroup"]) for function in functions}
    assert len(roles) == len(groups) == len(functions) == 4
    for group in template.all("AWS::Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"]
        assert group["DeletionPolicy"] == "Delete", "nothing of it stays behind when the stack goes"


def test_each_function_writes_to_its_own_log_group_and_makes_none(template: Template) -> None:
    for name, function in template.all("AWS::Lambda::Function").items():
        role = template.document["Resources"][target(function["Properties"]["Role"])]
        assert "ManagedPolicyArns" not in role["Properties"]
        (writing,) = (
            statement
            for statement in template.statements_of(name)
            if any(action.startswith("logs:") for action in listed(statement["Action"]))
        )
        assert set(listed(writing["Action"])) == {"logs:CreateLogStream", "logs:PutLogEvents"}
        assert writing["Resource"] == {
            "Fn::GetAtt": [target(function["Properties"]["LoggingConfig"]["LogGroup"]), "Arn"]
        }


def test_functions_are_traced_and_run_on_arm(template: Template) -> None:
    for function in template.all("AWS::Lambda::Function").values():
        assert function["Properties"]["TracingConfig"] == {"Mode": "Active"}
        assert function["Properties"]["Architectures"] == ["arm64"]
        assert "ReservedConcurrentExecutions" not in function["Properties"], "trap 10"


def test_event_sources_report_partial_failures_have_a_bound_and_no_filters(template: Template) -> None:
    """Traps 8, 10 and 12."""
    readers = template.queue_readers()
    assert len(readers) == 2
    for properties in readers:
        assert properties["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        bound = properties["ScalingConfig"]["MaximumConcurrency"]
        assert all(2 <= template.in_region(bound, region) <= 1000 for region in ("us-east-1", "eu-north-1"))
        assert properties["MaximumBatchingWindowInSeconds"] == timing.BATCH_WINDOW_SECONDS
        assert "FilterCriteria" not in properties


def in_words(value: Any) -> str:
    """Return a text such as CloudFormation makes of a value."""
    if "Fn::Join" not in value:
        return target(value)
    between, parts = value["Fn::Join"]
    return str(between).join(part if isinstance(part, str) else target(part) for part in parts)


@pytest.mark.parametrize(
    ("function_id", "settings_class"),
    [("Processor", ProcessorSettings), ("Query", QuerySettings), ("TallyFunction", TallySettings)],
)
def test_the_lambda_finds_the_settings_that_it_loads(
    template: Template, function_id: str, settings_class: type
) -> None:
    variables = template.properties("AWS::Lambda::Function", function_id)["Environment"]["Variables"]
    chosen = {name: template.in_region(value, "us-east-1") for name, value in variables.items()}
    as_text = {name: value if isinstance(value, str) else in_words(value) for name, value in chosen.items()}
    load(settings_class, as_text)
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == {"Ref": "AWS::StackName"}


def test_settings_reach_the_stack(local_template: Template) -> None:
    bounds = [reader["ScalingConfig"]["MaximumConcurrency"] for reader in local_template.queue_readers()]
    assert sorted(bounds) == [2, 4]
