"""One Lambda environment's worth of pipeline, with its telemetry around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contract.errors import ImagepipeError
from processors.batch import ImageBatch
from processors.deadline import Deadline
from processors.powertools import PowertoolsLog, PowertoolsMetrics
from processors.telemetry import DailyCounters


@dataclass(frozen=True)
class Worker:
    """Answers Lambda events."""

    batch: ImageBatch
    metrics: PowertoolsMetrics
    daily_counters: DailyCounters
    log: PowertoolsLog

    def answer(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Work through one event; counts are written whatever happens."""
        self.log.logger.append_keys(request_id=context.aws_request_id)
        try:
            return self.batch.answer(event, Deadline(context.get_remaining_time_in_millis))
        finally:
            self._write_counts()

    def _write_counts(self) -> None:
        counted = self.metrics.flush()
        try:
            self.daily_counters.add(counted)
        except ImagepipeError as failure:
            self.log.warning(f"counts of a batch were not added up: {failure.message}", code=failure.code)
