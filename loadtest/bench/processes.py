"""What the processes of a local environment take: processor time, and memory at its highest."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import psutil  # type: ignore[import-untyped]

from loadtest import LoadtestError
from loadtest.bench.figures import Figure
from loadtest.gauges import in_background
from loadtest.places import LocalPlace
from loadtest.stack import DeployedFunction, Stack
from loadtest.verifying import Api

CLOUD, REKOGNITION, CALLER = "MiniStack", "local Rekognition", "the caller"
LOOK_EVERY_SECONDS = 0.3

# A process: its group, its id, and when it started, for ids come back.
_Who = tuple[str, int, float]


def function_group(room: str) -> str:
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


ASKERS = 4
ASKING_SECONDS = 4.0


def ask_for_a_while(services: Stack) -> int:
    """Keep the query function at work: pages of 50, and single images. Return the number of answers."""
    api = Api(services)
    animals: dict[str, object] = {"label": "Animal", "limit": 50}
    listed = _asked(api, animals)["images"]
    questions = [animals, {"label": "Person", "min_confidence": 80, "limit": 50}]
    questions += [{"key": image["key"]} for image in listed[:2]]
    end = time.monotonic() + ASKING_SECONDS

    def keep_asking(question: Mapping[str, object]) -> int:
        answers = 0
        while time.monotonic() < end:
            _asked(api, question)
            answers += 1
        return answers

    with ThreadPoolExecutor(ASKERS) as askers:
        return sum(askers.map(keep_asking, questions))


def _asked(api: Api, question: Mapping[str, object]) -> Any:
    status, answer = api.ask("/images", **question)
    if status != HTTPStatus.OK:
        raise LoadtestError(f"the query API answers {status} to {question}")
    return answer


def figures(peak_mib: Mapping[str, float], functions: Mapping[str, DeployedFunction]) -> list[Figure]:
    """Compare each function with the memory that the template gives it; the rest has no baseline."""
    found = [
        Figure(
            f"one process of the {function_group(room)}",
            peak_mib[function_group(room)],
            "MiB",
            "memory given to it",
            float(function.memory_mb),
            at_most=1.0,
        )
        for room, function in sorted(functions.items())
        if function_group(room) in peak_mib
    ]
    found += [Figure(name, peak_mib[name], "MiB") for name in (CLOUD, REKOGNITION) if name in peak_mib]
    return found
