"""From botocore's exceptions to our words for failure. Decided by code, never by message text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from contract.errors import THROTTLES, ConfigurationError, ImagepipeError, ThrottledError, TransientError

# What trying again mends. Everything else is said to whoever typed the command.
PASSING = frozenset(
    {
        "500",
        "503",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "RequestTimeout",
        "ServiceUnavailable",
        "TransactionConflictException",
    }
)
_WITHOUT_CREDENTIALS = (
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise whatever AWS says as one of our words. `what` says what was being done."""
    try:
        yield
    except ClientError as error:
        answer = error.response["Error"]
        raise of_code(answer["Code"], f"{answer.get('Message', 'no reason given')} ({what})") from error
    except (*_WITHOUT_CREDENTIALS, ParamValidationError) as error:
        raise ConfigurationError(type(error).__name__, f"{error} ({what})") from error
    except BotoCoreError as error:
        raise TransientError(type(error).__name__, f"{error} ({what})") from error


def of_code(code: str, message: str) -> ImagepipeError:
    """Choose the word for an AWS error code."""
    if code in THROTTLES:
        return ThrottledError(code, message)
    if code in PASSING:
        return TransientError(code, message)
    return ConfigurationError(code, message)
