"""From botocore's exceptions to our words for failure. Decided by code and status, never by message text.

What kind of failure a code is stands in one table for all services, for no code means two things. Those that
the processor can meet are all here: tests/aws/test_error_codes.py holds it to botocore's models.
"""

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


# What AWS's services say when they want us to slow down, each in its own way; S3 says so on a HEAD, whose
# answer has no body, by the status alone. https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
_THROTTLED = """
    503 SlowDown OverLimit RequestLimitExceeded RequestThrottled LimitExceededException
    TooManyRequestsException ProvisionedThroughputExceeded ProvisionedThroughputExceededException
    Throttled Throttling ThrottlingException KMS.ThrottlingException KMSThrottling KmsThrottled
    ServiceQuotaExceededException
"""
# What passes by itself, whatever its status.
_PASSING = """
    InternalError InternalFailure InternalServerError ServiceUnavailable RequestTimeout
    RequestTimeoutException IDPCommunicationError OperationAborted ReplicatedWriteConflictException
    TransactionCanceledException TransactionConflictException TransactionInProgressException
    ModelErrorException ModelNotReadyException ModelTimeoutException
"""
# What a service refuses about the one request, an item that is too large, say; and what SNS and SQS say of
# one entry of a batch.
_REFUSED_REQUEST = """
    ValidationError ValidationException ItemCollectionSizeLimitExceededException InvalidMessageContents
    BatchRequestTooLong InvalidParameter InvalidParameterValue ParameterValueInvalid
    MessageNotInflight ReceiptHandleIsInvalid
"""
# What only the deployment can mend: permissions, credentials, keys and resources.
_MISCONFIGURED = """
    403 AccessDenied AccessDeniedException AuthorizationError AuthorizationErrorException InvalidSecurity
    ExpiredToken ExpiredTokenException InvalidToken TokenRefreshRequired InvalidAccessKeyId
    InvalidClientTokenId MissingAuthenticationToken UnrecognizedClientException InvalidSignatureException
    SignatureDoesNotMatch RequestExpired RequestTimeTooSkewed
    KMSAccessDenied KMSAccessDeniedException KMSDisabled KMSInvalidState KMSNotFound KMSOptInRequired
    KmsAccessDenied KmsDisabled KmsInvalidKeyUsage KmsInvalidState KmsNotFound KmsOptInRequired
    NoSuchBucket NotFound NotFoundException ResourceNotFoundException ResourceNotReadyException InvalidAddress
    QueueDoesNotExist AWS.SimpleQueueService.NonExistentQueue EndpointDisabled PlatformApplicationDisabled
    OptInRequired SubscriptionRequiredException HumanLoopQuotaExceededException UnsupportedOperation
    UnknownOperationException
"""
_KINDS = {
    code: kind
    for kind, codes in (
        (ErrorKind.THROTTLED, _THROTTLED),
        (ErrorKind.PASSING, _PASSING),
        (ErrorKind.REFUSED_REQUEST, _REFUSED_REQUEST),
        (ErrorKind.MISCONFIGURED, _MISCONFIGURED),
    )
    for code in codes.split()
}


def kind_of(code: str, status: int = 0) -> ErrorKind:
    """Return the kind of a failure by its code and, where it is known, its HTTP status."""
    kind = _KINDS.get(code, ErrorKind.UNKNOWN)
    is_passing = status >= HTTPStatus.INTERNAL_SERVER_ERROR and kind is not ErrorKind.THROTTLED
    return ErrorKind.PASSING if is_passing else kind
