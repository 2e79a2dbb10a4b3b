"""Lambda: the environments that work on batches, what ends them, and which invocations are refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.timing import PROCESSOR_TIMEOUT_SECONDS
from loadtest.simulation.clock import Clock, Strand, VirtualExecutor
from loadtest.simulation.latency import COLD_START_SECONDS, INVOCATION_SECONDS
from processors.runtime import Deadline

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
        """Make an executor whose tasks end with the invocation."""
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
        """Kill the invocation that has worked longest."""
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
