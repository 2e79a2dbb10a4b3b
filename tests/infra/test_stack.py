import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from contract import table
from contract.detectors import DETECTORS
from contract.items import PARTITION_KEY, SORT_KEY
from contract.metrics import Metric
from infra.bundles import ROOT
from infra.settings import DeploymentSettings, UnusableSettingsError
from local.cloud.assembly import STACK_NAME, Assembly
from tests.infra.conftest import JWT, Synthesize
from tests.infra.template import Template, listed, target
from tests.infra.test_people import ON

STREAM = "arn:aws:dynamodb:eu-west-1:123456789012:table/imagepipe-restored/stream/2026-01-31T08:00:00.000"
RESTORED = {"restored_table": "imagepipe-restored", "restored_table_stream": STREAM}


WRITTEN = ROOT / "build" / "reference" / "template.json"


def test_what_is_deployed_is_written_down(template: Template) -> None:
    """So that a reader sees it, and any change of it. Of the code of functions, only that there is some."""
    said = json.dumps(template.document, indent=1, ensure_ascii=False) + "\n"
    WRITTEN.parent.mkdir(parents=True, exist_ok=True)
    WRITTEN.write_text(re.sub(r"\b[0-9a-f]{64}\.zip", "code.zip", said))

    assert WRITTEN.read_text() == (ROOT / "docs" / "template.json").read_text(), (
        "if it is meant to change: cp build/reference/template.json docs/"
    )


def test_the_table_has_ttl_recovery_encryption_and_protection(template: Template) -> None:
    _, resource = template.the("AWS::DynamoDB::Table")
    properties = resource["Properties"]
    assert properties["TimeToLiveSpecification"] == {"AttributeName": table.EXPIRY, "Enabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["DeletionProtectionEnabled"] is True
    # CloudFormation could not delete a protected table: with RetainExceptOnCreate, a first deployment that
    # fails would be stuck.
    assert resource["DeletionPolicy"] == "Retain"
    assert "WarmThroughput" not in properties, "it costs"


def test_the_table_has_the_keys_of_the_contract(template: Template) -> None:
    keys = {
        key["KeyType"]: key["AttributeName"]
        for key in template.properties("AWS::DynamoDB::Table")["KeySchema"]
    }
    assert keys == {"HASH": PARTITION_KEY, "RANGE": SORT_KEY}


@pytest.fixture(scope="module")
def restored(synthesized: Synthesize) -> Template:
    return Template.of(synthesized(RESTORED))


def test_a_restored_table_takes_the_place_of_the_stacks_own_everywhere(
    template: Template, restored: Template
) -> None:
    """The table that was there stays behind: its resource is gone, and it is retained."""
    own, _ = template.the("AWS::DynamoDB::Table")

    assert own not in json.dumps(restored.document)
    assert restored.document["Outputs"]["Table"]["Value"] == "imagepipe-restored"
    functions = restored.all("AWS::Lambda::Function").values()
    variables = [function["Properties"]["Environment"]["Variables"] for function in functions]
    names = [each["TABLE_NAME"] for each in variables if "TABLE_NAME" in each]
    assert names == ["imagepipe-restored"] * 3, "the pictures function has no table"


def test_the_tally_follows_the_stream_of_a_restored_table(restored: Template) -> None:
    source = restored.properties("AWS::Lambda::EventSourceMapping", "TallyingTally")
    allowed = [
        statement
        for statement in restored.statements_of("TallyingTally")
        if "dynamodb:GetRecords" in listed(statement["Action"])
    ]

    assert source["EventSourceArn"] == STREAM
    assert [statement["Resource"] for statement in allowed] == [STREAM]


@pytest.mark.parametrize(
    "context",
    [
        {"restored_table": "imagepipe-restored"},
        {"restored_table_stream": STREAM},
        {"restored_table": "another", "restored_table_stream": STREAM},
    ],
)
def test_a_restored_table_without_its_stream_is_refused(context: dict[str, object]) -> None:
    with pytest.raises(UnusableSettingsError, match="belong together"):
        DeploymentSettings.from_context(context.get)


def test_every_dead_letter_queue_has_an_alarm_that_says_what_to_do(template: Template) -> None:
    """Trap 23: redrives are not in NumberOfMessagesSent."""
    watched = set()
    for alarm in template.all("AWS::CloudWatch::Alarm").values():
        properties = alarm["Properties"]
        if properties["Namespace"] == "AWS/SQS" and properties["Threshold"] == 1:
            assert properties["MetricName"] == "ApproximateNumberOfMessagesVisible"
            watched.add(target(properties["Dimensions"][0]["Value"]))
    assert watched == {name for name in template.all("AWS::SQS::Queue") if "DeadLetters" in name}


def test_a_deployment_at_fault_raises_an_alarm_on_the_metric_that_the_processor_writes(
    template: Template,
) -> None:
    alarm = template.properties("AWS::CloudWatch::Alarm", "ConfigurationErrors")
    variables = template.properties("AWS::Lambda::Function", "Processor")["Environment"]["Variables"]

    assert alarm["MetricName"] == Metric.CONFIGURATION_ERRORS
    assert alarm["Namespace"] == variables["POWERTOOLS_METRICS_NAMESPACE"]
    assert alarm["Dimensions"] == [{"Name": "service", "Value": variables["POWERTOOLS_SERVICE_NAME"]}]


def test_the_topic_is_encrypted_and_takes_tls_only(template: Template) -> None:
    assert "alias/aws/sns" in str(template.properties("AWS::SNS::Topic", "Completions")["KmsMasterKeyId"])
    policy = template.properties("AWS::SNS::TopicPolicy", "Completions")
    statements = policy["PolicyDocument"]["Statement"]
    assert any(
        statement["Effect"] == "Deny" and "aws:SecureTransport" in str(statement["Condition"])
        for statement in statements
    )


def test_the_outputs_name_everything_that_a_client_needs(template: Template) -> None:
    assert set(template.document["Outputs"]) == {
        "Bucket",
        "QueueUrl",
        "DeadLetterQueueUrl",
        "BulkQueueUrl",
        "BulkDeadLetterQueueUrl",
        "Table",
        "TopicArn",
        "ApiUrl",
        "TallyFunction",
        "AlarmTopicArn",
        "AlarmsReach",
        "RenditionsBucket",
    }


def test_the_local_stack_differs_in_settings_only(synthesized: Synthesize, local_template: Template) -> None:
    """The same resources, under the same names, as AWS gets them with these wings."""
    template = Template.of(synthesized(ON | {"operator": "true", "corrections": "true"}))
    kinds = {name: resource["Type"] for name, resource in template.document["Resources"].items()}
    local_kinds = {name: resource["Type"] for name, resource in local_template.document["Resources"].items()}
    assert kinds == local_kinds


def test_there_are_no_custom_resources_and_no_bootstrap_rule(template: Template) -> None:
    kinds = {resource["Type"] for resource in template.document["Resources"].values()}
    assert not [kind for kind in kinds if kind.startswith("Custom::") or "CustomResource" in kind]
    assert "BootstrapVersion" not in template.document.get("Parameters", {})


def test_the_template_can_be_deployed_without_a_bucket_for_it(aws_assembly: Assembly) -> None:
    assert len(aws_assembly.template.encode()) <= 51_200


def test_cfn_lint_finds_nothing(
    aws_assembly: Assembly, local_assembly: Assembly, synthesized: Synthesize
) -> None:
    watched = synthesized({"operator": "true", "dashboard": "true"})
    assemblies = (aws_assembly, local_assembly, synthesized(JWT), synthesized(RESTORED), watched)
    files = [str(assembly.directory / f"{STACK_NAME}.template.json") for assembly in assemblies]
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--", *files]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stdout


def test_unusable_settings_are_reported_together() -> None:
    context: dict[str, object] = {"detectors": "labels,cats", "api_access": "shut", "max_concurrency": "1"}
    with pytest.raises(UnusableSettingsError) as raised:
        DeploymentSettings.from_context(context.get)
    assert str(raised.value).splitlines() == [
        f"detectors is 'labels,cats'; choose one or more of {', '.join(DETECTORS)}",
        "api_access is 'shut'; choose one of iam, jwt, open",
        "max_concurrency is 1; it must be 2 to 1000",
    ]


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("detectors", "labels", ("labels",)),
        ("detectors", ["faces", "labels"], ("faces", "labels")),
        ("max_concurrency", "50", 50),
        ("max_concurrency", 50.0, 50),
        ("retained", "false", False),
        ("api_access", "open", "open"),
    ],
)
def test_context_is_read_from_files_and_command_lines(name: str, given: object, expected: object) -> None:
    settings = DeploymentSettings.from_context({name: given}.get)
    assert getattr(settings, name) == expected


@pytest.mark.parametrize("given", ["many", "1.5", "true", None.__class__])
def test_a_number_that_is_none_is_refused(given: object) -> None:
    with pytest.raises(UnusableSettingsError):
        DeploymentSettings.from_context({"max_concurrency": given}.get)
