"""What becomes of a message that failed: it comes back after a wait, or is a dead letter that says why.

How often a message failed for a reason of its own, SQS's receive count does not tell: SQS counts every
receive, of messages that had to wait, and of invocations that Lambda throttled. What counts here is written
down by the processor: an attempt that failed, when it has failed; and of a message that was received more
often than it may fail, each attempt before it begins, to be taken back where nobody was to blame. So one that
takes its function down each time is found out as well, soon and with a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from contract.errors import (
    CRASHED,
    ConfigurationError,
    Failure,
    ImagepipeError,
    NotReadyError,
    PermanentError,
    TransientError,
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


class AttemptStore(Protocol):
    """Where attempts are counted."""

    def add(self, message_id: str, attempts: int) -> int:
        """Add to the attempts at a message and return how many they are now. Raises a word for failure."""


@dataclass
class Attempts:
    """The attempts at the messages of one batch.

    What cannot be counted is not counted: while the table is away, nothing is the fault of any image.
    """

    store: AttemptStore
    log: Log
    _begun: dict[str, int] = field(default_factory=dict)

    def begin(self, messages: Sequence[Message]) -> dict[str, TransientError]:
        """Note the attempts that are to be counted beforehand; return the messages not to be tried again."""
        self._begun = {
            message.id: counted
            for message in messages
            if message.receive_count > MAX_ATTEMPTS and (counted := self._add(message, 1)) is not None
        }
        return {
            message_id: TransientError(
                CRASHED, f"its function came to no end {counted - 1} times: see the function's log"
            )
            for message_id, counted in self._begun.items()
            if counted > MAX_ATTEMPTS
        }

    def failed(self, message: Message) -> int:
        """Count a failure of the message's own, and return how many there are; 0 if that cannot be known."""
        return self._begun.get(message.id) or self._add(message, 1) or 0

    def blameless(self, message: Message) -> None:
        """Take back what was noted beforehand."""
        if self._begun.pop(message.id, None) is not None:
            self._add(message, -1)

    def _add(self, message: Message, attempts: int) -> int | None:
        try:
            return self.store.add(message.id, attempts)
        except ImagepipeError as trouble:
            self.log.warning(f"an attempt is not counted: {trouble.message}", message_id=message.id)
            return None
