from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from aws_lambda_powertools import Logger, Metrics

from contract.errors import NotReadyError
from contract.metrics import Metric
from processors.batch import Worker
from processors.telemetry import PowertoolsMetrics

REPLY = {"batchItemFailures": [{"itemIdentifier": "m1"}]}
CONTEXT = SimpleNamespace(aws_request_id="r1", get_remaining_time_in_millis=lambda: 60_000)


class CountingBatch:
    """A batch that has something to count."""

    def __init__(self, metrics: PowertoolsMetrics) -> None:
        self.metrics = metrics

    def answer(self, _event: object, _deadline: object) -> dict[str, Any]:
        self.metrics.add(Metric.CALLS_MADE)
        return REPLY


class LedgerThatIsAway:
    def __init__(self) -> None:
        self.asked: list[Mapping[Metric, int]] = []

    def add(self, counted: Mapping[Metric, int]) -> None:
        self.asked.append(counted)
        raise NotReadyError("InternalServerError", "the table is away")


def test_counts_that_cannot_be_added_up_do_not_fail_the_batch() -> None:
    metrics, daily_counters = PowertoolsMetrics(Metrics(namespace="test", service="test")), LedgerThatIsAway()
    log = Logger(service="test", level="CRITICAL")
    worker = Worker(CountingBatch(metrics), metrics, daily_counters, log)  # type: ignore[arg-type]

    assert worker.answer({"Records": []}, CONTEXT) == REPLY
    assert daily_counters.asked == [{Metric.CALLS_MADE: 1}]
