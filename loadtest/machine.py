"""On what, and when, something was measured, and how busy the cores were meanwhile."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psutil  # type: ignore[import-untyped]


def circumstances(command: str) -> str:
    """Return the command, the day, the machine and how busy others kept it, as one line of Markdown."""
    busy = psutil.getloadavg()[1]
    return (
        f"`{command}`, {datetime.now(UTC):%Y-%m-%d}: {psutil.cpu_count()} cores "
        f"({platform.machine()}, {platform.system()}), {psutil.virtual_memory().total / 2**30:.0f} GiB, "
        f"Python {platform.python_version()}; load average of the five minutes before: {busy:.1f}"
    )


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
