"""Trap 33: what every error code that AWS can send means here. The codes are those of botocore's models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from contract.errors import (
    ConfigurationError,
    ImagepipeError,
    NotReadyError,
    PermanentError,
    ThrottledError,
    TransientError,
    UnansweredError,
)
from processors.adapters.aws_errors import VERDICTS, answering, of_code, translated

# What the processor calls.
CALLS = {
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

    word = of_code(code, "said", "a call", status)

    assert word.patience_seconds is None, f"{code} of {service} is not known"
    if "KMS" in code.upper() and "throttl" not in code.lower():
        assert isinstance(word, ConfigurationError)
    if "throttl" in code.lower() or "Exceeded" in code:
        assert isinstance(word, ThrottledError | TransientError | ConfigurationError)


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
    word = of_code(code, "said", "a call", 400)

    assert isinstance(word, ConfigurationError)
    assert word.patience_seconds is None


@pytest.mark.parametrize("code", ["KMSThrottling", "KmsThrottled", "RequestThrottled", "SlowDown"])
def test_throttles_of_all_services_are_throttles(code: str) -> None:
    assert isinstance(of_code(code, "said", "a call", 400), ThrottledError)


def test_a_code_that_nobody_knows_buries_nothing_while_somebody_needs_time_to_look() -> None:
    word = of_code("BrandNewException", "said", "a call", 400)

    assert isinstance(word, ConfigurationError)
    assert word.patience_seconds == 12 * 3600


def outage(status: int) -> ClientError:
    answer: Any = {
        "Error": {"Code": str(status), "Message": "away"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "Any")


@pytest.mark.parametrize(
    "error",
    [
        outage(500),
        outage(502),
        outage(503),
        outage(504),
        EndpointConnectionError(endpoint_url="https://nowhere"),
        ReadTimeoutError(endpoint_url="https://nowhere"),
    ],
)
def test_trap_28_a_service_that_is_away_says_nothing_about_an_image(error: Exception) -> None:
    with pytest.raises(NotReadyError) as of_a_service, translated("a call"):
        raise error
    with pytest.raises(ImagepipeError) as of_a_detector, answering("a call"):
        raise error

    assert of_a_service.value.patience_seconds is None
    assert isinstance(of_a_detector.value, UnansweredError | ThrottledError)


def test_verdicts_are_rekognitions_alone() -> None:
    error = ClientError({"Error": {"Code": "InvalidParameterException", "Message": "Bad."}}, "Any")

    with (
        pytest.raises(PermanentError, match=r"^InvalidParameterException: Bad: the usual reason"),
        answering("x"),
    ):
        raise error
    with pytest.raises(ConfigurationError), translated("x"):
        raise error


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("ImageTooLargeException", "upload it smaller"),
        ("InvalidImageFormatException", "convert it, upload it again"),
        ("InvalidParameterException", "upload it larger"),
        ("InvalidS3ObjectException", "cannot get at the object"),
    ],
)
def test_a_verdict_says_what_to_do_about_the_image(code: str, advice: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": "Bad."}}, "Any")

    with pytest.raises(PermanentError, match=advice), answering("x"):
        raise error
