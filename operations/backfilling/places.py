"""What a backfill needs of its surroundings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from aws.queue_depths import QueueDepth
from contract.errors import ImagepipeError
from operations.backfilling.bookmarks import Progress
from operations.messages import Outgoing
from operations.reconciling.comparison import Listed


class Bucket(Protocol):
    """Where the objects are."""

    def pages(self, prefix: str, after: str = "") -> Iterator[Sequence[Listed]]:
        """List all current objects whose keys begin so, and come after that key."""


class Queue(Protocol):
    """Where requests go."""

    def send(self, messages: Sequence[Outgoing]) -> Mapping[str, ImagepipeError]:
        """Send all; give the ids of those that SQS did not take, with the reason."""

    def depth(self) -> QueueDepth:
        """Return how many messages it holds."""


class Notes(Protocol):
    """Where progress is kept."""

    def write(self, progress: Progress) -> None:
        """Keep it in place of what was there."""
