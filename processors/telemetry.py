"""Where counts and sentences go: through Powertools for AWS Lambda."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from aws_lambda_powertools import Metrics as EmbeddedMetrics
from aws_lambda_powertools.metrics import MetricUnit

from contract.metrics import SECONDS_TO_SEARCHABLE, Metric
from contract.prices import DOLLARS_A_CALL
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


class Log(Protocol):
    """Where sentences for operators go, with their facts as fields: Powertools' logger."""

    def warning(self, message: str, **facts: object) -> None:
        """Log what went wrong and will be tried again."""

    def error(self, message: str, **facts: object) -> None:
        """Log what needs somebody."""

    def exception(self, message: str, **facts: object) -> None:
        """Log what should not have been possible, with the exception that is being handled."""


# What the calls that were avoided would have cost, in US dollars
DOLLARS_SAVED = "DollarsSaved"


@dataclass(frozen=True)
class PowertoolsMetrics:
    """Adds up an invocation's counts and writes them as one line of CloudWatch's embedded metric format."""

    metrics: EmbeddedMetrics = field(default_factory=EmbeddedMetrics)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _counts: Counter[Metric] = field(default_factory=Counter)
    _latencies: list[float] = field(default_factory=list)

    def add(self, count: Metric, by: int = 1) -> None:
        with self._lock:
            self._counts[count] += by

    def add_latency(self, seconds: float) -> None:
        """Note how long an uploaded photo took to be searchable."""
        with self._lock:
            self._latencies.append(round(seconds, 3))

    def flush(self) -> dict[Metric, int]:
        """Write what was counted since the last time, and give it."""
        with self._lock:
            counted = {count: value for count, value in self._counts.items() if value}
            latencies = list(self._latencies)
            self._counts.clear()
            self._latencies.clear()
        for count, value in counted.items():
            self.metrics.add_metric(name=count, unit=MetricUnit.Count, value=value)
        if avoided := counted.get(Metric.CALLS_AVOIDED):
            self.metrics.add_metric(
                name=DOLLARS_SAVED, unit=MetricUnit.NoUnit, value=avoided * DOLLARS_A_CALL
            )
        for seconds in latencies:
            self.metrics.add_metric(name=SECONDS_TO_SEARCHABLE, unit=MetricUnit.Seconds, value=seconds)
        if counted or latencies:
            self.metrics.flush_metrics()
        return counted
