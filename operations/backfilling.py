"""Queueing what has no current record, page by page, with a checkpoint, so that an ended run goes on.

For the facts of photos alone, only those are queued whose record lacks nothing else: no detector is called.

Messages are queued before they are noted as done. Killed in between, the next run queues them once more,
which costs nothing: the processor finds its work done.
"""

import hashlib
import json
import os
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from aws.calls import MAX_ENTRIES, in_batches
from aws.queues import Outgoing, SqsQueue
from contract.errors import ImagepipeError
from contract.notifications import look_again
from operations.adapters.sqs import Pace
from operations.estimating import Totals
from operations.film_hours import FilmHours
from operations.inventory import Listed
from operations.planning import Assessed, Assessor, ObjectFilter
from operations.survey import RecordComparison, compare
from operations.terminal import OperatorError
from operations.wiring import DeployedPipeline

# So many requests go to SQS side by side.
REQUESTS_AT_ONCE = 8
_LETTERS_OF_NAMES = 16


@dataclass(frozen=True)
class Progress:
    """How far it is: all keys up to `after` are queued, or were not to be. `after` is empty at the beginning.

    `since` (seconds since 1970) is what `--since` meant when the first run began. What is `queued` adds up
    over all runs, with the `records` to be made of it, the `calls` by detector, and the files to be `read`,
    `converted` of them first; of films, how many seconds are to be asked about, as FilmHours has them.
    """

    after: str = ""
    since: float | None = None
    queued: int = 0
    records: int = 0
    calls: Mapping[str, int] = field(default_factory=dict)
    read: int = 0
    converted: int = 0
    film_seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def films(self) -> FilmHours:
        return FilmHours(self.film_seconds)

    def plus(self, queued: Sequence[Assessed], after: str) -> "Progress":
        """Return how far it is when these are queued, too."""
        calls = Counter(self.calls)
        films, photos = self.films, [assessed for assessed in queued if assessed.film is None]
        for assessed in queued:
            if assessed.film is None:
                calls.update(assessed.counted_calls)
            elif assessed.is_looked_at:
                films = films.plus(assessed.film, assessed.calls)
        records = self.records + sum(not assessed.is_current for assessed in queued)
        read = self.read + sum(assessed.is_read for assessed in photos)
        converted = self.converted + sum(assessed.is_read and assessed.is_converted for assessed in photos)
        count = self.queued + len(queued)
        return Progress(after, self.since, count, records, dict(calls), read, converted, films.seconds)


@dataclass(frozen=True)
class BackfillCheckpoint:
    """The file of one backfill: of one pipeline's bucket and table, and the same arguments."""

    file: Path

    @classmethod
    def of(cls, directory: Path, names: Mapping[str, object]) -> "BackfillCheckpoint":
        """Name the file by what the backfill is about."""
        text = json.dumps(names, sort_keys=True)
        digest = hashlib.blake2b(text.encode(), digest_size=_LETTERS_OF_NAMES // 2).hexdigest()
        return cls(directory / f"{names['bucket']}-{digest}.json")

    def read(self) -> Progress | None:
        """Read what the last run has left; None if there is nothing to go on with. Raise OperatorError."""
        try:
            return Progress(**json.loads(self.file.read_text()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise OperatorError(f"{self.file} cannot be read ({error}); begin anew with --restart") from error

    def write(self, progress: Progress) -> None:
        """Write it; whoever reads it sees the old or the new one, whole. Raise OperatorError."""
        partial = self.file.with_suffix(".partial")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(asdict(progress)) + "\n")
            partial.replace(self.file)
        except OSError as error:
            raise OperatorError(
                f"{self.file} cannot be written ({error}); choose another place by XDG_STATE_HOME"
            ) from error

    def remove(self) -> None:
        self.file.unlink(missing_ok=True)


def state_directory(environment: Mapping[str, str] = os.environ, of: str = "backfill") -> Path:
    """Return where checkpoints are kept. https://specifications.freedesktop.org/basedir-spec/latest/"""
    home = environment.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / "imagepipe" / of


class Ended(StrEnum):
    """Why a run has come to its end."""

    ALL = "all"
    STOPPED = "stopped"
    LIMIT = "limit"
    MAX_COST = "max_cost"
    QUEUE_FULL = "queue_full"


@dataclass(frozen=True)
class Bounds:
    """Where to stop; None is nowhere. `limit` is of this run, `max_dollars` of all runs since the beginning.

    `most_waiting` is what the queue may hold: messages are deleted when they have waited for too long.
    """

    limit: int | None = None
    max_dollars: float | None = None
    most_waiting: int | None = None


@dataclass
class Backfill:
    """One run. `price` says what all that is queued costs in dollars.

    `everything` takes those that have their record, too; `metadata` only those whose record lacks the picture
    alone, and `would_cost` counts the others without a current record, which are left alone then. `queue` is
    the one of the lane that is meant.
    `queued` counts this run's objects, `totals` all that it looked at; `progress` is what is kept. `ended` is
    what has ended it, and STOPPED as long as nothing has.
    """

    pipeline: DeployedPipeline
    queue: SqsQueue
    assessor: Assessor
    price: Callable[[Progress], float]
    pace: Pace
    bounds: Bounds
    now: Callable[[], str]
    progress: Progress
    everything: bool = False
    metadata: bool = False
    queued: int = 0
    would_cost: int = 0
    totals: Totals = field(default_factory=Totals)
    ended: Ended = Ended.STOPPED

    @property
    def most_vectors(self) -> int:
        """How many vectors there are to be made at most: which photos have theirs is not counted."""
        return 0 if self.metadata else self.progress.records

    @property
    def dollars(self) -> float:
        """What all that was queued since the beginning costs."""
        return self._dollars_with([])

    def run(self, pages: Iterable[Sequence[Listed]], chosen: ObjectFilter) -> Iterator[Progress]:
        """Queue until the end or a bound; yield what is to be kept after each step.

        `pages` hold objects in the order of their keys, those after where `progress` is. Raise OperatorError
        if SQS refuses messages.
        """
        for page in pages:
            most = self.bounds.most_waiting
            if most is not None and self.queue.depth().total >= most:
                self.ended = Ended.QUEUE_FULL
                return
            if not page:
                continue
            wanted = self._wanted(page, chosen)
            some, bound = self._within_bounds(wanted)
            at_once = self.pace.at_once * (REQUESTS_AT_ONCE if self.pace.per_second is None else 1)
            for group in in_batches(some, at_once):
                self.pace.wait(len(group))
                self._send(group)
                yield self._note(group, group[-1].listed.key)
            if bound is not None:
                yield self.progress
                self.ended = bound
                return
            yield self._note([], page[-1].key)
        self.ended = Ended.ALL

    def _wanted(self, page: Sequence[Listed], chosen: ObjectFilter) -> list[Assessed]:
        meant = [listed for listed in page if chosen.matches(listed)]
        self.totals.left_out += len(page) - len(meant)
        assessed = self.assessor.assess(meant)
        for found in assessed:
            self.totals.add(found)
        possible = [found for found in assessed if not found.has_to_wait]
        if not self.metadata:
            return [found for found in possible if self.everything or not found.is_current]
        to_do = [found for found in possible if not found.is_current]
        lacking = [found for found in to_do if found.lacks_only_picture]
        others = self._of_another_version(lacking)
        self.would_cost += len(to_do) - len(lacking) + len(others)
        return [found for found in lacking if found.listed.key not in others]

    def _of_another_version(self, lacking: Sequence[Assessed]) -> set[str]:
        """Return the keys that hold the same bytes in another version than the record is about.

        Where answers are not shared, that one has none yet. A listing tells it by the time alone.
        """
        versions = {
            found.listed.key: found.record.version_id
            for found in lacking
            if found.record is not None and compare(found.listed, found.record) is RecordComparison.DOUBTFUL
        }
        looked_at = self.pipeline.executor.map(self.pipeline.bucket.look, versions)
        return {
            key
            for (key, version_id), there in zip(versions.items(), looked_at, strict=True)
            if there is None or there.version_id != version_id
        }

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
        return self.price(self.progress.plus(more, ""))

    def _send(self, group: Sequence[Assessed]) -> None:
        """Send one key a message, so that each photo fails or succeeds by itself."""
        sent = self.pipeline.executor.map(self._send_ten, in_batches(group, MAX_ENTRIES))
        refused = [error for errors in sent for error in errors]
        if refused:
            raise OperatorError(
                f"SQS did not take {len(refused)} of {len(group)} messages ({refused[0].message}); "
                f"{self.queued:,} were queued before; the same command goes on from there"
            )

    def _send_ten(self, ten: Sequence[Assessed]) -> Sequence[ImagepipeError]:
        messages = [
            Outgoing(str(number), look_again(self.pipeline.names.bucket, [found.listed.key], self.now()))
            for number, found in enumerate(ten)
        ]
        return list(self.queue.send(messages).values())

    def _note(self, queued: Sequence[Assessed], after: str) -> Progress:
        self.queued += len(queued)
        self.progress = self.progress.plus(queued, after)
        return self.progress
