"""What is looked at once a second while a run lasts: queues, and detector calls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from botocore.exceptions import BotoCoreError, ClientError

from aws.queue_depths import QueueDepth, read_depth
from loadtest.background import in_background
from loadtest.calls import CallCounter, OperationCounts
from loadtest.errors import LoadtestError
from loadtest.stack import Stack

LOOK_EVERY_SECONDS = 1.0
QUEUES = ("queue_url", "bulk_queue_url", "dead_letter_queue_url", "bulk_dead_letter_queue_url")


@dataclass(frozen=True)
class Sample:
    """One look. `waiting` and `in_flight` are the messages of both lanes by queue."""

    at_seconds: float
    sent: int
    ended: int
    waiting: Mapping[str, int]
    in_flight: Mapping[str, int]
    calls: OperationCounts


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

        def keep_looking(over: threading.Event) -> None:
            while not over.wait(LOOK_EVERY_SECONDS):
                self._look()

        with in_background(keep_looking):
            yield
        self._look()

    def _look(self) -> None:
        sent, ended = self.counts()
        try:
            with ThreadPoolExecutor(len(QUEUES)) as threads:
                depths = dict(zip(QUEUES, threads.map(self._depth, QUEUES), strict=True))
            calls = self.counter.calls()
        except (LoadtestError, BotoCoreError, ClientError):  # it is busy; the next look sees it
            return
        waiting, in_flight = ({name: depth[side] for name, depth in depths.items()} for side in (0, 1))
        self.samples.append(Sample(self.clock(), sent, ended, waiting, in_flight, calls.since(self.before)))

    def _depth(self, queue: str) -> QueueDepth:
        return read_depth(self.stack.sqs, self.stack.outputs[queue])
