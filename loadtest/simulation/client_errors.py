"""The exceptions of botocore, as a service would cause them."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError


def client_error(code: str, operation: str, message: str = "as arranged", **extra: object) -> ClientError:
    """Make the exception that botocore raises for an error code."""
    status = 500 if code.startswith(("Internal", "ServiceUnavailable", "500")) else 400
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **extra,
    }
    return ClientError(answer, operation)
