"""From botocore's exceptions to our words for failure. Decided by code and status, never by message text.

What kind of failure a code is stands in one table for all services, for no code means two things. Those that
the processor can meet are all here: tests/aws/test_error_codes.py holds it to botocore's models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError

from contract.errors import ConfigurationError, ImagepipeError, ThrottledError, TransientError

Word = Callable[[str, str], ImagepipeError]


class ErrorTranslator(NamedTuple):
    """What the kinds of AWS's failures mean to one room: each word is made of a code and a message.

    `passing` also is what cannot be reached. `unusable` are the exceptions of botocore by which it says that
    the call could not even be made, and never can as things stand.
    """

    passing: type[TransientError]
    refused_request: Word
    unknown: Word
    unusable: tuple[type[BotoCoreError], ...] = (NoCredentialsError, ParamValidationError)

    @contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        """Raise whatever AWS says as one of our words. `what` says what was being done, to which key."""
        try:
            yield
        except ClientError as error:
            said = error.response["Error"]
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            raise self.word_for(said["Code"], said.get("Message"), what, status) from error
        except self.unusable as error:
            raise ConfigurationError(type(error).__name__, f"{error} ({what})") from error
        except BotoCoreError as error:
            raise self.passing(type(error).__name__, f"{error} ({what})") from error

    def word_for(self, code: str, said: str | None, what: str, status: int = 0) -> ImagepipeError:
        """Choose the word for an error code; `said` is AWS's own message."""
        words: Mapping[ErrorKind, Word] = {
            ErrorKind.THROTTLED: ThrottledError,
            ErrorKind.PASSING: self.passing,
            ErrorKind.REFUSED_REQUEST: self.refused_request,
            ErrorKind.MISCONFIGURED: ConfigurationError,
            ErrorKind.UNKNOWN: self.unknown,
        }
        return words[kind_of(code, status)](code, f"{said or 'no reason given'} ({what})")

    def word_for_entry(self, failed: Mapping[str, Any], what: str) -> ImagepipeError:
        """Choose the word for what SNS and SQS say of one entry of a batch that they did not take.

        https://docs.aws.amazon.com/sns/latest/api/API_BatchResultErrorEntry.html
        """
        status = HTTPStatus.BAD_REQUEST if failed.get("SenderFault") else HTTPStatus.SERVICE_UNAVAILABLE
        return self.word_for(failed["Code"], failed.get("Message"), what, status)


class ErrorKind(Enum):
    """What follows from an error code. What that means to whoever made the call is told by each room."""

    THROTTLED = auto()
    PASSING = auto()
    REFUSED_REQUEST = auto()
    MISCONFIGURED = auto()
    UNKNOWN = auto()


def kind_of(code: str, status: int = 0) -> ErrorKind:
    """Return the kind of a failure by its code and, where it is known, its HTTP status."""
    if code in THROTTLING:
        return ErrorKind.THROTTLED
    if code in PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ErrorKind.PASSING
    if code in REFUSED_REQUESTS:
        return ErrorKind.REFUSED_REQUEST
    if code in MISCONFIGURATIONS:
        return ErrorKind.MISCONFIGURED
    return ErrorKind.UNKNOWN


# What AWS's services say when they want us to slow down, each in its own way.
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
THROTTLING = frozenset(
    {
        "503",  # S3's SlowDown on a HEAD, whose answer has no body
        "KMS.ThrottlingException",
        "KMSThrottling",
        "KmsThrottled",
        "LimitExceededException",
        "OverLimit",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "SlowDown",
        "Throttled",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
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
# What a service refuses about the one request: an item that is too large, say.
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
