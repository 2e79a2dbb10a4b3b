"""Where counts and sentences go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from contract.metrics import Metric
from contract.records import Status

OUTCOME_COUNT = {
    Status.RECOGNIZED: Metric.IMAGES_RECOGNIZED,
    Status.REJECTED: Metric.IMAGES_REJECTED,
    Status.DELETED: Metric.IMAGES_DELETED,
}


class Metrics(Protocol):
    """Where counts go. Safe to use from several threads."""

    def add(self, count: Metric, by: int = 1) -> None:
        """Add to one count of this invocation."""


class DailyCounters(Protocol):
    """Where counts are added up for `imagepipe status`, which has no CloudWatch to ask on every machine."""

    def add(self, counted: Mapping[Metric, int]) -> None:
        """Add what one batch counted. An aid, not a record: a batch that crashes is not in it."""


class Log(Protocol):
    """Where sentences for operators go, with their facts as fields."""

    def warning(self, message: str, **facts: object) -> None:
        """Log what went wrong and will be tried again."""

    def error(self, message: str, **facts: object) -> None:
        """Log what needs somebody."""

    def fault(self, message: str, fault: BaseException) -> None:
        """Log what should not have been possible, with where it happened."""
