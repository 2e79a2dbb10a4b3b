"""Trap 33: of what kind every error code is that AWS can send. The codes are those of botocore's models."""

from collections.abc import Iterator

import botocore.session
import pytest

from aws.errors import ErrorKind, kind_of
from processors.adapters.calls import VERDICTS

# What the processor calls.
CALLS = {
    "bedrock-runtime": ["InvokeModel"],
    "dynamodb": [
        "BatchGetItem",
        "BatchWriteItem",
        "BatchExecuteStatement",
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "TransactWriteItems",
        "Scan",
    ],
    "rekognition": ["DetectLabels", "DetectFaces", "DetectText", "DetectModerationLabels"],
    "s3": ["HeadObject", "GetObject", "ListObjectsV2"],
    "sns": ["PublishBatch"],
    "sqs": ["SendMessage", "ChangeMessageVisibilityBatch"],
}
# Conditions are outcomes, and caught before.
OUTCOMES = {"ConditionalCheckFailedException"}
# About a call that no code of ours makes: an empty batch, one with two entries of a name.
IMPOSSIBLE = {
    "BatchEntryIdsNotDistinct",
    "EmptyBatchRequest",
    "IdempotentParameterMismatchException",
    "InvalidBatchEntryId",
    "InvalidObjectState",
    "NoSuchKey",
    "TooManyEntriesInBatchRequest",
}


def wire_codes() -> Iterator[tuple[str, str, int]]:
    """List each service's error codes as they come on the wire, which are not the names of exceptions."""
    session = botocore.session.get_session()
    for service, operations in CALLS.items():
        model = session.get_service_model(service)
        shapes = {
            shape.name: shape for name in operations for shape in model.operation_model(name).error_shapes
        }
        for shape in shapes.values():
            error = shape.metadata.get("error", {})
            is_fault = shape.metadata.get("fault", False)
            yield (
                service,
                error.get("code", shape.name),
                error.get("httpStatusCode", 500 if is_fault else 400),
            )


@pytest.mark.parametrize(("service", "code", "status"), list(wire_codes()))
def test_every_code_that_aws_documents_has_a_word_that_was_chosen(
    service: str, code: str, status: int
) -> None:
    if code in OUTCOMES | IMPOSSIBLE or (service == "rekognition" and code in VERDICTS):
        return

    kind = kind_of(code, status)

    assert kind is not ErrorKind.UNKNOWN, f"{code} of {service} is not known"
    if "KMS" in code.upper() and "throttl" not in code.lower():
        assert kind is ErrorKind.MISCONFIGURED


@pytest.mark.parametrize(
    "code",
    [
        "AWS.SimpleQueueService.NonExistentQueue",
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "KMSAccessDenied",
        "KMSDisabled",
        "KMSNotFound",
        "NoSuchBucket",
        "NotFound",
        "OptInRequired",
        "SignatureDoesNotMatch",
        "SubscriptionRequiredException",
        "UnrecognizedClientException",
    ],
)
def test_what_only_the_deployment_can_mend_counts_against_no_image(code: str) -> None:
    assert kind_of(code, 400) is ErrorKind.MISCONFIGURED


@pytest.mark.parametrize("code", ["KMSThrottling", "KmsThrottled", "RequestThrottled", "SlowDown"])
def test_throttles_of_all_services_are_throttles(code: str) -> None:
    assert kind_of(code, 400) is ErrorKind.THROTTLED


@pytest.mark.parametrize("code", ["KMS.ThrottlingException", "KMSThrottling", "KmsThrottled"])
def test_a_key_that_is_asked_for_too_often_is_a_throttle(code: str) -> None:
    """S3's, SNS's and SQS's words for it. https://docs.aws.amazon.com/kms/latest/developerguide/throttling.html"""
    assert kind_of(code, 400) is ErrorKind.THROTTLED
