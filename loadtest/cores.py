"""How busy this machine's cores were during a run, and how much of that was the run itself."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psutil  # type: ignore[import-untyped]


@dataclass
class Cores:
    """Shares of all cores together, 0 to 1: busy with anything, and with this run's own processes."""

    busy: float = 0.0
    by_this_run: float = 0.0


@contextmanager
def watched(roots: Iterable[int]) -> Iterator[Cores]:
    """Watch while the block lasts; the figures are there after it.

    The run's own processes are this one, `roots`, and all that they have started.
    """
    found, own = Cores(), [os.getpid(), *roots]
    before, own_before = psutil.cpu_times(), _own_seconds(own)
    try:
        yield found
    finally:
        after = psutil.cpu_times()
        passed = (sum(after) - sum(before)) or 1.0
        found.busy = 1 - (_idle_seconds(after) - _idle_seconds(before)) / passed
        found.by_this_run = max(0.0, _own_seconds(own) - own_before) / passed


def _idle_seconds(times: Any) -> float:
    return float(times.idle + getattr(times, "iowait", 0.0))  # not every system knows the latter


def _own_seconds(roots: Iterable[int]) -> float:
    """Add up the processor time of processes and their children; of ended ones, as their parents know it."""
    seconds = 0.0
    for root in roots:
        try:
            top = psutil.Process(root)
            family = [top, *top.children(recursive=True)]
        except psutil.Error:
            continue
        for process in family:
            try:
                seconds += sum(process.cpu_times()[:4])
            except psutil.Error:
                continue
    return seconds
