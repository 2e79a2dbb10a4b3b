"""What becomes of a message that failed: it comes back, starts anew, or is a dead letter that says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from contract.counts import Count
from contract.errors import ConfigurationError, ImagepipeError, PermanentError, PostponedError
from contract.failures import Failure
from contract.timing import FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS, MAX_RECEIVES
from processors.messages import Message
from processors.telemetry import Counter, Log


class Queue(Protocol):
    """Where messages come from, and what can be done with them there."""

    def delay(self, delays: Sequence[tuple[Message, int]]) -> None:
        """Keep messages that are handed back away for so many seconds."""

    def send_anew(self, message: Message, delay_seconds: int) -> None:
        """Send a copy that was received zero times, carrying the history; returns when SQS has it."""

    def send_to_dead_letters(self, message: Message, failure: Failure) -> None:
        """Send a copy to the dead letters with the reason; returns when SQS has it."""


@dataclass(frozen=True)
class HandBack:
    """Deals with the failed messages of a batch. `spread` gives a random number from 0 to its argument."""

    queue: Queue
    counter: Counter
    log: Log
    now: Callable[[], str]
    spread: Callable[[float], float]

    def settle(
        self, failed: Sequence[tuple[Message, ImagepipeError]], keys: Mapping[str, tuple[str, ...]]
    ) -> set[str]:
        """Give the ids of the messages that SQS is to keep; the others are taken care of and can be deleted.

        `keys` names the objects that each message is about. A copy is always sent before its original is let
        go of, so whatever fails here, a message exists at least once.
        """
        kept: list[tuple[Message, ImagepipeError]] = []
        for message, error in failed:
            try:
                moved = self._move(message, error, keys.get(message.id, ()))
            except ImagepipeError as trouble:
                self.log.warning(f"stays where it is: {trouble.message}", message_id=message.id)
                moved = False
            if not moved:
                kept.append((message, error))
        try:
            self.queue.delay([(message, self._delay_seconds(message, error)) for message, error in kept])
        except ImagepipeError as trouble:
            self.log.warning(f"comes back after the visibility timeout: {trouble.message}")
        self.counter.add(Count.MESSAGES_HANDED_BACK, len(kept))
        return {message.id for message, _ in kept}

    def _move(self, message: Message, error: ImagepipeError, keys: tuple[str, ...]) -> bool:
        """Move a message on if it has come to that.

        Receives count whatever the reason, and SQS moves what was received too often. What is not the
        image's fault therefore starts anew before that.
        """
        if isinstance(error, PostponedError | ConfigurationError):
            if message.receive_count < MAX_RECEIVES - 1:
                return False
            self.queue.send_anew(message, self._delay_seconds(message, error))
            return True
        if isinstance(error, PermanentError) or message.receive_count >= MAX_RECEIVES:
            self.queue.send_to_dead_letters(message, Failure.of(error, keys, message.history, self.now()))
            self.counter.add(Count.DEAD_LETTERS)
            return True
        return False

    def _delay_seconds(self, message: Message, error: ImagepipeError) -> int:
        longest = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2 ** (message.receive_count - 1))
        if error.retry_within_seconds is not None:
            longest = min(longest, error.retry_within_seconds)
        return max(1, round(self.spread(longest)))
