"""From botocore's exceptions to our words for failure. Decided by code and status, never by message text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError

from aws.error_codes import ErrorKind, kind_of
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
