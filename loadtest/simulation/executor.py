"""`concurrent.futures` on the virtual clock: as many tasks at once as there would be threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import Executor, Future
from types import TracebackType
from typing import Any

import simpy

from loadtest.simulation.clock import Clock, GreenletExit, Strand


class VirtualFuture(Future[Any]):
    """A future whose `result()` lets others run while it waits."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.told: list[Callable[[], object]] = []

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the result. A time-out is not simulated."""
        if not self.done():
            event = self._clock.event()
            self.told.append(event.succeed)
            self._clock.wait(event)
        return super().result(0)

    def tell(self) -> None:
        """Wake whoever waits."""
        for tell in self.told:
            tell()
        self.told.clear()


def wait(clock: Clock, futures: Collection[Future[Any]], seconds: float) -> None:
    """Return when all futures are done, or after some seconds."""
    undone = [future for future in futures if isinstance(future, VirtualFuture) and not future.done()]
    if not undone:
        return
    left, event = len(undone), clock.event()

    def one_less() -> None:
        nonlocal left
        left -= 1
        if not left and not event.triggered:
            event.succeed()

    def enough() -> None:
        if not event.triggered:
            event.succeed()

    for future in undone:
        future.told.append(one_less)
    clock.at(clock.seconds + seconds, enough)
    clock.wait(event)


class VirtualLock:
    """A lock whose waiters let others run. First come, first served."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._taken = clock, False
        self._waiting: deque[simpy.Event] = deque()

    def __enter__(self) -> None:
        if self._taken:
            event = self._clock.event()
            self._waiting.append(event)
            self._clock.wait(event)
        self._taken = True

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._waiting:  # it stays taken, by the next
            self._waiting.popleft().succeed()
        else:
            self._taken = False


class VirtualExecutor(Executor):
    """Runs tasks in strands of the clock, at most `threads` at once, in the order in which they came.

    `owner` is the strand whose end is the end of all tasks.
    """

    def __init__(self, clock: Clock, threads: int) -> None:
        self.owner: Strand | None = None
        self._clock = clock
        self._idle = threads
        self._waiting: deque[tuple[VirtualFuture, Callable[[], Any]]] = deque()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Start a task, or let it wait for one of the threads."""
        future = VirtualFuture(self._clock)
        self._waiting.append((future, lambda: fn(*args, **kwargs)))
        if self._idle:
            self._idle -= 1
            thread = self._clock.start(self._work)
            if self.owner is not None:
                self.owner.parts = [part for part in self.owner.parts if not part.ended]
                self.owner.parts.append(thread)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing to be cleared away."""

    def _work(self) -> None:
        """Do tasks until none is waiting."""
        while self._waiting:
            future, task = self._waiting.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = task()
            except GreenletExit:
                raise
            except BaseException as fault:  # noqa: BLE001 - whoever asks for the result is to have it
                future.set_exception(fault)
            else:
                future.set_result(result)
            future.tell()
        self._idle += 1
