"""Time that jumps: ordinary blocking code in greenlets, woken by simpy's queue of events.

Nothing runs at the same time: a strand runs until it sleeps or waits, and then the next one that is due does.
A lock of the real kind must not be held meanwhile, for whoever wanted it would stop everything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import simpy
from greenlet import GreenletExit, getcurrent, greenlet  # type: ignore[import-untyped]

__all__ = ["START", "Clock", "GreenletExit", "Strand"]

# The first moment of a simulation, in seconds since 1970: 2026-01-01.
START = 1_767_225_600.0


class Strand:
    """One line of blocking code. `parts` are strands that end with it when it is killed."""

    def __init__(self, clock: Clock, work: Callable[[], None]) -> None:
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
        """Whether it has nothing left to do."""
        return self.dead or bool(self._greenlet.dead)


class Clock:
    """The time of one simulation, in seconds since 1970, and everything that waits for it."""

    def __init__(self) -> None:
        self.events = simpy.Environment(initial_time=START)
        self.hub = getcurrent()
        self._strands: dict[Any, Strand] = {}

    def now(self) -> float:
        """Give the time."""
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
        """Make an event that somebody may wait for, and somebody else lets happen with `succeed()`."""
        return self.events.event()

    def at(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something, which does not block, so many seconds after the start."""
        callbacks = self.events.timeout(max(0.0, START + seconds - self.now())).callbacks
        assert callbacks is not None
        callbacks.append(lambda _event: act())

    def run(self, seconds: float) -> None:
        """Let time pass until so many seconds after the start."""
        self.events.run(until=START + seconds)

    def strand(self) -> Strand:
        """Give the strand that is running."""
        return self._strands[getcurrent()]

    def _when(self, event: simpy.Event, strand: Strand) -> None:
        if event.callbacks is None:  # it has happened: go on at once, after what is due
            event = self.events.timeout(0)
        assert event.callbacks is not None
        event.callbacks.append(strand.resume)
