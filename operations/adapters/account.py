"""An account in a region, from STS, Lambda and Rekognition: who asks, and what there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from aws.retries import RetryPolicy
from operations.adapters.aws_errors import translated
from operations.checking import Concurrency

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_rekognition import RekognitionClient

# No image of any kind: Rekognition says so before it looks for anything, and charges nothing.
_NO_IMAGE = b"\x00"
_SAID_OF_NO_IMAGE = frozenset({"InvalidImageFormatException", "InvalidParameterException"})
_SAID_OF_THE_CALLER = frozenset({"AccessDeniedException"})
_METHODS = {
    "DetectLabels": "detect_labels",
    "DetectFaces": "detect_faces",
    "DetectModerationLabels": "detect_moderation_labels",
    "DetectText": "detect_text",
}


@dataclass(frozen=True)
class AwsAccount:
    """The account whose credentials are in use, in one region."""

    region: str
    sts: Any
    functions: LambdaClient
    rekognition: RekognitionClient
    retry: RetryPolicy

    def identity(self) -> str:
        """Return the account's id and who asks."""
        found = self.retry(translated("GetCallerIdentity")(self.sts.get_caller_identity))
        return f"{found['Account']} ({found['Arn'].rpartition(':')[2]})"

    def concurrency(self) -> Concurrency:
        """Return what Lambda has for the account."""
        limit = self.retry(translated("GetAccountSettings")(self.functions.get_account_settings))[
            "AccountLimit"
        ]
        return Concurrency(limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"])

    def refusal(self, operation: str) -> tuple[bool, str] | None:
        """Return why Rekognition would not answer, and whether that holds for everyone; None if it would."""

        @translated(operation)
        def attempt() -> tuple[bool, str] | None:
            try:
                getattr(self.rekognition, _METHODS[operation])(Image={"Bytes": _NO_IMAGE})
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code in _SAID_OF_NO_IMAGE:
                    return None
                if code in _SAID_OF_THE_CALLER:
                    return False, code
                raise
            return None

        return self.retry(attempt)
