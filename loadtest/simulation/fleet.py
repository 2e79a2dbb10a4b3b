"""Lambda: how long things take, the environments that work on batches, and the event sources that feed them.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import simpy

from contract.timing import BATCH_WINDOW_SECONDS, PROCESSOR_TIMEOUT_SECONDS
from loadtest.simulation.clock import Clock, Strand, VirtualExecutor
from loadtest.simulation.queue import QueuedMessage, VirtualQueue
from processors.runtime import Deadline

# The 99th percentile of the normal distribution, in standard deviations.
_P99 = 2.3263478740408408


@dataclass(frozen=True)
class Latency:
    """A lognormal distribution, given by its median and its 99th percentile in seconds."""

    median: float
    p99: float
    source: str

    def draw(self, random_numbers: random.Random) -> float:
        return self.quantile(random_numbers.gauss(0, 1))

    def quantile(self, deviations: float) -> float:
        """Return the seconds that are so many standard deviations above the median, as logarithms go."""
        return self.median * math.exp(math.log(self.p99 / self.median) / _P99 * deviations)


REKOGNITION = Latency(
    0.45, 1.5, "the middle of the 0.3 to 0.6 s a call usually seen; the tail is an assumption"
)
DYNAMODB = Latency(0.005, 0.030, "single-digit milliseconds, as AWS has it; the tail is an assumption")
SQS = Latency(0.010, 0.040, "assumption")
SNS = Latency(0.010, 0.040, "assumption")
S3 = Latency(0.020, 0.100, "assumption")

# From `Invoke` by the event source to the first line of the handler, and back.
INVOCATION_SECONDS = 0.010
# docs/performance.md: the cold import of the processor "as on Lambda" is 0.82 s.
COLD_START_SECONDS = 0.8
# docs/performance.md had 19 ms of processor time an image of two detectors, for about eight calls. Lambda
# gives a whole processor at 1,769 MB, and less in proportion. A worker's calls share what it has.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MEMORY_MB = 512
CPU_SECONDS_A_CALL = 0.0025 * 1769 / MEMORY_MB


# Sending a photo to another region: across a continent and back, and 2 MB on the way, both assumed.
ABROAD_SECONDS = 0.2
# A photo of 2.3 MB takes 0.027 s of processor time to be encoded, put into JSON, signed and sent (measured),
# with the memory that the processor then has. Fetching it takes what any call takes.
ABROAD_MEMORY_MB = 1024
CPU_SECONDS_A_PHOTO_SENT = 0.027 * 1769 / ABROAD_MEMORY_MB

# "If your function is invoked approximately 16 times in the same chain of requests", the next invocation is
# refused, unless the function's recursion configuration is Allow. What is Terminate is AWS's default.
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
LONGEST_LINEAGE = 16
ALLOW, TERMINATE = "Allow", "Terminate"

Handler = Callable[[dict[str, Any], Deadline], Mapping[str, Any]]


@dataclass
class Environment:
    """One copy of the function: works on one batch at a time, and is killed as a whole.

    `lineage` counts the invocations in the longest chain of requests that led to the present one, itself
    included. AWS does not say how the messages of a batch are put together: assumed is the longest chain.
    """

    clock: Clock
    executors: list[VirtualExecutor] = field(default_factory=list)
    handler: Handler | None = None
    lineage: int = 0

    def new_executor(self, threads: int) -> VirtualExecutor:
        executor = VirtualExecutor(self.clock, threads)
        self.executors.append(executor)
        return executor


class RecursiveInvocationError(Exception):
    """Raise when the chain of requests is too long."""


class TooManyRequestsError(Exception):
    """Raise when all of the account's concurrency is in use."""


@dataclass
class VirtualFunction:
    """The processor's function. `build` makes the handler of a new environment, as a cold start does.

    `concurrency` is how many may run at a time, of all that the account has; None for more than is needed.
    """

    clock: Clock
    build: Callable[[Environment], Handler]
    timeout_seconds: float = PROCESSOR_TIMEOUT_SECONDS
    cold_start_seconds: float = COLD_START_SECONDS
    recursive_loop: str = TERMINATE
    concurrency: int | None = None
    idle: list[Environment] = field(default_factory=list)
    running: dict[Strand, Callable[[], None]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    worker_seconds: float = 0.0

    def invoke(
        self, event: dict[str, Any], then: Callable[[Mapping[str, Any] | None], None], lineage: int = 0
    ) -> None:
        """Start an invocation; `then` gets its reply, or None if it failed or was killed.

        Raises RecursiveInvocationError or TooManyRequestsError where Lambda would not run it.
        """
        self._admit(lineage)
        began = self.clock.now()
        environment = self.idle.pop() if self.idle else Environment(self.clock)
        environment.lineage = lineage + 1

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

    def allow(self, concurrency: int) -> None:
        self.concurrency = concurrency

    def kill_one(self) -> None:
        if self.running:
            next(iter(self.running.values()))()

    def _admit(self, lineage: int) -> None:
        if lineage >= LONGEST_LINEAGE and self.recursive_loop != ALLOW:
            self.counts["RecursiveInvocationsDropped"] += 1
            raise RecursiveInvocationError
        if self.concurrency is not None and len(self.running) >= self.concurrency:
            self.counts["Throttles"] += 1
            raise TooManyRequestsError

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


# A queue starts with so many batches at a time, and gets this many more a second: 300 a minute.
FIRST_CONCURRENCY = 5
MORE_A_SECOND = 5.0
# How often an event source looks at its queue.
TICK_SECONDS = 0.02


class EventSource:
    """Feeds the function from one queue: full batches at once, others when the window is over.

    A batch that Lambda refuses stays hidden until the visibility timeout, and each of its messages has been
    received once more. Refused for want of concurrency, the event source also takes fewer batches at a time,
    and gets more again as at the start. AWS holds on to such a batch and tries it again until the visibility
    timeout; here it is tried once, which is the harder case.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    `done` is told of each message that is let go of.
    """

    def __init__(
        self,
        clock: Clock,
        queue: VirtualQueue,
        function: VirtualFunction,
        *,
        batch_size: int,
        maximum: int,
        first: int = FIRST_CONCURRENCY,
        done: Callable[[QueuedMessage], None] = lambda _message: None,
    ) -> None:
        self._clock, self._queue, self._function = clock, queue, function
        self._batch_size, self._maximum, self._first = batch_size, maximum, first
        self._done = done
        self._allowed_since: float | None = None
        self._waiting_since: float | None = None
        self._awaited = clock.event()
        self.running = 0
        queue.changed = lambda: _happen(self._awaited)

    def start(self) -> None:
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
            if visible and self.running >= self._allowed():
                self._clock.sleep(TICK_SECONDS)
            else:
                self._wait_for_messages()

    def _wait_for_messages(self) -> None:
        """Wait until a message arrives or comes back, or the window is over, to the next whole tick.

        AWS looks all the time; here, hours in which hardly anything comes would be all looking.
        """
        awaited = self._awaited = self._clock.event()
        until = self._queue.next_visible_at()
        if self._waiting_since is not None:
            until = min(until, self._waiting_since + BATCH_WINDOW_SECONDS)
        if until < math.inf:
            ticks = max(1, math.ceil((until - self._clock.now()) / TICK_SECONDS))
            self._clock.at(self._clock.seconds + ticks * TICK_SECONDS, lambda: _happen(awaited))
        self._clock.wait(awaited)

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
        lineage = max(message.lineage for message in batch)
        event = {"Records": [message.record(self._queue.name) for message in batch]}
        try:
            self._function.invoke(event, self._answered(batch), lineage)
        except RecursiveInvocationError:
            return
        except TooManyRequestsError:
            self._first, self._allowed_since = max(1, self.running), self._clock.now()
            return
        self.running += 1

    def _answered(self, batch: Sequence[QueuedMessage]) -> Callable[[Mapping[str, Any] | None], None]:
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

        return then


def _happen(event: simpy.Event) -> None:
    if not event.triggered:
        event.succeed()
