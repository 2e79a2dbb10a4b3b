"""Sending dead letters back to where they came from.

Not by SQS's own StartMessageMoveTask: that moves a whole queue without a filter, returns to its source only
what SQS itself had moved (what the processor *sent* to the dead letters would need a destination named), one
task at a time, with the reason still on it, and the local cloud does not have it.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html

A copy goes first; only when SQS has it is the original deleted. Killed in between, a letter is there twice,
and the second is found done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from operations.adapters.sqs import SqsQueue
from operations.dead_letters.letters import DeadLetter, DeadLetterFilter
from operations.dead_letters.reader import DeadLetterReader
from operations.messages import Outgoing, Pace


@dataclass
class Redriven:
    """What was done. `twice` were sent, and their originals could not be deleted."""

    looked_at: int = 0
    sent: int = 0
    refused: int = 0
    twice: int = 0
    unreadable: int = 0
    last_refusal: str = ""

    def to_json(self) -> dict[str, object]:
        return {
            "looked_at": self.looked_at,
            "sent": self.sent,
            "refused": self.refused,
            "sent_but_original_remains": self.twice,
            "unreadable_left": self.unreadable,
        }


@dataclass
class Redrive:
    """Sends back what the filter matches, over any number of queues, up to a limit."""

    filter: DeadLetterFilter
    limit: int | None
    pace: Pace
    dry_run: bool
    done: Redriven = field(default_factory=Redriven)

    def run(self, reader: DeadLetterReader, source: SqsQueue) -> Iterator[Sequence[DeadLetter]]:
        """Work through one queue; yield the letters of each step that were sent, or would be.

        `reader` must be entered; what is not sent is let go of at its end.
        """
        for letters in reader.batches():
            self.done.looked_at += len(letters)
            chosen = [letter for letter in letters if self._is_chosen(letter)]
            for start in range(0, len(chosen), self.pace.at_once):
                some = chosen[start : start + self.pace.at_once][: self._room()]
                self._send(some, reader, source)
                yield some
                if self.is_full:
                    return
            if not chosen:
                yield []

    @property
    def is_full(self) -> bool:
        return self._room() == 0

    def _room(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.done.sent)

    def _is_chosen(self, letter: DeadLetter) -> bool:
        chosen = self.filter.sends_back(letter)
        if not chosen and self.filter.matches(letter):
            self.done.unreadable += 1
        return chosen

    def _send(self, letters: Sequence[DeadLetter], reader: DeadLetterReader, source: SqsQueue) -> None:
        if self.dry_run:
            self.done.sent += len(letters)
            return
        self.pace.wait(len(letters))
        refused = source.send([Outgoing(letter.id, letter.body) for letter in letters])
        taken = [letter for letter in letters if letter.id not in refused]
        self.done.sent += len(taken)
        self.done.refused += len(refused)
        for error in refused.values():
            self.done.last_refusal = error.message
        self.done.twice += len(reader.delete(taken))
