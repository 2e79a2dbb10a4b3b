"""What goes on while a run lasts: queues and detector calls once a second, and how busy the cores are."""

import os
import platform
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError

from contract.items import PARTITION_KEY, SORT_KEY
from contract.metrics import Metric
from contract.table import counts_key
from loadtest import LoadtestError
from loadtest.stack import ControlApi, Stack


@contextmanager
def in_background(work: Callable[[threading.Event], None], threads: int = 1) -> Iterator[None]:
    """Run `work` in so many threads until the block ends; it has to return soon after the event is set.

    What `work` raises is raised at the end of a block that raised nothing itself.
    """
    over, failures = threading.Event(), list[BaseException]()

    def run() -> None:
        try:
            work(over)
        except BaseException as error:  # noqa: BLE001 - raised by whoever waits for it
            failures.append(error)

    # A Ctrl-C may come before anybody can be told of them: then they must not keep the program from ending.
    running = [threading.Thread(target=run, daemon=True) for _ in range(threads)]
    try:
        for thread in running:
            thread.start()
        yield
    finally:
        over.set()
        for thread in running:
            if thread.ident is not None:
                thread.join()
    if failures:
        raise failures[0]


@contextmanager
def looking_every(seconds: float, look: Callable[[], None]) -> Iterator[None]:
    """Look again and again while the block lasts."""

    def keep_looking(over: threading.Event) -> None:
        while not over.wait(seconds):
            look()

    with in_background(keep_looking):
        yield


# All operations together, where nobody tells them apart.
ALL = "all operations"


@dataclass(frozen=True)
class OperationCounts:
    """Detector calls so far, by operation."""

    accepted: Mapping[str, int]
    throttled: Mapping[str, int]

    def since(self, before: "OperationCounts") -> "OperationCounts":
        """Return those that came after an earlier look."""
        return OperationCounts(_less(self.accepted, before.accepted), _less(self.throttled, before.throttled))


CallCounter = Callable[[], OperationCounts]
"""Returns the calls so far."""


def calls_at_rekognition(control: ControlApi) -> OperationCounts:
    """Return the calls as a Rekognition on this machine has counted them: exactly, and at once."""
    totals = control.totals()
    return OperationCounts(
        {operation: counted["accepted"] for operation, counted in totals.items()},
        {operation: counted["throttled"] for operation, counted in totals.items()},
    )


def calls_in_the_table(stack: Stack, now: float | None = None) -> OperationCounts:
    """Return the calls of yesterday and today (UTC), so that midnight may be in between.

    The processor adds them up in the table, batch by batch; a batch that crashed is not in it.
    """
    today = datetime.fromtimestamp(time.time() if now is None else now, UTC).date()
    days = [_counts_of_day(stack, (today - timedelta(days=back)).isoformat()) for back in (0, 1)]
    made, throttled = (
        sum(day.get(metric, 0) for day in days) for metric in (Metric.CALLS_MADE, Metric.CALLS_THROTTLED)
    )
    return OperationCounts({ALL: made}, {ALL: throttled})


def _counts_of_day(stack: Stack, day: str) -> dict[str, int]:
    at = counts_key(day)
    item = stack.dynamodb.get_item(
        TableName=stack.outputs["table"], Key={PARTITION_KEY: {"S": at.pk}, SORT_KEY: {"S": at.sk}}
    ).get("Item", {})
    return {name: int(value["N"]) for name, value in item.items() if "N" in value}


def _less(now: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {operation: count - before.get(operation, 0) for operation, count in now.items()}


LOOK_EVERY_SECONDS = 1.0
QUEUES = ("queue_url", "bulk_queue_url", "dead_letter_queue_url", "bulk_dead_letter_queue_url")


@dataclass(frozen=True)
class Sample:
    """One look. `waiting` and `in_flight` are the messages of both lanes by queue."""

    at_seconds: float
    sent: int
    ended: int
    waiting: Mapping[str, int]
    in_flight: Mapping[str, int]
    calls: OperationCounts


@dataclass
class Gauges:
    """Looks at everything once a second; what cannot be seen at a look is left out of it."""

    stack: Stack
    counter: CallCounter
    clock: Callable[[], float]
    counts: Callable[[], tuple[int, int]]
    samples: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.before = self.counter()

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Keep looking while the block lasts, and once more after it."""

        with looking_every(LOOK_EVERY_SECONDS, self._look):
            yield
        self._look()

    def _look(self) -> None:
        sent, ended = self.counts()
        try:
            with ThreadPoolExecutor(len(QUEUES)) as threads:
                urls = [self.stack.outputs[queue] for queue in QUEUES]
                depths = dict(zip(QUEUES, threads.map(self.stack.depth, urls), strict=True))
            calls = self.counter()
        except (LoadtestError, BotoCoreError, ClientError):  # it is busy; the next look sees it
            return
        waiting, in_flight = ({name: depth[side] for name, depth in depths.items()} for side in (0, 1))
        self.samples.append(Sample(self.clock(), sent, ended, waiting, in_flight, calls.since(self.before)))


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
