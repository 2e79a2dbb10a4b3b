"""Why a message became a dead letter: written by the processor into the message, read by operations."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from contract.errors import ConfigurationError, ImagepipeError, PermanentError

# The message attribute of a dead letter that the processor sent.
FAILURE_ATTRIBUTE = "imagepipe.failure"

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
    ) -> Failure:
        """Return an error as the reason for which a message is given up."""
        kind = "transient"
        if isinstance(error, PermanentError):
            kind = "permanent"
        elif isinstance(error, ConfigurationError):
            kind = "configuration"
        return cls(kind, error.code, error.message, error.detector, keys, attempts, first_sent_at, now)

    def to_json(self) -> str:
        """Write it as the value of a message attribute."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Failure:
        """Read it from the value of a message attribute."""
        fields = json.loads(text)
        return cls(**{**fields, "keys": tuple(fields["keys"])})
