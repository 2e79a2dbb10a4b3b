"""From a batch of messages to an outcome for each. Every step can be replayed; the record is the commit."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from contract.detectors import MAX_S3_IMAGE_BYTES
from contract.errors import ImagepipeError, PermanentError
from contract.metrics import Metric
from contract.moments import to_seconds
from contract.notifications import ImageEvent, ObjectChange
from contract.records import Findings, ImageRecord, ImageVersion, Status
from processors.messages import Message
from processors.pipeline.commit import Committer, Decided, Publisher, RecordMaker
from processors.pipeline.detection import SupersededError
from processors.pipeline.recognition import Recognizer
from processors.pipeline.triage import Action, Triage, WorkItem, take_in, unacceptable, was_made_by
from processors.rate_limit import Lane
from processors.runtime import Deadline
from processors.telemetry import OUTCOME_COUNT, Metrics

if TYPE_CHECKING:
    from processors.pipeline.block_tags import BlockTags
    from processors.pipeline.corrections import CorrectionLayer
    from processors.pipeline.later_vectors import LaterVectors
    from processors.pipeline.people import PersonLayer

Failures = dict[str, ImagepipeError]


class MessageOutcome(NamedTuple):
    """What came of a message: nothing if all is done, else the keys that failed and the first failure."""

    failed_keys: tuple[str, ...]
    failure: ImagepipeError | None


@dataclass(frozen=True)
class Pipeline:
    """Everything that is done with one batch. `now` gives ISO 8601 times in UTC with milliseconds.

    `latency`, where somebody wants to know it, is told the seconds from upload to record of each new photo.
    `corrections` puts what people say over what was found, where they may; `block_tags` tags the objects of
    blocked photos, where that is on; `people` looks for persons who agreed to it. `later_vectors` asks for
    vectors that could not be had with the others, while photos get those of two spaces.
    """

    bucket_name: str
    bulk_queue_name: str
    triage: Triage
    recognizer: Recognizer
    committer: Committer
    publisher: Publisher
    metrics: Metrics
    now: Callable[[], str]
    most_bytes: int = MAX_S3_IMAGE_BYTES
    latency: Callable[[float], None] | None = None
    corrections: "CorrectionLayer | None" = None
    block_tags: "BlockTags | None" = None
    people: "PersonLayer | None" = None
    later_vectors: "LaterVectors | None" = None

    def run(self, messages: Sequence[Message], deadline: Deadline) -> dict[str, MessageOutcome]:
        """Work through a batch; give the outcome of each message by its id."""
        intake = take_in(messages, self.bucket_name)
        is_bulk = all(message.queue_name == self.bulk_queue_name for message in messages)
        lane = Lane.BULK if is_bulk else Lane.LIVE  # Lambda takes each batch from one queue
        try:
            failures = self._work(intake.events, lane, deadline)
        except ImagepipeError as failure:  # nothing can be read: no key can be dealt with, no call was made
            failures = dict.fromkeys(intake.events, failure)
        outcomes = {message_id: MessageOutcome((), fault) for message_id, fault in intake.unreadable.items()}
        for message_id, keys in intake.waiting.items():
            failed = tuple(sorted(keys & failures.keys()))
            outcomes[message_id] = MessageOutcome(failed, failures[failed[0]] if failed else None)
        return outcomes

    def _work(self, events: Mapping[str, ImageEvent], lane: Lane, deadline: Deadline) -> Failures:
        """Bring each key in line with its event; return the keys that could not be, with the reason."""
        items, failures = self.triage.sort(events)
        actions = Counter(item.action for item in items)
        self.metrics.add(Metric.EVENTS_STALE, actions[Action.SKIP])
        self.metrics.add(Metric.EVENTS_REPEATED, actions[Action.REPUBLISH] + actions[Action.MOVE_ON])
        make = RecordMaker(
            self.recognizer.fingerprints, self.now(), self.recognizer.shares_answers, self.triage.films
        )
        found = self._recognize(items, lane, deadline)
        if self.people is not None:
            found = self.people.search(items, found, lane, deadline)
        decided, undecided = self._decide(items, found, make)
        if self.corrections is not None:
            decided, unknown = self.corrections.put_over(decided)
            undecided |= unknown
        if self.people is not None:
            decided = self.people.without_forgotten(decided)
        unasked: list[ImageRecord] = []
        if self.later_vectors is not None:
            decided, unasked, waiting = self.later_vectors.news_of(decided, items)
            undecided |= waiting
        committed, uncommitted = self._commit(decided)
        if self.corrections is not None:
            uncommitted |= self.corrections.come_too_late(committed)
        if self.people is not None:
            uncommitted |= self.people.come_too_late(committed)
        if self.latency is not None and lane is Lane.LIVE:
            _tell_latencies(items, committed, to_seconds(self.now()), self.latency)
        unmoved = self.committer.move_on(_found_unchanged(items, make))
        news = [*_repeated(items, committed), *committed]
        untagged = self.block_tags.set(news) if self.block_tags is not None else {}
        unannounced = self.publisher.announce([record for record in news if record.key not in untagged])
        if self.later_vectors is not None:
            undecided |= self.later_vectors.ask_for([*unasked, *committed])
        return failures | undecided | uncommitted | unmoved | untagged | unannounced

    def _recognize(
        self, items: Sequence[WorkItem], lane: Lane, deadline: Deadline
    ) -> dict[str, Findings | ImagepipeError | SupersededError]:
        """Find out what is on each image that is to be recognized, asking only about acceptable ones."""
        objects = [item.present for item in items if item.action is Action.RECOGNIZE and item.present]
        refused = {
            stored.version: fault
            for stored in objects
            if (fault := unacceptable(stored.version, self.most_bytes))
        }
        askable = [stored for stored in objects if stored.version not in refused]
        found = self.recognizer.recognize(askable, lane, deadline, _known(items)) | refused
        return {version.key: findings for version, findings in found.items()}

    def _decide(
        self,
        items: Sequence[WorkItem],
        found: Mapping[str, Findings | ImagepipeError | SupersededError],
        make: RecordMaker,
    ) -> tuple[list[Decided], Failures]:
        """Make the records to be written. What was superseded needs none: its newer event is coming."""
        decided: list[Decided] = []
        failures: Failures = {}
        for item in items:
            findings = found.get(item.key)
            if item.action is Action.TOMBSTONE:
                decided.append(Decided(make.tombstone(item.event, item.seen), item.seen))
            elif item.present is not None and isinstance(findings, Findings | PermanentError):
                record = make.of(item.event, item.present.version, findings, item.seen)
                decided.append(Decided(record, item.seen))
            elif isinstance(findings, ImagepipeError):
                failures[item.key] = findings
        return decided, failures

    def _commit(self, decided: Sequence[Decided]) -> tuple[list[ImageRecord], Failures]:
        records: list[ImageRecord] = []
        failures: Failures = {}
        for key, standing in self.committer.commit(decided).items():
            if isinstance(standing, ImagepipeError):
                failures[key] = standing
            else:
                records.append(standing)
                self.metrics.add(OUTCOME_COUNT[standing.status])
        return records, failures


def _tell_latencies(
    items: Sequence[WorkItem],
    committed: Sequence[ImageRecord],
    now: float,
    latency: Callable[[float], None],
) -> None:
    """Tell how long ago the photos were uploaded that can be found from now on (seconds since 1970).

    Not of those that somebody asked to look at again, whose upload may have been years ago.
    """
    uploaded = {item.key for item in items if item.event.change is ObjectChange.CREATED}
    for record in committed:
        if record.status is Status.RECOGNIZED and record.key in uploaded:
            latency(max(0.0, now - to_seconds(record.version.uploaded_at)))


def _known(items: Sequence[WorkItem]) -> dict[ImageVersion, Findings]:
    """Return what was found in the very versions that are looked at again."""
    return {
        item.present.version: item.seen.findings
        for item in items
        if item.present is not None
        and item.seen is not None
        and item.seen.status is Status.RECOGNIZED
        and item.present.version.is_same_as(item.seen.version)
    }


def _repeated(items: Sequence[WorkItem], committed: Sequence[ImageRecord]) -> list[ImageRecord]:
    """List the records to be announced again: the event that made each came again, and it still stands.

    The first time may have been lost, whatever a newer event of the same key has come to meanwhile.
    """
    replaced = {record.key for record in committed}
    return [
        item.seen
        for item in items
        if item.seen is not None and was_made_by(item.event, item.seen) and item.key not in replaced
    ]


def _found_unchanged(items: Sequence[WorkItem], make: RecordMaker) -> list[Decided]:
    """List the records whose sequencer alone moves on: else an event in between would be taken for news."""
    return [
        Decided(make.moved_on(item.event, item.seen), item.seen)
        for item in items
        if item.action in {Action.MOVE_ON, Action.REPUBLISH}
        and item.seen is not None
        and item.event.sequencer > item.seen.sequencer
    ]
