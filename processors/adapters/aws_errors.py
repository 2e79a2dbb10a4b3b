"""From botocore's exceptions to our words for failure. Decided by code and status, never by message text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError

from contract.errors import (
    THROTTLES,
    ConfigurationError,
    ImagepipeError,
    NotReadyError,
    PermanentError,
    ThrottledError,
    TransientError,
    UnansweredError,
)
from contract.timing import PATIENCE_SECONDS

# What Rekognition's verdicts mean, and what to do: its own words are short.
# https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
VERDICTS = {
    "ImageTooLargeException": "it has over 15 MB or a side over 10,000 pixels; upload it smaller",
    "InvalidImageFormatException": "it is no JPEG or PNG that can be decoded; convert it, upload it again",
    "InvalidParameterException": "the usual reason is a side under 80 pixels; upload it larger",
    "InvalidS3ObjectException": "Rekognition cannot get at the object",
}

# What only the deployment can mend: permissions, credentials, keys and resources.
MISCONFIGURATIONS = frozenset(
    {
        "403",
        "AWS.SimpleQueueService.NonExistentQueue",
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "EndpointDisabled",
        "ExpiredToken",
        "ExpiredTokenException",
        "HumanLoopQuotaExceededException",
        "InvalidAccessKeyId",
        "InvalidAddress",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidSignatureException",
        "InvalidToken",
        "KMSAccessDenied",
        "KMSAccessDeniedException",
        "KMSDisabled",
        "KMSInvalidState",
        "KMSNotFound",
        "KMSOptInRequired",
        "KmsAccessDenied",
        "KmsDisabled",
        "KmsInvalidKeyUsage",
        "KmsInvalidState",
        "KmsNotFound",
        "KmsOptInRequired",
        "MissingAuthenticationToken",
        "NoSuchBucket",
        "NotFound",
        "NotFoundException",
        "OptInRequired",
        "PlatformApplicationDisabled",
        "QueueDoesNotExist",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "ResourceNotFoundException",
        "ResourceNotReadyException",
        "SignatureDoesNotMatch",
        "SubscriptionRequiredException",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
        "UnsupportedOperation",
    }
)

# What a service refuses about the one request, and so about the one image: an item that is too large, say.
REFUSED_REQUESTS = frozenset(
    {
        "InvalidMessageContents",
        "ItemCollectionSizeLimitExceededException",
        "ValidationError",
        "ValidationException",
        # What SNS and SQS say of one entry of a batch.
        "BatchRequestTooLong",
        "InvalidParameter",
        "InvalidParameterValue",
        "MessageNotInflight",
        "ParameterValueInvalid",
        "ReceiptHandleIsInvalid",
    }
)

# What passes by itself, whatever its status.
PASSING = frozenset(
    {
        "IDPCommunicationError",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "OperationAborted",
        "ReplicatedWriteConflictException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "TransactionCanceledException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise whatever AWS says as one of our words. `what` says what was being done, to which key.

    A service that fails or cannot be reached says nothing about the image on whose behalf it was called.
    """
    try:
        yield
    except ClientError as error:
        said = error.response["Error"]
        raise of_code(said["Code"], said.get("Message", ""), what, _status(error)) from error
    except (NoCredentialsError, ParamValidationError) as error:
        raise ConfigurationError(type(error).__name__, f"{error} ({what})") from error
    except BotoCoreError as error:
        raise NotReadyError(type(error).__name__, f"{error} ({what})") from error


@contextmanager
def answering(what: str) -> Iterator[None]:
    """Raise what AWS says to a detector call, which is about one image.

    Verdicts are PermanentError. No answer, by an error of the service or of the way there, may be the
    service's failure or the image's: UnansweredError.
    """
    try:
        with translated(what):
            yield
    except ThrottledError:
        raise
    except NotReadyError as error:
        raise UnansweredError(error.code, error.message) from error
    except ConfigurationError as error:
        if error.code not in VERDICTS:
            raise
        raise PermanentError(error.code, f"{_said(error)}: {VERDICTS[error.code]}") from error


def of_code(code: str, said: str, what: str, status: int = 0) -> ImagepipeError:
    """Choose the word for an AWS error code; `said` is AWS's own message, `what` what was being done.

    What was refused because of one request's content counts against that image. A refusal that no rule knows
    is the deployment's: it may well meet every image, so it buries none while somebody needs time to look.
    """
    message = f"{said} ({what})"
    if code in THROTTLES:
        return ThrottledError(code, message)
    if code in PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return NotReadyError(code, message)
    if code in REFUSED_REQUESTS:
        return TransientError(code, message)
    if code in MISCONFIGURATIONS:
        return ConfigurationError(code, message)
    return ConfigurationError(code, message, patience_seconds=PATIENCE_SECONDS)


def of_failed_entry(failed: Mapping[str, Any], what: str) -> ImagepipeError:
    """Choose the word for what SNS and SQS say of one entry of a batch that they did not take.

    https://docs.aws.amazon.com/sns/latest/api/API_BatchResultErrorEntry.html
    """
    status = HTTPStatus.BAD_REQUEST if failed.get("SenderFault") else HTTPStatus.SERVICE_UNAVAILABLE
    return of_code(failed["Code"], failed.get("Message", "no reason given"), what, status)


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _said(error: ImagepipeError) -> str:
    """Return AWS's own words on an error that was raised from its answer."""
    assert isinstance(error.__cause__, ClientError)
    return error.__cause__.response["Error"].get("Message", "").rstrip(".")
