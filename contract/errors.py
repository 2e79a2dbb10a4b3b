"""The words for failure. Everything that can go wrong is translated into one of them where it happens."""

import json
from dataclasses import asdict, dataclass


class ImagepipeError(Exception):
    """Base of the words for failure.

    `code` is stable and made for machines (an AWS error code where there is one); the message is one
    sentence for a person: what happened, to which key, what to do. `detector` names the detector that
    was being asked, where there was one. `retry_within_seconds` is set where it is known by when
    trying again will work. `patience_seconds` is set where a failure that is taken for nobody's fault may be
    the image's after all: of a message older than that it is.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retry_within_seconds: int | None = None,
        patience_seconds: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.detector: str | None = None
        self.retry_within_seconds = retry_within_seconds
        self.patience_seconds = patience_seconds


class TransientError(ImagepipeError):
    """The image's own failure, which may pass: it is tried again, and after MAX_ATTEMPTS a dead letter."""


class UnansweredError(TransientError):
    """A detector had no answer for this image. Whose failure that is, the answers for others tell."""


class NotReadyError(TransientError):
    """Nobody's fault, or a service's: the message waits as long as it takes, and is never a dead letter."""


class LongWorkError(NotReadyError):
    """It takes many invocations: the message goes on in the bulk lane, out of the way of live photos."""


class ThrottledError(NotReadyError):
    """The service asked us to slow down. It says nothing about the image, however often it happens."""


class PermanentError(ImagepipeError):
    """It will never work for this image: record the rejection, do not retry."""


class ConfirmedError(PermanentError):
    """A verdict that was found true by a look at the image itself."""


class ConfigurationError(ImagepipeError):
    """The deployment is wrong (access denied, no such table): an alarm is sent, no image is blamed."""


class SettingsError(Exception):
    """Settings are missing or malformed. All faults are reported together, one a line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def kind_of_failure(error: ImagepipeError) -> str:
    """Return transient, permanent or configuration."""
    if isinstance(error, PermanentError):
        return "permanent"
    return "configuration" if isinstance(error, ConfigurationError) else "transient"


def cause_of(error: ImagepipeError) -> str:
    """Return what dead letters are counted by, and log lines are searched by: kind, code and detector."""
    return "/".join(part for part in (kind_of_failure(error), error.code, error.detector) if part)


# The message attribute of a dead letter that the processor sent.
FAILURE_ATTRIBUTE = "imagepipe.failure"

# How the log line of each dead letter begins, by which it is counted.
GIVEN_UP = "given up, a dead letter from now on"

# The code of a message whose function never came to an end, often enough that it is not tried again.
CRASHED = "CrashedRepeatedly"


@dataclass(frozen=True)
class Failure:
    """The last word on a message. `kind` is transient, permanent or configuration; times are ISO 8601.

    `attempts` is how often it failed for a reason of its own.
    """

    kind: str
    code: str
    message: str
    detector: str | None
    keys: tuple[str, ...]
    attempts: int
    first_sent_at: str
    last_failed_at: str

    @classmethod
    def of(
        cls, error: ImagepipeError, keys: tuple[str, ...], attempts: int, first_sent_at: str, now: str
    ) -> "Failure":
        """Return an error as the reason for which a message is given up."""
        kind = kind_of_failure(error)
        return cls(kind, error.code, error.message, error.detector, keys, attempts, first_sent_at, now)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Failure":
        fields = json.loads(text)
        return cls(**{**fields, "keys": tuple(fields["keys"])})
