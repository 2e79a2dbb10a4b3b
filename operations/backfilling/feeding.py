"""Queueing what has no current record, page by page, with the bookmark following behind.

A page is queued before it is noted as done. Killed in between, the next run queues it once more, which costs
nothing: the processor finds its work done.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

from contract.errors import ImagepipeError
from contract.notifications import look_again
from operations.backfilling.bookmarks import Progress
from operations.backfilling.bounds import Bounds, Ended
from operations.backfilling.places import Bucket, Notes, Queue
from operations.faults import OperatorError
from operations.interrupting import Stopping
from operations.messages import Outgoing
from operations.pacing import MOST_AT_ONCE, Pace
from operations.planning.assessing import Assessed, Assessor
from operations.planning.objects import Choice
from operations.planning.summing import Totals
from operations.reconciling.comparison import Listed

# So many requests go to SQS side by side.
REQUESTS_AT_ONCE = 8


@dataclass
class Backfill:
    """One run. `price` says what so many records with these calls (by detector) cost in dollars.

    `queued` counts this run's objects, `totals` all that it looked at; `progress` is what is kept.
    """

    bucket_name: str
    bucket: Bucket
    assessor: Assessor
    queue: Queue
    executor: Executor
    notes: Notes
    price: Callable[[int, Mapping[str, int]], float]
    pace: Pace
    bounds: Bounds
    now: Callable[[], str]
    stopping: Stopping
    tell: Callable[[Backfill], None]
    progress: Progress
    everything: bool = False
    queued: int = 0
    totals: Totals = field(default_factory=Totals)

    @property
    def dollars(self) -> float:
        """What all that was queued since the beginning costs."""
        return self.price(self.progress.records, self.progress.calls)

    def run(self, prefix: str, choice: Choice) -> Ended:
        """Queue until the end or a bound. Raises OperatorError if SQS refuses messages."""
        for page in self.bucket.pages(prefix, self.progress.after):
            if self._is_queue_full():
                return Ended.QUEUE_FULL
            ended = self._feed(page, choice)
            self.tell(self)
            if ended is not None:
                return ended
        return Ended.ALL

    def _feed(self, page: Sequence[Listed], choice: Choice) -> Ended | None:
        if not page:
            return None
        chosen = [listed for listed in page if choice.takes(listed)]
        self.totals.left_out += len(page) - len(chosen)
        wanted = [found for found in self.assessor.assess(chosen) if self._is_wanted(found)]
        some, bound = self._within_bounds(wanted)
        try:
            stopped = self._send_all(some)
            if stopped is None and bound is None:
                self._note(page[-1].key, [])
        finally:
            self.notes.write(self.progress)
        return stopped or bound

    def _is_wanted(self, assessed: Assessed) -> bool:
        self.totals.add(assessed)
        return not assessed.has_to_wait and (self.everything or not assessed.is_current)

    def _within_bounds(self, wanted: Sequence[Assessed]) -> tuple[Sequence[Assessed], Ended | None]:
        """Return as many of a page as may be queued, and the bound that keeps the others out."""
        room = len(wanted)
        bound: Ended | None = None
        if self.bounds.limit is not None and self.bounds.limit - self.queued < room:
            room, bound = self.bounds.limit - self.queued, Ended.LIMIT
        if self.bounds.max_dollars is not None:
            # What the first of them cost rises with their number.
            counts = range(1, room + 1)
            affordable = bisect_right(
                counts, self.bounds.max_dollars, key=lambda count: self._dollars_with(wanted[:count])
            )
            if affordable < room:
                room, bound = affordable, Ended.MAX_COST
        return wanted[:room], bound

    def _dollars_with(self, more: Sequence[Assessed]) -> float:
        return self.price(self.progress.records + _records(more), _added(self.progress.calls, more))

    def _send_all(self, wanted: Sequence[Assessed]) -> Ended | None:
        at_once = self.pace.at_once * (REQUESTS_AT_ONCE if self.pace.per_second is None else 1)
        for start in range(0, len(wanted), at_once):
            if self.stopping():
                return Ended.STOPPED
            group = wanted[start : start + at_once]
            self.pace.wait(len(group))
            self._send(group)
            self._note(group[-1].listed.key, group)
            self.tell(self)
        return Ended.STOPPED if self.stopping() else None

    def _send(self, group: Sequence[Assessed]) -> None:
        """Send one key a message, so that each photo fails or succeeds by itself."""
        tens = [group[start : start + MOST_AT_ONCE] for start in range(0, len(group), MOST_AT_ONCE)]
        refused = [fault for faults in self.executor.map(self._send_ten, tens) for fault in faults]
        if refused:
            raise OperatorError(
                f"SQS did not take {len(refused)} of {len(group)} messages ({refused[0].message}); "
                f"{self.queued:,} were queued before; the same command goes on from there"
            )

    def _send_ten(self, ten: Sequence[Assessed]) -> Sequence[ImagepipeError]:
        messages = [
            Outgoing(str(place), look_again(self.bucket_name, [found.listed.key], self.now()))
            for place, found in enumerate(ten)
        ]
        return list(self.queue.send(messages).values())

    def _note(self, after: str, queued: Sequence[Assessed]) -> None:
        self.queued += len(queued)
        before = self.progress
        self.progress = Progress(
            after=after,
            since=before.since,
            queued=before.queued + len(queued),
            records=before.records + _records(queued),
            calls=_added(before.calls, queued),
        )

    def _is_queue_full(self) -> bool:
        most = self.bounds.most_waiting
        return most is not None and self.queue.depth().total >= most


def _records(queued: Sequence[Assessed]) -> int:
    return sum(not assessed.is_current for assessed in queued)


def _added(calls: Mapping[str, int], more: Sequence[Assessed]) -> dict[str, int]:
    added = dict(calls)
    for assessed in more:
        for detector in assessed.calls:
            added[detector] = added.get(detector, 0) + 1
    return added
