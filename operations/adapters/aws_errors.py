"""What AWS's failures mean to a command: what trying again does not mend is said to whoever typed it."""

from __future__ import annotations

from botocore.exceptions import (
    CredentialRetrievalError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from aws.errors import ErrorTranslator
from contract.errors import ConfigurationError, TransientError

translated = ErrorTranslator(
    passing=TransientError,
    refused_request=ConfigurationError,
    unknown=ConfigurationError,
    unusable=(
        CredentialRetrievalError,
        NoCredentialsError,
        ParamValidationError,
        PartialCredentialsError,
        ProfileNotFound,
        SSOTokenLoadError,
        TokenRetrievalError,
        UnauthorizedSSOTokenError,
    ),
)
