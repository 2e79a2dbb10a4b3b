"""`customer_key`: what is under it, and who may use it."""

import json
from typing import Any

import pytest

from infra.settings import DeploymentSettings, UnusableSettingsError
from tests.infra.conftest import Synthesize
from tests.infra.roles import ACCOUNT, arn_of, decides, deployed, resource_decides, statements
from tests.infra.template import Template
from tests.infra.test_permissions import FUNCTIONS

ARN = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
NEEDED = ("kms:Decrypt", "kms:GenerateDataKey")
VIA = "kms:ViaService"


@pytest.fixture(scope="module")
def keyed(synthesized: Synthesize) -> Template:
    return Template.of(synthesized({"customer_key": "true", "access_logs": "true"}))


def keys_of(template: Template) -> dict[str, str]:
    """Give what each thing that keeps something is encrypted under, by logical id; empty where not KMS."""
    where: dict[str, Any] = {
        "AWS::SQS::Queue": lambda has: has.get("KmsMasterKeyId"),
        "AWS::SNS::Topic": lambda has: has.get("KmsMasterKeyId"),
        "AWS::Logs::LogGroup": lambda has: has.get("KmsKeyId"),
        "AWS::DynamoDB::Table": lambda has: has["SSESpecification"].get("KMSMasterKeyId"),
        "AWS::S3::Bucket": lambda has: has["BucketEncryption"]["ServerSideEncryptionConfiguration"][0][
            "ServerSideEncryptionByDefault"
        ].get("KMSMasterKeyID"),
    }
    return {
        name: deployed(template, key(resource["Properties"])) or ""
        for kind, key in where.items()
        for name, resource in template.all(kind).items()
    }


def test_all_that_is_kept_is_under_the_key_but_photos_and_access_logs(keyed: Template) -> None:
    key, _ = keyed.the("AWS::KMS::Key")
    found = keys_of(keyed)

    apart = {name for name, under in found.items() if under != arn_of(keyed, key)}
    assert apart == {keyed.the("AWS::S3::Bucket", part)[0] for part in ("Intake", "BucketLogs")}
    assert len(found) >= 16
    for queue in keyed.all("AWS::SQS::Queue").values():
        assert "SqsManagedSseEnabled" not in queue["Properties"], "SQS takes one of the two"


def test_photos_stay_under_s3s_own_key_because_their_etags_are_md5s(keyed: Template) -> None:
    rules = keyed.properties("AWS::S3::Bucket", "Intake")["BucketEncryption"]
    assert rules == {
        "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    }


def test_the_bucket_of_renditions_has_a_key_of_its_own_beneath(keyed: Template) -> None:
    rules = keyed.properties("AWS::S3::Bucket", "Renditions")["BucketEncryption"]
    assert [rule["BucketKeyEnabled"] for rule in rules["ServerSideEncryptionConfiguration"]] == [True]


def test_the_key_is_rotated_and_outlives_the_stack(keyed: Template) -> None:
    _, key = keyed.the("AWS::KMS::Key")

    assert key["Properties"]["EnableKeyRotation"] is True
    assert key["DeletionPolicy"] == key["UpdateReplacePolicy"] == "Retain"


def of_service(keyed: Template, service: str, action: str = "kms:GenerateDataKey", **keys: Any) -> str:
    name, key = keyed.the("AWS::KMS::Key")
    policy = deployed(keyed, key["Properties"]["KeyPolicy"])
    return resource_decides(policy, action, arn_of(keyed, name), service=service, **keys)


@pytest.mark.parametrize("action", NEEDED)
def test_events_of_this_account_get_into_queues_under_the_key(
    keyed: Template, synthesized: Synthesize, action: str
) -> None:
    """Without it S3 drops events, and the deployment fails at its test message."""
    bridged = Template.of(synthesized({"customer_key": "true", "bucket": "photos-of-people"}))
    ours, others = {"aws:SourceAccount": ACCOUNT}, {"aws:SourceAccount": "210987654321"}

    for template, sends, does_not in (
        (keyed, "s3.amazonaws.com", "events.amazonaws.com"),
        (bridged, "events.amazonaws.com", "s3.amazonaws.com"),
    ):
        assert of_service(template, sends, action, **ours) == "Allow"
        assert of_service(template, sends, action, **others) == "ImplicitDeny"
        assert of_service(template, does_not, action, **ours) == "ImplicitDeny"


@pytest.mark.parametrize("action", NEEDED)
def test_alarms_get_to_the_topic_under_the_key(keyed: Template, action: str) -> None:
    assert of_service(keyed, "cloudwatch.amazonaws.com", action) == "Allow"


def test_logs_of_this_stack_alone_may_use_the_key(keyed: Template) -> None:
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:"
    context = "kms:EncryptionContext:aws:logs:arn"
    for action in ("kms:Encrypt", "kms:Decrypt", "kms:ReEncryptTo", "kms:GenerateDataKey", "kms:DescribeKey"):
        asked = {context: f"{group}imagepipe-ProcessingProcessorLogs-1"}
        assert of_service(keyed, "logs.us-east-1.amazonaws.com", action, **asked) == "Allow", action
    others = {context: f"{group}/aws/lambda/another"}
    assert of_service(keyed, "logs.us-east-1.amazonaws.com", **others) == "ImplicitDeny"


def test_no_other_service_may_use_it(keyed: Template) -> None:
    for service in ("rekognition.amazonaws.com", "sns.amazonaws.com", "lambda.amazonaws.com"):
        assert of_service(keyed, service, **{"aws:SourceAccount": ACCOUNT}) == "ImplicitDeny"


def test_functions_use_the_key_through_what_keeps_things_and_never_by_themselves(keyed: Template) -> None:
    key = arn_of(keyed, keyed.the("AWS::KMS::Key")[0])
    for function, part in FUNCTIONS.items():
        has = statements(keyed, part)
        for service in ("dynamodb", "s3", "sns", "sqs"):
            through = {VIA: f"{service}.us-east-1.amazonaws.com"}
            assert all(decides(has, action, key, **through) for action in NEEDED), (function, service)
        assert not decides(has, "kms:GenerateDataKey", key), function
        assert not decides(has, "kms:GenerateDataKey", key, **{VIA: "ec2.us-east-1.amazonaws.com"}), function


def test_a_key_that_is_there_already_is_taken_and_none_is_made(synthesized: Synthesize) -> None:
    template = Template.of(synthesized({"customer_key": ARN}))

    assert not template.all("AWS::KMS::Key")
    under = keys_of(template)
    assert {under[name] for name in under if "Intake" not in name or "Queue" in name} == {ARN}


def test_without_the_setting_there_is_no_key(template: Template, synthesized: Synthesize) -> None:
    assert not template.all("AWS::KMS::Key")
    assert '"kms:' not in json.dumps(template.document)
    assert Template.of(synthesized({"customer_key": "false"})).document == template.document


@pytest.mark.parametrize("given", ["yes", "alias/photos", "arn:aws:kms:us-east-1:123456789012:alias/photos"])
def test_what_is_no_key_is_refused(given: str) -> None:
    with pytest.raises(UnusableSettingsError, match=r"customer_key is .*; it is true, or the ARN of a key"):
        DeploymentSettings.from_context({"customer_key": given}.get)
