"""Telling subscribers: every record that was committed, at least once, with an id to drop repeats by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from contract.errors import ImagepipeError
from contract.metrics import Metric
from contract.notifications import Completion, completion
from contract.records import ImageRecord
from processors.telemetry import Metrics


class Topic(Protocol):
    """Where completions are published."""

    def publish(self, completions: Sequence[Completion]) -> Mapping[str, ImagepipeError]:
        """Publish in full batches; give the ids of those that were not taken, with the reason."""


@dataclass(frozen=True)
class Publisher:
    """Announces the records of one batch."""

    topic: Topic
    bucket_name: str
    metrics: Metrics

    def announce(self, records: Sequence[ImageRecord]) -> dict[str, ImagepipeError]:
        """Publish a completion for each record; return the keys of those not taken, with the reason.

        A record that no event decided is no news to anybody.
        """
        completions = {
            record.key: completion(self.bucket_name, record) for record in records if record.decided_by
        }
        refused = self.topic.publish(list(completions.values()))
        self.metrics.add(Metric.COMPLETIONS_PUBLISHED, len(completions) - len(refused))
        return {
            key: refused[announced.id] for key, announced in completions.items() if announced.id in refused
        }
