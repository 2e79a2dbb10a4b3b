"""What kind of failure an AWS error code is. One table for all services, for no code means two things.

Those that the processor can meet are all here: tests/aws/test_error_codes.py holds it to botocore's models.
"""

from __future__ import annotations

from enum import Enum, auto
from http import HTTPStatus

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
