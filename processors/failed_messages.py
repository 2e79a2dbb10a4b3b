"""What becomes of a message that failed: it comes back after a wait, or is a dead letter that says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.errors import (
    CRASHED,
    ConfigurationError,
    Failure,
    ImagepipeError,
    NotReadyError,
    PermanentError,
)
from contract.metrics import Metric
from contract.timing import (
    DAY_SECONDS,
    FIRST_BACKOFF_SECONDS,
    HINTED_RECEIVES,
    LONGEST_BACKOFF_SECONDS,
    MAX_ATTEMPTS,
    PATIENT_BACKOFF_SECONDS,
    PATIENT_RECEIVES,
    RENEWAL_DAYS,
)
from processors.attempts import Attempts
from processors.messages import Message
from processors.telemetry import Log, Metrics

if TYPE_CHECKING:
    from processors.adapters.sqs import SqsQueues


@dataclass(frozen=True)
class FailedMessages:
    """Deals with the failed messages of a batch.

    `clock` gives seconds since 1970, `now` the same as ISO 8601, `spread` a random number from 0 to its
    argument.
    """

    queue: SqsQueues
    metrics: Metrics
    log: Log
    clock: Callable[[], float]
    now: Callable[[], str]
    spread: Callable[[float], float]

    def settle(
        self,
        failed: Sequence[tuple[Message, ImagepipeError]],
        keys: Mapping[str, tuple[str, ...]],
        attempts: Attempts,
    ) -> set[str]:
        """Return the ids of the messages that SQS is to keep; the others are taken care of.

        `keys` names the objects that each message is about. A copy is always sent before its original is let
        go of, so whatever fails here, a message exists at least once.
        """
        kept: list[tuple[Message, ImagepipeError]] = []
        for message, error in failed:
            try:
                moved = self._move(message, error, keys.get(message.id, ()), attempts)
            except ImagepipeError as trouble:
                self.log.warning(f"stays where it is: {trouble.message}", message_id=message.id)
                moved = False
            if not moved:
                kept.append((message, error))
        try:
            self.queue.change_visibility(
                [(message, self._delay_seconds(message, error)) for message, error in kept]
            )
        except ImagepipeError as trouble:
            self.log.warning(f"comes back after the visibility timeout: {trouble.message}")
        self.metrics.add(Metric.MESSAGES_HANDED_BACK, len(kept))
        return {message.id for message, _ in kept}

    def _move(
        self, message: Message, error: ImagepipeError, keys: tuple[str, ...], attempts: Attempts
    ) -> bool:
        """Move a message on if it has come to that."""
        if isinstance(error, PermanentError):
            return self._bury(message, error, keys, message.receive_count)
        if self._is_blameless(message, error):
            attempts.blameless(message)
            return self._renew(message, error)
        failures = MAX_ATTEMPTS if error.code == CRASHED else attempts.failed(message)
        return failures >= MAX_ATTEMPTS and self._bury(message, error, keys, failures)

    def _is_blameless(self, message: Message, error: ImagepipeError) -> bool:
        if not isinstance(error, NotReadyError | ConfigurationError):
            return False
        return error.patience_seconds is None or self._age_seconds(message) < error.patience_seconds

    def _renew(self, message: Message, error: ImagepipeError) -> bool:
        """Send a message anew that SQS would soon delete for its age."""
        if self._age_seconds(message) < RENEWAL_DAYS * DAY_SECONDS:
            return False
        self.queue.requeue(message, self._delay_seconds(message, error))
        return True

    def _bury(self, message: Message, error: ImagepipeError, keys: tuple[str, ...], attempts: int) -> bool:
        failure = Failure.of(error, keys, attempts, message.first_sent_at, self.now())
        self.queue.dead_letter(message, failure)
        self.metrics.add(Metric.DEAD_LETTERS)
        return True

    def _age_seconds(self, message: Message) -> float:
        return self.clock() - message.sent_at

    def _delay_seconds(self, message: Message, error: ImagepipeError) -> int:
        receives = message.receive_count
        if receives > PATIENT_RECEIVES:
            return max(1, round(self.spread(PATIENT_BACKOFF_SECONDS)))
        doublings = min(receives - 1, LONGEST_BACKOFF_SECONDS.bit_length())
        longest = min(LONGEST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2**doublings)
        if error.retry_within_seconds is not None and receives <= HINTED_RECEIVES:
            longest = min(longest, error.retry_within_seconds)
        return max(1, round(self.spread(longest)))
