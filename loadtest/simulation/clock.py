"""Time that jumps: ordinary blocking code in greenlets, woken by the events of simpy; futures on that time.

Nothing runs at the same time: a strand runs until it sleeps or waits, and then the next one that is due does.
A lock of the real kind must not be held meanwhile, for whoever wanted it would stop everything.
"""

from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import Executor, Future
from types import TracebackType
from typing import Any

import simpy
from greenlet import GreenletExit, getcurrent, greenlet  # type: ignore[import-untyped]

__all__ = ["START", "Clock", "GreenletExit", "Strand"]

# The first moment of a simulation, in seconds since 1970: 2026-01-01.
START = 1_767_225_600.0


class Strand:
    """One line of blocking code. `parts` are strands that end with it when it is killed."""

    def __init__(self, clock: "Clock", work: Callable[[], None]) -> None:
        self.dead = False
        self.parts: list[Strand] = []
        self._greenlet = greenlet(work, parent=clock.hub)

    def resume(self, _event: object = None) -> None:
        """Go on where it waits, unless it was killed meanwhile."""
        if not self.dead:
            self._greenlet.switch()

    def kill(self) -> None:
        """End it where it waits, and its parts: nothing after that point is done. Not its own."""
        if self.dead:
            return
        self.dead = True
        for part in self.parts:
            part.kill()
        if self._greenlet and not self._greenlet.dead:
            self._greenlet.throw(GreenletExit)

    @property
    def ended(self) -> bool:
        return self.dead or bool(self._greenlet.dead)


class Clock:
    """The time of one simulation, in seconds since 1970, and everything that waits for it."""

    def __init__(self) -> None:
        self.events = simpy.Environment(initial_time=START)
        self.hub = getcurrent()
        self._strands: dict[Any, Strand] = {}

    def now(self) -> float:
        return float(self.events.now)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return float(self.events.now) - START

    def start(self, work: Callable[[], None]) -> Strand:
        """Start blocking code at the present moment, after what is already due."""
        strand: Strand

        def run() -> None:
            self._strands[getcurrent()] = strand
            try:
                work()
            finally:
                del self._strands[getcurrent()]

        strand = Strand(self, run)
        self._when(self.events.timeout(0), strand)
        return strand

    def sleep(self, seconds: float) -> None:
        """Wait. Only in a strand."""
        self.wait(self.events.timeout(max(0.0, seconds)))

    def wait(self, event: simpy.Event) -> None:
        """Wait for an event. Only in a strand."""
        strand = self.strand()
        if strand.dead:
            raise GreenletExit
        self._when(event, strand)
        self.hub.switch()

    def event(self) -> simpy.Event:
        return self.events.event()

    def at(self, seconds: float, act: Callable[[], None]) -> None:
        callbacks = self.events.timeout(max(0.0, START + seconds - self.now())).callbacks
        assert callbacks is not None
        callbacks.append(lambda _event: act())

    def run(self, seconds: float) -> None:
        """Let time pass until so many seconds after the start."""
        self.events.run(until=START + seconds)

    def strand(self) -> Strand:
        return self._strands[getcurrent()]

    def _when(self, event: simpy.Event, strand: Strand) -> None:
        if event.callbacks is None:  # it has happened: go on at once, after what is due
            event = self.events.timeout(0)
        assert event.callbacks is not None
        event.callbacks.append(strand.resume)


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
        while self._waiting:
            future, task = self._waiting.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = task()
            except GreenletExit:
                raise
            except BaseException as error:  # noqa: BLE001 - whoever asks for the result is to have it
                future.set_exception(error)
            else:
                future.set_result(result)
            future.tell()
        self._idle += 1
