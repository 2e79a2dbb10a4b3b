"""Where a test can step in: before and after every call to any of the fakes."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


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
