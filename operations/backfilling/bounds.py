"""Where a run stops, and why it did."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Ended(StrEnum):
    """Why a run has come to its end."""

    ALL = "all"
    STOPPED = "stopped"
    LIMIT = "limit"
    MAX_COST = "max_cost"
    QUEUE_FULL = "queue_full"


@dataclass(frozen=True)
class Bounds:
    """Where to stop; None is nowhere. `limit` is of this run, `max_dollars` of all runs since the beginning.

    `most_waiting` is what the queue may hold: messages are deleted when they have waited for too long.
    """

    limit: int | None = None
    max_dollars: float | None = None
    most_waiting: int | None = None
