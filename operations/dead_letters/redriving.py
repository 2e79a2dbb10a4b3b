"""Sending dead letters back to where they came from.

Not by SQS's own StartMessageMoveTask: that moves a whole queue without a filter, returns to its source only
what SQS itself had moved (what the processor *sent* to the dead letters would need a destination named), one
task at a time, with the reason still on it, and the local cloud does not have it.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html

A copy goes first; only when SQS has it is the original deleted. Killed in between, a letter is there twice,
and the second is found done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from contract.errors import ImagepipeError
from operations.dead_letters.choosing import Choice
from operations.dead_letters.letters import DeadLetter
from operations.dead_letters.looking import Look
from operations.messages import Outgoing
from operations.pacing import Pace


class Source(Protocol):
    """The queue that letters go back to."""

    def send(self, messages: Sequence[Outgoing]) -> Mapping[str, ImagepipeError]:
        """Send all; give the ids of those that SQS did not take, with the reason."""


class Originals(Protocol):
    """The queue of dead letters that they leave."""

    def delete(self, receipt_handles: Mapping[str, str]) -> Mapping[str, ImagepipeError]:
        """Delete messages given by id; give the ids of those that are still there, with the reason."""


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
        """Write it for machines."""
        return {
            "looked_at": self.looked_at,
            "sent": self.sent,
            "refused": self.refused,
            "sent_but_original_remains": self.twice,
            "unreadable_left": self.unreadable,
        }


@dataclass
class Redrive:
    """Sends back what is chosen, over any number of queues, up to a limit. `tell` is told each letter."""

    choice: Choice
    limit: int | None
    pace: Pace
    dry_run: bool
    done: Redriven
    tell: Callable[[DeadLetter], None]

    def run(self, look: Look, source: Source, originals: Originals) -> None:
        """Work through one queue. `look` must be entered; what is not sent is let go of at its end."""
        for letters in look.batches():
            self.done.looked_at += len(letters)
            chosen = [letter for letter in letters if self._is_chosen(letter)]
            for start in range(0, len(chosen), self.pace.at_once):
                if look.stopping() or self.is_full:
                    return
                self._send(chosen[start : start + self.pace.at_once][: self._room()], look, source, originals)
            if self.is_full:
                return

    @property
    def is_full(self) -> bool:
        """Whether the limit is reached."""
        return self._room() == 0

    def _send(self, letters: Sequence[DeadLetter], look: Look, source: Source, originals: Originals) -> None:
        if self.dry_run:
            self.done.sent += len(letters)
        else:
            self.pace.wait(len(letters))
            self._move(letters, look, source, originals)
        for letter in letters:
            self.tell(letter)

    def _room(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.done.sent)

    def _is_chosen(self, letter: DeadLetter) -> bool:
        chosen = self.choice.sends_back(letter)
        if not chosen and self.choice.takes(letter):
            self.done.unreadable += 1
        return chosen

    def _move(self, letters: Sequence[DeadLetter], look: Look, source: Source, originals: Originals) -> None:
        refused = source.send([Outgoing(letter.id, letter.body) for letter in letters])
        taken = [letter for letter in letters if letter.id not in refused]
        self.done.sent += len(taken)
        self.done.refused += len(refused)
        for fault in refused.values():
            self.done.last_refusal = fault.message
        remaining = originals.delete({letter.id: letter.receipt_handle for letter in taken})
        self.done.twice += len(remaining)
        for letter in taken:
            if letter.id not in remaining:
                look.is_gone(letter)
