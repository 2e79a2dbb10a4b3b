"""From botocore's exceptions to our words for failure. Decided by code and status, never by message text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError

from contract.errors import THROTTLES, ConfigurationError, ThrottledError, TransientError

HTTP_CLIENT_FAULT = 400


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise whatever AWS says as one of our words. `what` says what was being done.

    A request that DynamoDB finds wrong is the deployment's fault (no such table, no permission, no valid
    credentials) or ours; in both cases asking again does not help.
    """
    try:
        yield
    except ClientError as error:
        raise _in_our_words(error, what) from error
    except (NoCredentialsError, ParamValidationError) as error:
        raise ConfigurationError(type(error).__name__, f"{error} ({what})") from error
    except BotoCoreError as error:
        raise TransientError(type(error).__name__, f"{error} ({what})") from error


def _in_our_words(error: ClientError, what: str) -> Exception:
    code = error.response["Error"]["Code"]
    message = f"{error.response['Error']['Message']} ({what})"
    if code in THROTTLES:
        return ThrottledError(code, message)
    if error.response["ResponseMetadata"]["HTTPStatusCode"] // 100 * 100 == HTTP_CLIENT_FAULT:
        return ConfigurationError(code, message)
    return TransientError(code, message)
