"""What is looked at once a second while a run lasts: queues, and detector calls."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from contract.counts import Count
from contract.table import PARTITION_KEY, SORT_KEY, counts_key
from loadtest.door import Door
from loadtest.faults import LoadtestError
from loadtest.stack import Stack

LOOK_EVERY_SECONDS = 1.0
QUEUES = ("queue_url", "bulk_queue_url", "dead_letter_queue_url", "bulk_dead_letter_queue_url")
# All operations together, where nobody tells them apart.
ALL = "all operations"


@dataclass(frozen=True)
class Calls:
    """Detector calls so far, by operation."""

    accepted: Mapping[str, int]
    throttled: Mapping[str, int]

    def since(self, before: Calls) -> Calls:
        """Give those that came after an earlier look."""
        return Calls(_less(self.accepted, before.accepted), _less(self.throttled, before.throttled))


class CallCounter(Protocol):
    """Whoever knows how many calls were made."""

    def calls(self) -> Calls:
        """Give the calls so far."""


@dataclass(frozen=True)
class CallsAtTheDoor:
    """As a Rekognition on this machine has counted them: exactly, and at once."""

    door: Door

    def calls(self) -> Calls:
        """Give the calls so far."""
        totals = self.door.totals()
        return Calls(
            {operation: counted["accepted"] for operation, counted in totals.items()},
            {operation: counted["throttled"] for operation, counted in totals.items()},
        )


@dataclass(frozen=True)
class CallsInTheTable:
    """As the processor adds them up in the table, batch by batch; a batch that crashed is not in it."""

    stack: Stack
    now: Callable[[], float] = time.time

    def calls(self) -> Calls:
        """Give the calls of yesterday and today (UTC), so that midnight may be in between."""
        today = datetime.fromtimestamp(self.now(), UTC).date()
        days = [self._day((today - timedelta(days=back)).isoformat()) for back in (0, 1)]
        made = sum(day.get(Count.CALLS_MADE, 0) for day in days)
        return Calls({ALL: made}, {ALL: sum(day.get(Count.CALLS_THROTTLED, 0) for day in days)})

    def _day(self, day: str) -> dict[str, int]:
        at = counts_key(day)
        item = self.stack.dynamodb.get_item(
            TableName=self.stack.outputs["table"],
            Key={PARTITION_KEY: {"S": at.pk}, SORT_KEY: {"S": at.sk}},
        ).get("Item", {})
        return {name: int(value["N"]) for name, value in item.items() if "N" in value}


@dataclass(frozen=True)
class Sample:
    """One look. `waiting` and `in_flight` are the messages of both lanes by queue."""

    at_seconds: float
    sent: int
    ended: int
    waiting: Mapping[str, int]
    in_flight: Mapping[str, int]
    calls: Calls


@dataclass
class Gauges:
    """Looks at everything once a second; what cannot be seen at a look is left out of it."""

    stack: Stack
    counter: CallCounter
    clock: Callable[[], float]
    counts: Callable[[], tuple[int, int]]
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.before = self.counter.calls()

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Keep looking while the block lasts, and once more after it."""
        over = threading.Event()

        def keep_looking() -> None:
            while not over.wait(LOOK_EVERY_SECONDS):
                self._look()

        looker = threading.Thread(target=keep_looking, name="gauges")
        looker.start()
        try:
            yield
        finally:
            over.set()
            looker.join()
            self._look()

    def _look(self) -> None:
        with ThreadPoolExecutor(len(QUEUES)) as threads:
            depths = dict(zip(QUEUES, threads.map(self._depth, QUEUES), strict=True))
        sent, ended = self.counts()
        try:
            calls = self.counter.calls()
        except LoadtestError:  # it is busy; the next look sees it
            return
        waiting, in_flight = ({name: depth[side] for name, depth in depths.items()} for side in (0, 1))
        self.samples.append(Sample(self.clock(), sent, ended, waiting, in_flight, calls.since(self.before)))

    def _depth(self, queue: str) -> tuple[int, int]:
        found = self.stack.sqs.get_queue_attributes(
            QueueUrl=self.stack.outputs[queue],
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )["Attributes"]
        waiting = found["ApproximateNumberOfMessages"]
        return int(waiting), int(found["ApproximateNumberOfMessagesNotVisible"])


def _less(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {operation: count - before.get(operation, 0) for operation, count in now.items()}
