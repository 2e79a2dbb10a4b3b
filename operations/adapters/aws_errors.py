"""What AWS's failures mean to a command: what trying again does not mend is said to whoever typed it."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from botocore import exceptions

from aws.errors import ErrorTranslator
from aws.retries import RetryPolicy
from contract.errors import ConfigurationError, TransientError

Value = TypeVar("Value")
Parameters = ParamSpec("Parameters")

translated = ErrorTranslator(
    passing=TransientError,
    refused_request=ConfigurationError,
    unknown=ConfigurationError,
    unusable=(
        exceptions.CredentialRetrievalError,
        exceptions.NoCredentialsError,
        exceptions.ParamValidationError,
        exceptions.PartialCredentialsError,
        exceptions.ProfileNotFound,
        exceptions.SSOTokenLoadError,
        exceptions.TokenRetrievalError,
        exceptions.UnauthorizedSSOTokenError,
    ),
)


def reliable(retry: RetryPolicy, what: str, call: Callable[Parameters, Value]) -> Callable[Parameters, Value]:
    """Return a call to AWS that is tried again, and fails in our words. `what` says what is done to what."""
    return retry.around(translated(what)(call))
