"""From a batch of messages to an outcome for each. Every step can be replayed; the record is the commit."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from contract.counts import Count
from contract.errors import ImagepipeError, PermanentError
from contract.notifications import ImageEvent
from contract.records import Findings, ImageRecord
from processors.announcing import Announcer
from processors.asking import SupersededError
from processors.budget.lanes import Lane
from processors.committing import Committer, Decided
from processors.deadline import Deadline
from processors.decisions import Verdict, unacceptable, was_made_by
from processors.image_records import RecordMaker
from processors.intake import take_in
from processors.messages import Message
from processors.recognition import Recognizer
from processors.surveying import Case, Surveyor
from processors.telemetry import OUTCOME_COUNT, Counter

Failures = dict[str, ImagepipeError]


@dataclass(frozen=True)
class Outcome:
    """What came of a message: nothing if all is done, else the keys that failed and the first failure."""

    failed_keys: tuple[str, ...]
    failure: ImagepipeError | None


@dataclass(frozen=True)
class Pipeline:
    """Everything that is done with one batch. `now` gives ISO 8601 times in UTC with milliseconds."""

    bucket_name: str
    bulk_queue_name: str
    surveyor: Surveyor
    recognizer: Recognizer
    committer: Committer
    announcer: Announcer
    counter: Counter
    now: Callable[[], str]

    def run(self, messages: Sequence[Message], deadline: Deadline) -> dict[str, Outcome]:
        """Work through a batch; give the outcome of each message by its id."""
        intake = take_in(messages, self.bucket_name)
        try:
            failures = self._work(intake.events, self._lane(messages), deadline)
        except ImagepipeError as failure:  # nothing can be read: no key can be dealt with, no call was made
            failures = dict.fromkeys(intake.events, failure)
        outcomes = {message_id: Outcome((), fault) for message_id, fault in intake.unreadable.items()}
        for message_id, keys in intake.waiting.items():
            failed = tuple(sorted(keys & failures.keys()))
            outcomes[message_id] = Outcome(failed, failures[failed[0]] if failed else None)
        return outcomes

    def _lane(self, messages: Sequence[Message]) -> Lane:
        """Return whose batch it is: Lambda takes each from one queue."""
        return (
            Lane.BULK
            if all(message.queue_name == self.bulk_queue_name for message in messages)
            else Lane.LIVE
        )

    def _work(self, events: Mapping[str, ImageEvent], lane: Lane, deadline: Deadline) -> Failures:
        """Bring each key in line with its event; return the keys that could not be, with the reason."""
        cases, failures = self.surveyor.survey(events)
        self._count_verdicts(cases)
        make = RecordMaker(self.recognizer.fingerprints(), self.now(), self.recognizer.shares_answers)
        decided, undecided = self._decide(cases, self._recognize(cases, lane, deadline), make)
        committed, uncommitted = self._commit(decided)
        unmoved = self.committer.move_on(_found_unchanged(cases, make))
        unannounced = self.announcer.announce([*_repeated(cases, committed), *committed])
        return failures | undecided | uncommitted | unmoved | unannounced

    def _recognize(
        self, cases: Sequence[Case], lane: Lane, deadline: Deadline
    ) -> dict[str, Findings | ImagepipeError | SupersededError]:
        """Find out what is on each image that is to be recognized, asking only about acceptable ones."""
        objects = [case.present for case in cases if case.verdict is Verdict.RECOGNIZE and case.present]
        refused = {stored.version: fault for stored in objects if (fault := unacceptable(stored.version))}
        askable = [stored for stored in objects if stored.version not in refused]
        found = self.recognizer.recognize(askable, lane, deadline) | refused
        return {version.key: findings for version, findings in found.items()}

    def _decide(
        self,
        cases: Sequence[Case],
        found: Mapping[str, Findings | ImagepipeError | SupersededError],
        make: RecordMaker,
    ) -> tuple[list[Decided], Failures]:
        """Make the records to be written. What was superseded needs none: its newer event is coming."""
        decided: list[Decided] = []
        failures: Failures = {}
        for case in cases:
            findings = found.get(case.key)
            if case.verdict is Verdict.REMOVE:
                decided.append(Decided(make.tombstone(case.event, case.seen), case.seen))
            elif case.present is not None and isinstance(findings, Findings | PermanentError):
                record = make.of(case.event, case.present.version, findings, case.seen)
                decided.append(Decided(record, case.seen))
            elif isinstance(findings, ImagepipeError):
                failures[case.key] = findings
        return decided, failures

    def _commit(self, decided: Sequence[Decided]) -> tuple[list[ImageRecord], Failures]:
        records: list[ImageRecord] = []
        failures: Failures = {}
        for key, standing in self.committer.commit(decided).items():
            if isinstance(standing, ImagepipeError):
                failures[key] = standing
            else:
                records.append(standing)
                self.counter.add(OUTCOME_COUNT[standing.status])
        return records, failures

    def _count_verdicts(self, cases: Sequence[Case]) -> None:
        verdicts = Tally(case.verdict for case in cases)
        self.counter.add(Count.EVENTS_STALE, verdicts[Verdict.STALE])
        self.counter.add(Count.EVENTS_REPEATED, verdicts[Verdict.DONE] + verdicts[Verdict.UNCHANGED])


def _repeated(cases: Sequence[Case], committed: Sequence[ImageRecord]) -> list[ImageRecord]:
    """List the records to be announced again: the event that made each came again, and it still stands.

    The first time may have been lost, whatever a newer event of the same key has come to meanwhile.
    """
    replaced = {record.key for record in committed}
    return [
        case.seen
        for case in cases
        if case.seen is not None and was_made_by(case.event, case.seen) and case.key not in replaced
    ]


def _found_unchanged(cases: Sequence[Case], make: RecordMaker) -> list[Decided]:
    """List the records whose sequencer alone moves on: else an event in between would be taken for news."""
    return [
        Decided(make.moved_on(case.event, case.seen), case.seen)
        for case in cases
        if case.verdict in {Verdict.UNCHANGED, Verdict.DONE}
        and case.seen is not None
        and case.event.sequencer > case.seen.sequencer
    ]
