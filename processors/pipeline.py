"""From a batch of messages to an outcome for each. Every step can be replayed; the head is the commit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

from contract.errors import ImagepipeError, PermanentError
from contract.identity import ImageVersion
from contract.notifications import Change, ImageEvent
from contract.records import Findings, Head
from processors.announcing import Announcer
from processors.committing import Committer, Decided
from processors.deadline import Deadline
from processors.decisions import Verdict, decide, is_stale, needs_a_look, unacceptable
from processors.heads import HeadMaker
from processors.intake import take_in
from processors.messages import Message
from processors.recognition import Objects, Recognizer, SupersededError
from processors.telemetry import OUTCOME_COUNT, Count, Counter


class Heads(Protocol):
    """Where the heads that are there are read."""

    def read_heads(self, keys: Sequence[str]) -> Mapping[str, Head]:
        """Give the heads of those keys that have one, as of now."""


@dataclass(frozen=True)
class Outcome:
    """What came of a message: nothing if all is done, else the keys that failed and the first failure."""

    failed_keys: tuple[str, ...]
    failure: ImagepipeError | None


@dataclass(frozen=True)
class Pipeline:
    """Everything that is done with one batch. `now` gives ISO 8601 times in UTC with milliseconds."""

    bucket_name: str
    heads: Heads
    objects: Objects
    recognizer: Recognizer
    committer: Committer
    announcer: Announcer
    executor: Executor
    counter: Counter
    now: Callable[[], str]

    def run(self, messages: Sequence[Message], deadline: Deadline) -> dict[str, Outcome]:
        """Work through a batch; give the outcome of each message by its id."""
        intake = take_in(messages, self.bucket_name)
        try:
            failures = self._work(intake.events, deadline)
        except ImagepipeError as failure:  # nothing can be read: no key can be dealt with, no call was made
            failures = dict.fromkeys(intake.events, failure)
        outcomes = {message_id: Outcome((), fault) for message_id, fault in intake.unreadable.items()}
        for message_id, keys in intake.waiting.items():
            failed = tuple(sorted(keys & failures.keys()))
            outcomes[message_id] = Outcome(failed, failures[failed[0]] if failed else None)
        return outcomes

    def _work(self, events: Mapping[str, ImageEvent], deadline: Deadline) -> dict[str, ImagepipeError]:
        """Bring each key in line with its event; give the keys that could not be, with the reason."""
        if not events:
            return {}
        seen = self.heads.read_heads(list(events))
        fresh = {key: event for key, event in events.items() if not is_stale(event, seen.get(key))}
        present, failures = self._present(fresh, seen)
        verdicts_of = {
            key: decide(fresh[key], version, seen.get(key), self.recognizer.fingerprints())
            for key, version in present.items()
        }
        self.counter.add(Count.EVENTS_STALE, len(events) - len(fresh))
        decided, unrecognized = self._decide(fresh, present, seen, verdicts_of, deadline)
        failures.update(unrecognized)
        standing = self.committer.commit(decided)
        done = [seen[key] for key, verdict in verdicts_of.items() if verdict is Verdict.DONE and key in seen]
        self.counter.add(Count.EVENTS_REPEATED, len(done))
        for key, head in standing.items():
            if isinstance(head, ImagepipeError):
                failures[key] = head
            else:
                done.append(head)
                self.counter.add(OUTCOME_COUNT[head.status])
        failures.update(self.announcer.announce(done))
        return failures

    def _present(
        self, events: Mapping[str, ImageEvent], seen: Mapping[str, Head]
    ) -> tuple[dict[str, ImageVersion | None], dict[str, ImagepipeError]]:
        """Say what object each key has: as the event says or, where it cannot know, as the bucket shows."""
        present: dict[str, ImageVersion | None] = {}
        failures: dict[str, ImagepipeError] = {}
        to_look_at = []
        for key, event in events.items():
            if event.change is Change.UNKNOWN or needs_a_look(event, seen.get(key)):
                to_look_at.append(key)
            else:
                present[key] = event.version
        for key, found in zip(to_look_at, self.executor.map(self._look, to_look_at), strict=True):
            if isinstance(found, ImagepipeError):
                failures[key] = found
            else:
                present[key] = found
        return present, failures

    def _look(self, key: str) -> ImageVersion | ImagepipeError | None:
        try:
            return self.objects.look(key)
        except ImagepipeError as failure:
            return failure

    def _decide(
        self,
        events: Mapping[str, ImageEvent],
        present: Mapping[str, ImageVersion | None],
        seen: Mapping[str, Head],
        verdicts_of: Mapping[str, Verdict],
        deadline: Deadline,
    ) -> tuple[list[Decided], dict[str, ImagepipeError]]:
        """Turn verdicts into heads to be written, asking the detectors on the way."""
        heads = HeadMaker(self.recognizer.fingerprints(), self.now())
        found: dict[str, Findings | ImagepipeError | SupersededError] = {}
        to_recognize: list[ImageVersion] = []
        for key, verdict in verdicts_of.items():
            version = present[key]
            if verdict is Verdict.RECOGNIZE and version is not None:
                fault = unacceptable(version)
                if fault is None:
                    to_recognize.append(version)
                else:
                    found[key] = fault
        recognized = self.recognizer.recognize(to_recognize, deadline)
        found.update({version.key: findings for version, findings in recognized.items()})

        decided: list[Decided] = []
        failures: dict[str, ImagepipeError] = {}
        for key, verdict in verdicts_of.items():
            event, head = events[key], seen.get(key)
            if verdict is Verdict.REMOVE:
                decided.append(Decided(heads.tombstone(event, head), head))
                continue
            findings, version = found.get(key), present[key]
            if findings is None or version is None or isinstance(findings, SupersededError):
                continue
            if isinstance(findings, ImagepipeError) and not isinstance(findings, PermanentError):
                failures[key] = findings
            else:
                decided.append(Decided(heads.of(event, version, findings, head), head))
        return decided, failures
