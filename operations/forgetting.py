"""Forgetting keys: objects with all versions, records, rows, counts, results, messages; then a last search.

What is to be removed is found by looking, every time anew. So it can be stopped at any moment and run again,
and what comes back while it runs (the bucket's events make notes of deleted photos) is met by the next pass.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Protocol

from contract.notifications import look_again
from contract.table import ItemKey
from operations.adapters.s3 import ObjectVersion
from operations.adapters.sqs import Outgoing, SqsQueue
from operations.dead_letters import DeadLetter, DeadLetterReader
from operations.inventory import Trace, TraceKind
from operations.terminal import Steps, first_of, printable

PAUSE_SECONDS = 2
# The bucket's events take seconds; what they leave after a pass that found nothing is looked for again.
QUIET_SECONDS = 15
# A record whose object is gone, and whose event was lost, is asked about.
ASKED_AGAIN_SECONDS = 20
BROUGHT_BACK = "what the bucket's events may bring back"
# Looking through a queue keeps its messages from the processor for the time.
MOST_LOOKED_THROUGH = 5000
OLDER_TABLE = (
    'results: which records share them is not known in this table yet; count anew ({"recount": true}), then '
    "run this again"
)


class ObjectVersions(Protocol):
    """The bucket."""

    def versions(self, prefix: str) -> Iterator[ObjectVersion]:
        """List all versions and delete markers of keys that begin so."""

    def remove(self, version: ObjectVersion) -> None:
        """Remove one for good."""


class Traces(Protocol):
    """The table."""

    def find(self, prefix: str) -> Iterator[Trace]:
        """Read the whole table for items of keys that begin so."""

    def remove(self, trace: Trace) -> None:
        """Remove an item, unless it has come to life meanwhile."""

    def results(self, content_id: str) -> list[ItemKey] | None:
        """Return where the results of a content stand; None if records name it still."""

    def remove_result(self, at: ItemKey) -> None:
        """Remove one result."""

    def names_are_complete(self) -> bool:
        """Return whether it is known which records name a content."""


@dataclass(frozen=True)
class Chosen:
    """One key, or all that begin so."""

    text: str
    is_prefix: bool

    def matches(self, key: str) -> bool:
        return key.startswith(self.text) if self.is_prefix else key == self.text

    def __str__(self) -> str:
        name = printable(self.text)
        return f"all keys that begin with {name}" if self.is_prefix else name


@dataclass
class Found:
    """What one look has found."""

    versions: list[ObjectVersion] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    results: list[ItemKey] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    @property
    def keys(self) -> set[str]:
        return {version.key for version in self.versions} | {trace.key for trace in self.traces}

    def counts(self) -> dict[str, int]:
        kinds = Counter(trace.kind for trace in self.traces)
        return {
            "versions and delete markers": len(self.versions),
            **{f"{kind}s": kinds[kind] for kind in (TraceKind.RECORD, TraceKind.ROW, TraceKind.SHARE)},
            "names of contents": kinds[TraceKind.NAME],
            "results": len(self.results),
            "messages": len(self.messages),
        }

    def left(self) -> list[str]:
        return [
            *(f"object {version.key!r}, version {version.version_id}" for version in self.versions),
            *(f"{trace.kind} of {trace.key!r}" for trace in self.traces),
            *(f"result {at.pk} {at.sk}" for at in self.results),
            *self.messages,
            *self.troubles,
        ]


@dataclass
class Forgetting:
    """Forgets what is chosen. `queues` are all queues by name, `bulk` the one that requests to look go into.

    `contents` are those of everything that was met, for a record that is gone does not say them any more.
    """

    chosen: Chosen
    bucket_name: str
    objects: ObjectVersions
    traces: Traces
    queues: Mapping[str, SqsQueue]
    bulk: SqsQueue
    executor: Executor
    clock: Callable[[], float]
    now: Callable[[], str]
    sleep: Callable[[float], None]
    patience_seconds: float
    contents: set[str] = field(default_factory=set)

    def look(self) -> Steps[Found]:
        """Look for everything, and change nothing."""
        found = Found()
        yield "looking into the bucket"
        versions = self.objects.versions(self.chosen.text)
        found.versions = [version for version in versions if self.chosen.matches(version.key)]
        yield "looking through the table"
        found.traces = [
            trace for trace in self.traces.find(self.chosen.text) if self.chosen.matches(trace.key)
        ]
        self.contents |= {content for version in found.versions for content in version.content_ids}
        self.contents |= {trace.content_id for trace in found.traces if trace.content_id}
        self._look_at_results(found)
        for name, queue in self.queues.items():
            if queue.depth().total > MOST_LOOKED_THROUGH:
                found.troubles.append(
                    f"the queue {name} holds too many messages to look through; "
                    "run this again when it is empty"
                )
            else:
                found.messages += yield from self._messages(name, queue, is_to_go=False)
        return found

    def run(self) -> Steps[list[str]]:
        """Remove everything, look whether it is gone, and return what is left, in words."""
        began = asked = self.clock()
        quiet_since: float | None = None
        while True:
            found = yield from self._pass()
            now = self.clock()
            left = found.left()
            if left != found.troubles:
                quiet_since = None
            elif quiet_since is None:
                quiet_since = now
            is_quiet = quiet_since is not None and now - quiet_since >= QUIET_SECONDS
            if is_quiet or now - began >= self.patience_seconds:
                return (yield from self.look()).left()
            if now - asked >= ASKED_AGAIN_SECONDS:
                self._ask_to_look(found)
                asked = now
            yield f"waiting until these are gone: {first_of(left, 5) or BROUGHT_BACK}"
            self.sleep(PAUSE_SECONDS)

    def _pass(self) -> Steps[Found]:
        """Remove what can be removed now; return what was there."""
        found = yield from self.look()
        yield "removing"
        list(self.executor.map(self.objects.remove, found.versions))
        if found.versions:
            return found
        alive = {trace.key for trace in found.traces if trace.is_alive}
        list(self.executor.map(self.traces.remove, [one for one in found.traces if one.key not in alive]))
        list(self.executor.map(self.traces.remove_result, found.results))
        if found.messages:
            for name, queue in self.queues.items():
                yield from self._messages(name, queue, is_to_go=True)
        return found

    def _look_at_results(self, found: Found) -> None:
        """Find results that nobody names any more. Our own name, while it stands, is for the tally."""
        results = {content_id: self.traces.results(content_id) for content_id in sorted(self.contents)}
        if any(results.values()) and not self.traces.names_are_complete():
            found.troubles.append(OLDER_TABLE)
            return
        found.results = [at for places in results.values() if places for at in places]

    def _messages(self, name: str, queue: SqsQueue, *, is_to_go: bool) -> Steps[list[str]]:
        """Find messages that name a chosen key, and remove them; one of others too is sent without it."""
        named: list[str] = []
        with DeadLetterReader(queue, name, self.bucket_name) as reader:
            for letters in reader.batches():
                yield f"looking through the queue {name}"
                mine = [letter for letter in letters if any(map(self.chosen.matches, letter.keys))]
                named += [f"message {letter.id} in the queue {name}" for letter in mine]
                if is_to_go:
                    self._remove_messages(reader, mine)
        return named

    def _remove_messages(self, reader: DeadLetterReader, letters: Sequence[DeadLetter]) -> None:
        others = {
            letter.id: [key for key in letter.keys if not self.chosen.matches(key)] for letter in letters
        }
        bodies = [
            Outgoing(identifier, look_again(self.bucket_name, keys, self.now()))
            for identifier, keys in others.items()
            if keys
        ]
        refused = self.bulk.send(bodies) if bodies else {}
        reader.delete([letter for letter in letters if letter.id not in refused])

    def _ask_to_look(self, found: Found) -> None:
        keys = sorted(
            {trace.key for trace in found.traces if trace.is_alive and trace.kind is TraceKind.RECORD}
        )
        if keys:
            requests = [look_again(self.bucket_name, [key], self.now()) for key in keys]
            self.bulk.send([Outgoing(str(place), body) for place, body in enumerate(requests)])


# What no command can reach, and until when it is there.
WHAT_REMAINS = (
    "point-in-time recovery of the table: for 35 days the table can be restored as it was; forget again "
    "after a restore",
    "CloudWatch logs: lines about failures name keys, until the retention (`log_retention_days`) is over",
    "subscribers of the completions: what was announced is in their hands; the deletion was announced too",
    "copies elsewhere: replicas of the bucket, backups, downloads",
)
