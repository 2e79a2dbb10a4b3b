"""From botocore's exceptions to our words for failure. Decided by code and status, never by message text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError

from contract.errors import (
    THROTTLES,
    ConfigurationError,
    ImagepipeError,
    PermanentError,
    ThrottledError,
    TransientError,
)

# What Rekognition's verdicts mean, and what to do: its own words are short.
# https://docs.aws.amazon.com/rekognition/latest/dg/limits.html
VERDICTS = {
    "ImageTooLargeException": "it has over 15 MB or a side over 10,000 pixels; upload it smaller",
    "InvalidImageFormatException": "it is no JPEG or PNG that can be decoded; convert it, upload it again",
    "InvalidParameterException": "the usual reason is a side under 80 pixels; upload it larger",
    "InvalidS3ObjectException": "Rekognition cannot get at the object",
}
MISCONFIGURATIONS = frozenset(
    {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "KMSAccessDeniedException",
        "NoSuchBucket",
        "NotFound",
        "NotFoundException",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
    }
)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise whatever AWS says as one of our words. `what` says what was being done, to which key."""
    try:
        yield
    except ClientError as error:
        said = error.response["Error"]
        raise of_code(said["Code"], said["Message"], what) from error
    except (NoCredentialsError, ParamValidationError) as error:
        raise ConfigurationError(type(error).__name__, f"{error} ({what})") from error
    except BotoCoreError as error:
        raise TransientError(type(error).__name__, f"{error} ({what})") from error


def of_code(code: str, said: str, what: str) -> ImagepipeError:
    """Choose the word for an AWS error code; `said` is AWS's own message, `what` what was being done.

    What is not known to be anything else is transient: it comes back, and if it never works it ends among
    the dead letters, where somebody sees it, rather than as a verdict on an image.
    """
    if code in VERDICTS:
        return PermanentError(code, f"{said.rstrip('.')}: {VERDICTS[code]}")
    message = f"{said} ({what})"
    if code in THROTTLES:
        return ThrottledError(code, message)
    if code in MISCONFIGURATIONS:
        return ConfigurationError(code, message)
    return TransientError(code, message)
