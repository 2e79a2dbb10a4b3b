"""What the processes of a local environment take: processor time, and memory at its highest."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil  # type: ignore[import-untyped]

from loadtest.background import in_background
from loadtest.bench.services import DeployedFunction
from loadtest.local_place import LocalPlace

CLOUD, REKOGNITION, CALLER = "MiniStack", "local Rekognition", "the caller"
LOOK_EVERY_SECONDS = 0.3

# A process: its group, its id, and when it started, for ids come back.
_Who = tuple[str, int, float]


def function_group(room: str) -> str:
    """Name the processes of one function."""
    return f"function of {room}"


@dataclass
class ProcessWatcher:
    """Looks at the place's processes now and then; what has ended in between keeps what was last seen.

    The functions are children of MiniStack, each with its function's name in its command.
    """

    place: LocalPlace
    functions: Mapping[str, DeployedFunction]
    _cpu_seconds: dict[_Who, float] = field(default_factory=dict)
    _peak_mib: dict[_Who, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cpu_seconds(self) -> dict[str, float]:
        """Return the processor time so far of each group of processes."""
        self._look()
        with self._lock:
            return {group: sum(found) for group, found in _by_group(self._cpu_seconds).items()}

    def peak_mib(self) -> dict[str, float]:
        """Return the most resident memory that one process of each group has had."""
        self._look()
        with self._lock:
            return {group: max(found) for group, found in _by_group(self._peak_mib).items()}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Keep looking while the block lasts."""

        def keep_looking(over: threading.Event) -> None:
            while not over.wait(LOOK_EVERY_SECONDS):
                self._look()

        with in_background(keep_looking):
            yield

    def _look(self) -> None:
        for group, process in self._processes():
            try:
                with process.oneshot():
                    who = (group, process.pid, process.create_time())
                    times, resident = process.cpu_times(), process.memory_info().rss
            except psutil.Error:
                continue
            with self._lock:
                self._cpu_seconds[who] = times.user + times.system
                self._peak_mib[who] = max(resident / 2**20, self._peak_mib.get(who, 0.0))

    def _processes(self) -> Iterator[tuple[str, psutil.Process]]:
        cloud = psutil.Process(self.place.pid("cloud"))
        yield CLOUD, cloud
        yield REKOGNITION, psutil.Process(self.place.pid("rekognition"))
        yield CALLER, psutil.Process()
        for child in cloud.children():
            try:
                command = " ".join(child.cmdline())
            except psutil.Error:
                continue
            for room, function in self.functions.items():
                if function.name in command:
                    yield function_group(room), child


def _by_group(values: Mapping[_Who, float]) -> dict[str, list[float]]:
    groups = defaultdict(list)
    for (group, _, _), value in values.items():
        groups[group].append(value)
    return groups
