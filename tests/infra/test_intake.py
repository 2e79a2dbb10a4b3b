import json
import re
from collections.abc import Mapping

import pytest

from contract import timing
from infra.bundles import ROOT
from infra.intake import EVENTS
from tests.infra.template import Template, target

DAY_SECONDS = 86_400


def test_the_buckets_notifications_are_native_and_wait_for_the_queue_policy(template: Template) -> None:
    """Trap 26: no custom resource, and S3's test message must be let in."""
    _, bucket = template.the("AWS::S3::Bucket", "Intake")
    policy_id, policy = template.the("AWS::SQS::QueuePolicy", "ImagesQueue")
    configured = bucket["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    assert {entry["Event"] for entry in configured} == {
        "s3:ObjectCreated:*",
        "s3:ObjectRemoved:*",
        "s3:LifecycleExpiration:*",
        "s3:ObjectRestore:Completed",
    }
    assert all("Filter" not in entry for entry in configured)
    assert policy_id in bucket["DependsOn"]
    senders = [
        statement
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    assert [statement["Principal"] for statement in senders] == [{"Service": "s3.amazonaws.com"}]
    assert senders[0]["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert not [name for name in template.document["Resources"] if "BucketNotificationsHandler" in name]


def test_the_operators_handbook_puts_back_the_notifications_that_are_deployed() -> None:
    handbook = (ROOT / "docs" / "operations.md").read_text()
    (command,) = re.findall(r"put-bucket-notification-configuration (.*?)\n\n", handbook, flags=re.DOTALL)
    (written,) = re.findall(r"--notification-configuration '(.*)'", command, flags=re.DOTALL)
    (queue,) = json.loads(written.replace("""'"$QUEUE_ARN"'""", "arn"))["QueueConfigurations"]

    assert queue == {"QueueArn": "arn", "Events": list(EVENTS)}


def test_the_bucket_is_private_versioned_and_keeps_the_md5_as_etag(template: Template) -> None:
    bucket = template.properties("AWS::S3::Bucket", "Intake")
    encryption = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"][0]
    assert encryption["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    denied = template.properties("AWS::S3::BucketPolicy", "Intake")["PolicyDocument"]["Statement"][0]
    assert denied["Effect"] == "Deny"
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_bucket_forgets_half_uploads_and_old_versions(template: Template) -> None:
    rules = template.properties("AWS::S3::Bucket", "Intake")["LifecycleConfiguration"]["Rules"]
    assert any(rule.get("AbortIncompleteMultipartUpload") for rule in rules)
    assert any(rule.get("NoncurrentVersionExpiration") for rule in rules)
    assert not any("ExpirationInDays" in rule for rule in rules), "photos themselves never expire"


def test_every_queue_of_work_has_a_dead_letter_queue(template: Template) -> None:
    queues = template.all("AWS::SQS::Queue")
    dead = {name for name in queues if "DeadLetters" in name and "Tallying" not in name}
    work = {name for name in queues if "DeadLetters" not in name}
    assert len(work) == len(dead) == 2
    redrives = [queues[name]["Properties"]["RedrivePolicy"] for name in work]
    assert {target(policy["deadLetterTargetArn"]) for policy in redrives} == dead
    assert {policy["maxReceiveCount"] for policy in redrives} == {1000}, "the most that SQS takes"


def test_no_queue_takes_what_comes_without_tls(template: Template) -> None:
    refusing = {
        target(queue)
        for policy in template.all("AWS::SQS::QueuePolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for queue in policy["Properties"]["Queues"]
        if (statement["Effect"], statement["Action"], statement["Principal"])
        == ("Deny", "sqs:*", {"AWS": "*"})
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    }
    assert refusing == set(template.all("AWS::SQS::Queue"))


def test_visibility_is_six_timeouts_plus_the_window(template: Template) -> None:
    """Trap 9."""
    timeout = template.properties("AWS::Lambda::Function", "Processor")["Timeout"]
    for reader in template.queue_readers():
        window = reader["MaximumBatchingWindowInSeconds"]
        queue = target(reader["EventSourceArn"])
        visibility = template.all("AWS::SQS::Queue")[queue]["Properties"]["VisibilityTimeout"]
        assert visibility == 6 * timeout + window


def test_what_sqs_moves_by_itself_is_kept_for_days_after_the_move(template: Template) -> None:
    """Traps 22 and 30: retention counts from the first enqueue, and nothing tells of what it deletes.

    What the processor sends to the dead letters starts anew there. SQS moves what was received a thousand
    times in vain, at one visibility timeout each.
    """
    moved_after_seconds = timing.QUEUE_MAX_RECEIVES * timing.VISIBILITY_SECONDS
    for queue in template.all("AWS::SQS::Queue").values():
        retention_seconds = queue["Properties"]["MessageRetentionPeriod"]
        assert retention_seconds == 14 * DAY_SECONDS, "the longest that SQS takes"
        assert retention_seconds - moved_after_seconds > 7 * DAY_SECONDS


def test_lambda_does_not_take_a_renewed_message_for_a_loop(template: Template) -> None:
    """Trap 27."""
    assert template.properties("AWS::Lambda::Function", "Processor")["RecursiveLoop"] == "Allow"


def test_no_queue_is_encrypted_by_kms(template: Template) -> None:
    """Trap 25: a queue with the AWS-managed key cannot take S3 events."""
    for queue in template.all("AWS::SQS::Queue").values():
        assert queue["Properties"]["SqsManagedSseEnabled"] is True
        assert "KmsMasterKeyId" not in queue["Properties"]


def test_a_marker_of_a_deletion_goes_with_the_last_version_below_it(template: Template) -> None:
    """It has the name of the photo in it."""
    rules = template.properties("AWS::S3::Bucket", "Intake")["LifecycleConfiguration"]["Rules"]
    assert any(rule.get("ExpiredObjectDeleteMarker") for rule in rules)


def test_a_bucket_that_was_just_made_goes_when_its_deployment_fails_and_stays_otherwise(
    template: Template,
) -> None:
    _, bucket = template.the("AWS::S3::Bucket", "Intake")
    assert bucket["DeletionPolicy"] == "RetainExceptOnCreate"
    assert bucket["UpdateReplacePolicy"] == "Retain"


SSE = "s3:x-amz-server-side-encryption"
BY_CALLER = f"{SSE}-customer-algorithm"


@pytest.mark.parametrize(
    ("headers", "is_taken"),
    [
        ({}, True),  # `aws s3 cp`, `aws s3 sync`, the page's form
        ({SSE: "AES256"}, True),
        ({SSE: "aws:kms"}, False),
        ({SSE: "aws:kms:dsse"}, False),
        ({BY_CALLER: "AES256"}, False),
    ],
)
def test_uploads_under_another_encryption_are_denied_so_that_etags_stay_md5s(
    template: Template, headers: Mapping[str, str], is_taken: bool
) -> None:
    """Trap 35."""
    statements = template.properties("AWS::S3::BucketPolicy", "Intake")["PolicyDocument"]["Statement"]
    of_uploads = [each for each in statements if each["Action"] == "s3:PutObject"]

    assert {each["Effect"] for each in of_uploads} == {"Deny"}
    assert is_taken is not any(holds(each["Condition"], headers) for each in of_uploads)


def holds(condition: Mapping[str, Mapping[str, str]], keys: Mapping[str, str]) -> bool:
    """Evaluate the two operators that are used, as IAM does; a key that is absent is not equal to anything.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    for operator, tests in condition.items():
        for name, value in tests.items():
            match operator:
                case "StringNotEquals":
                    is_met = keys.get(name) != value
                case "Null":
                    is_met = (name not in keys) is (value == "true")
                case _:
                    raise NotImplementedError(operator)
            if not is_met:
                return False
    return True
