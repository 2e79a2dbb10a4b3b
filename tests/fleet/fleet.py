"""Lambda: event sources that take batches from queues, environments that work on them, and what ends them.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.timing import BATCH_WINDOW_SECONDS, PROCESSOR_TIMEOUT_SECONDS
from processors.deadline import Deadline
from tests.fleet.clock import Clock, Strand
from tests.fleet.executor import VirtualExecutor
from tests.fleet.latency import COLD_START_SECONDS, INVOCATION_SECONDS
from tests.fleet.queue import Message, Queue

# A queue starts with so many batches at a time, and gets this many more a second: 300 a minute.
FIRST_CONCURRENCY = 5
MORE_A_SECOND = 5.0
# How often an event source looks whether there is something to do.
TICK_SECONDS = 0.02

Handler = Callable[[dict[str, Any], Deadline], Mapping[str, Any]]


@dataclass
class Environment:
    """One copy of the function: works on one batch at a time, and is killed as a whole."""

    clock: Clock
    executors: list[VirtualExecutor] = field(default_factory=list)
    handler: Handler | None = None

    def new_executor(self, threads: int) -> VirtualExecutor:
        """Make an executor whose tasks end with the invocation."""
        executor = VirtualExecutor(self.clock, threads)
        self.executors.append(executor)
        return executor


@dataclass
class Function:
    """The processor's function. `build` makes the handler of a new environment, as a cold start does."""

    clock: Clock
    build: Callable[[Environment], Handler]
    timeout_seconds: float = PROCESSOR_TIMEOUT_SECONDS
    cold_start_seconds: float = COLD_START_SECONDS
    idle: list[Environment] = field(default_factory=list)
    running: dict[Strand, Callable[[], None]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    worker_seconds: float = 0.0

    def invoke(self, event: dict[str, Any], then: Callable[[Mapping[str, Any] | None], None]) -> None:
        """Start an invocation; `then` gets its reply, or None if it failed or was killed."""
        began = self.clock.now()
        environment = self.idle.pop() if self.idle else Environment(self.clock)

        def end(reply: Mapping[str, Any] | None) -> None:
            self.worker_seconds += self.clock.now() - began
            del self.running[strand]
            then(reply)

        def work() -> None:
            reply = self._answer(environment, event)
            self.idle.append(environment)
            end(reply)

        def kill() -> None:
            strand.kill()
            self.counts["killed"] += 1
            end(None)

        self.counts["invocations"] += 1
        strand = self.clock.start(work)
        self.running[strand] = kill

    def kill_one(self) -> None:
        """Kill the invocation that has worked longest."""
        if self.running:
            next(iter(self.running.values()))()

    def _answer(self, environment: Environment, event: dict[str, Any]) -> Mapping[str, Any] | None:
        clock, strand = self.clock, self.clock.strand()
        if environment.handler is None:
            self.counts["cold starts"] += 1
            clock.sleep(self.cold_start_seconds)
            environment.handler = self.build(environment)
        clock.sleep(INVOCATION_SECONDS)
        for executor in environment.executors:
            executor.owner = strand
        ends = clock.now() + self.timeout_seconds
        clock.at(clock.seconds + self.timeout_seconds, lambda: self._time_out(strand))
        try:
            return environment.handler(event, Deadline(lambda: int((ends - clock.now()) * 1000)))
        except Exception:  # noqa: BLE001 - as Lambda does: the whole batch comes back
            self.counts["failed"] += 1
            return None

    def _time_out(self, strand: Strand) -> None:
        if strand in self.running:
            self.counts["timed out"] += 1
            self.running[strand]()


class EventSource:
    """Feeds the function from one queue: full batches at once, others when the window is over.

    `done` is told of each message that is let go of.
    """

    def __init__(
        self,
        clock: Clock,
        queue: Queue,
        function: Function,
        *,
        batch_size: int,
        maximum: int,
        first: int = FIRST_CONCURRENCY,
        done: Callable[[Message], None] = lambda _message: None,
    ) -> None:
        self._clock, self._queue, self._function = clock, queue, function
        self._batch_size, self._maximum, self._first = batch_size, maximum, first
        self._done = done
        self._allowed_since: float | None = None
        self._waiting_since: float | None = None
        self.running = 0

    def start(self) -> None:
        """Look at the queue from now on."""
        self._clock.start(self._poll)

    def _poll(self) -> None:
        while True:
            visible = self._queue.visible()
            if visible and self._allowed_since is None:
                self._allowed_since = self._clock.now()
            while visible and self.running < self._allowed() and self._due(visible):
                self._waiting_since = None
                self._take()
                visible = self._queue.visible()
            self._clock.sleep(TICK_SECONDS)

    def _allowed(self) -> int:
        since = self._clock.now() if self._allowed_since is None else self._allowed_since
        return min(self._maximum, self._first + int((self._clock.now() - since) * MORE_A_SECOND))

    def _due(self, visible: int) -> bool:
        if visible >= self._batch_size:
            return True
        if self._waiting_since is None:
            self._waiting_since = self._clock.now()
        return self._clock.now() - self._waiting_since >= BATCH_WINDOW_SECONDS

    def _take(self) -> None:
        batch = self._queue.receive(self._batch_size)
        if not batch:
            return
        self.running += 1
        receipts = {message.id: message.receipt for message in batch}

        def then(reply: Mapping[str, Any] | None) -> None:
            self.running -= 1
            if reply is None:
                return
            failed = {failure["itemIdentifier"] for failure in reply["batchItemFailures"]}
            for message in batch:
                if message.id not in failed and message.receipt == receipts[message.id]:
                    self._queue.delete(message)
                    self._done(message)

        self._function.invoke({"Records": [message.record(self._queue.name) for message in batch]}, then)
