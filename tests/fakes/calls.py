"""Where a test can step in: before and after every call to any of the fakes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError


def nothing(_operation: str) -> None:
    """Do nothing."""


@dataclass
class Calls:
    """Counts calls and lets a test raise before one takes effect, or after it has and before it is known."""

    before: Callable[[str], None] = nothing
    after: Callable[[str], None] = nothing
    made: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def of(self, operation: str) -> Iterator[None]:
        """Wrap one call."""
        self.before(operation)
        self.made[operation] += 1
        yield
        self.after(operation)


def client_error(code: str, operation: str, message: str = "as arranged", **extra: object) -> ClientError:
    """Make the exception that botocore raises for an error code."""
    status = 500 if code.startswith(("Internal", "ServiceUnavailable", "500")) else 400
    answer: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **extra,
    }
    return ClientError(answer, operation)
