"""The settings of each Lambda: one class writes and reads each of them."""

from dataclasses import dataclass

from contract.detectors import DEFAULT_DETECTORS, DETECTORS


@dataclass(frozen=True)
class ProcessorSettings:
    """What the processor needs to know. Percentages are 0 to 100.

    `detectors` are asked for every image; `concurrent_calls` bounds the detector calls that one worker has
    under way.
    """

    bucket_name: str
    table_name: str
    topic_arn: str
    queue_url: str
    dead_letter_queue_url: str
    bulk_queue_url: str
    bulk_dead_letter_queue_url: str
    detectors: tuple[str, ...] = DEFAULT_DETECTORS
    max_labels: int = 50
    min_label_confidence_percent: float = 40.0
    concurrent_calls: int = 16

    def dead_letter_queue_urls(self) -> dict[str, str]:
        """Map the URL of each queue that is read to that of its dead-letter queue."""
        return {
            self.queue_url: self.dead_letter_queue_url,
            self.bulk_queue_url: self.bulk_dead_letter_queue_url,
        }

    def __post_init__(self) -> None:
        unknown = [name for name in self.detectors if name not in DETECTORS]
        if unknown or not self.detectors:
            raise ValueError(
                f"DETECTORS is {','.join(self.detectors)!r}; choose one or more of {', '.join(DETECTORS)}"
            )
        if self.concurrent_calls < 1:
            raise ValueError(f"CONCURRENT_CALLS is {self.concurrent_calls}; it must be at least 1")


@dataclass(frozen=True)
class QuerySettings:
    """What the query API needs to know."""

    bucket_name: str
    table_name: str
