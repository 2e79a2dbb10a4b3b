"""What AWS's failures mean to an image. What kind each code is of: tests/aws/test_error_codes.py."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from contract.errors import (
    ConfigurationError,
    ImagepipeError,
    NotReadyError,
    PermanentError,
    ThrottledError,
    UnansweredError,
)
from processors.adapters.calls import answering, translated


def test_a_code_that_nobody_knows_buries_nothing_while_somebody_needs_time_to_look() -> None:
    word = translated.word_for("BrandNewException", "said", "a call", 400)

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
