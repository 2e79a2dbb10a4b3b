"""Counts and log lines, through Powertools for AWS Lambda."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from contract.metrics import Metric
from contract.prices import DOLLARS_A_CALL

DOLLARS_SAVED = "DollarsSaved"


@dataclass(frozen=True)
class PowertoolsMetrics:
    """Adds up an invocation's counts and writes them as one line of CloudWatch's embedded metric format."""

    metrics: Metrics
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _counts: Counter[Metric] = field(default_factory=Counter)

    def add(self, count: Metric, by: int = 1) -> None:
        """Add to one count of this invocation."""
        with self._lock:
            self._counts[count] += by

    def flush(self) -> dict[Metric, int]:
        """Write what was counted since the last time, and give it."""
        with self._lock:
            counted = {count: value for count, value in self._counts.items() if value}
            self._counts.clear()
        for count, value in counted.items():
            self.metrics.add_metric(name=count, unit=MetricUnit.Count, value=value)
        if avoided := counted.get(Metric.CALLS_AVOIDED):
            self.metrics.add_metric(
                name=DOLLARS_SAVED, unit=MetricUnit.NoUnit, value=avoided * DOLLARS_A_CALL
            )
        if counted:
            self.metrics.flush_metrics()
        return counted


@dataclass(frozen=True)
class PowertoolsLog:
    """Writes JSON log lines."""

    logger: Logger

    def warning(self, message: str, **facts: object) -> None:
        """Log what went wrong and will be tried again."""
        self.logger.warning(message, extra=facts)

    def error(self, message: str, **facts: object) -> None:
        """Log what needs somebody."""
        self.logger.error(message, extra=facts)

    def fault(self, message: str, fault: BaseException) -> None:
        """Log what should not have been possible, with where it happened."""
        self.logger.error(message, exc_info=fault)
