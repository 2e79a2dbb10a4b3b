"""Queue messages, and what becomes of one that failed: it comes back, or is a dead letter that says why.

How often a message failed for a reason of its own, SQS's receive count does not tell: SQS counts every
receive, of messages that had to wait, and of invocations that Lambda throttled. What counts here is written
down by the processor: an attempt that failed, when it has failed; and of a message that was received more
often than it may fail, each attempt before it begins, to be taken back where nobody was to blame. So one that
takes its function down each time is found out as well, soon and with a reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from contract import errors, timing
from contract.metrics import Metric
from contract.moments import to_text
from processors.runtime import Runtime
from processors.telemetry import Log, Metrics

if TYPE_CHECKING:
    from processors.adapters.dynamodb_counters import DynamoDBAttempts
    from processors.adapters.messaging import SqsQueues


MOST_KEYS_LOGGED = 10


class Message(NamedTuple):
    """One SQS message. `receive_count` is 1 the first time; `sent_at` is in seconds since 1970."""

    id: str
    body: str
    receive_count: int
    receipt_handle: str
    queue_name: str
    sent_at: float

    @property
    def first_sent_at(self) -> str:
        """The time of sending: ISO 8601, UTC, milliseconds."""
        return to_text(self.sent_at)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Message":
        """Read one record of a Lambda event.

        https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
        """
        return cls(
            id=record["messageId"],
            body=record["body"],
            receive_count=int(record["attributes"]["ApproximateReceiveCount"]),
            receipt_handle=record["receiptHandle"],
            queue_name=record["eventSourceARN"].rsplit(":", 1)[1],
            sent_at=int(record["attributes"]["SentTimestamp"]) / 1000,
        )


@dataclass(frozen=True)
class FailedMessages:
    """Deals with the failed messages of a batch."""

    queue: "SqsQueues"
    attempts: "Attempts"
    metrics: Metrics
    log: Log
    runtime: Runtime
    bulk_queue_name: str = ""

    def facts(
        self, message: Message, error: errors.ImagepipeError, keys: tuple[str, ...]
    ) -> dict[str, object]:
        """Return the fields of a log line about a failed message, by which operators search.

        Of many keys, the first few.
        """
        return {
            "message_id": message.id,
            "lane": "bulk" if message.queue_name == self.bulk_queue_name else "images",
            "receive_count": message.receive_count,
            "cause": errors.cause_of(error),
            "code": error.code,
            "detector": error.detector,
            "keys": keys[:MOST_KEYS_LOGGED],
        }

    def settle(
        self, failed: Sequence[tuple[Message, errors.ImagepipeError]], keys: Mapping[str, tuple[str, ...]]
    ) -> set[str]:
        """Return the ids of the messages that SQS is to keep; the others are taken care of.

        `keys` names the objects that each message is about. A copy is always sent before its original is let
        go of, so whatever fails here, a message exists at least once.
        """
        kept: list[tuple[Message, errors.ImagepipeError]] = []
        for message, error in failed:
            try:
                moved = self._move(message, error, keys.get(message.id, ()))
            except errors.ImagepipeError as trouble:
                self.log.warning(f"stays where it is: {trouble.message}", message_id=message.id)
                moved = False
            if not moved:
                kept.append((message, error))
        try:
            self.queue.change_visibility(
                [(message, self._delay_seconds(message, error)) for message, error in kept]
            )
        except errors.ImagepipeError as trouble:
            self.log.warning(f"comes back after the visibility timeout: {trouble.message}")
        self.metrics.add(Metric.MESSAGES_HANDED_BACK, len(kept))
        return {message.id for message, _ in kept}

    def _move(self, message: Message, error: errors.ImagepipeError, keys: tuple[str, ...]) -> bool:
        if isinstance(error, errors.PermanentError):
            return self._bury(message, error, keys, message.receive_count)
        if self._is_blameless(message, error):
            self.attempts.blameless(message)
            if isinstance(error, errors.LongWorkError) and message.queue_name != self.bulk_queue_name:
                self.queue.send_to(self.bulk_queue_name, message)
                return True
            return self._renew(message, error)
        failures = timing.MAX_ATTEMPTS if error.code == errors.CRASHED else self.attempts.failed(message)
        return failures >= timing.MAX_ATTEMPTS and self._bury(message, error, keys, failures)

    def _is_blameless(self, message: Message, error: errors.ImagepipeError) -> bool:
        if not isinstance(error, errors.NotReadyError | errors.ConfigurationError):
            return False
        return error.patience_seconds is None or self._age_seconds(message) < error.patience_seconds

    def _renew(self, message: Message, error: errors.ImagepipeError) -> bool:
        """Send a message anew that SQS would soon delete for its age."""
        if self._age_seconds(message) < timing.RENEWAL_DAYS * timing.DAY_SECONDS:
            return False
        self.queue.requeue(message, self._delay_seconds(message, error))
        return True

    def _bury(
        self, message: Message, error: errors.ImagepipeError, keys: tuple[str, ...], attempts: int
    ) -> bool:
        failure = errors.Failure.of(error, keys, attempts, message.first_sent_at, self.runtime.now())
        self.queue.dead_letter(message, failure)
        self.metrics.add(Metric.DEAD_LETTERS)
        self.log.error(
            f"{errors.GIVEN_UP}: {error.message}",
            **self.facts(message, error, keys),
            attempts=attempts,
        )
        return True

    def _age_seconds(self, message: Message) -> float:
        return self.runtime.clock() - message.sent_at

    def _delay_seconds(self, message: Message, error: errors.ImagepipeError) -> int:
        receives = message.receive_count
        if receives > timing.PATIENT_RECEIVES:
            return max(1, round(self.runtime.spread(timing.PATIENT_BACKOFF_SECONDS)))
        doublings = min(receives - 1, timing.LONGEST_BACKOFF_SECONDS.bit_length())
        longest = min(timing.LONGEST_BACKOFF_SECONDS, timing.FIRST_BACKOFF_SECONDS * 2**doublings)
        if error.retry_within_seconds is not None and receives <= timing.HINTED_RECEIVES:
            longest = min(longest, error.retry_within_seconds)
        return max(1, round(self.runtime.spread(longest)))


@dataclass
class Attempts:
    """The attempts at the messages of one batch.

    What cannot be counted is not counted: while the table is away, nothing is the fault of any image.
    """

    store: "DynamoDBAttempts"
    log: Log
    _begun: dict[str, int] = field(default_factory=dict)

    def begin(self, messages: Sequence[Message]) -> dict[str, errors.TransientError]:
        """Note the attempts that are to be counted beforehand; return the messages not to be tried again."""
        self._begun = {
            message.id: counted
            for message in messages
            if message.receive_count > timing.MAX_ATTEMPTS and (counted := self._add(message, 1)) is not None
        }
        return {
            message_id: errors.TransientError(
                errors.CRASHED, f"its function came to no end {counted - 1} times: see the function's log"
            )
            for message_id, counted in self._begun.items()
            if counted > timing.MAX_ATTEMPTS
        }

    def failed(self, message: Message) -> int:
        """Count a failure of the message's own, and return how many there are; 0 if that cannot be known."""
        return self._begun.get(message.id) or self._add(message, 1) or 0

    def blameless(self, message: Message) -> None:
        if self._begun.pop(message.id, None) is not None:
            self._add(message, -1)

    def _add(self, message: Message, attempts: int) -> int | None:
        try:
            return self.store.add(message.id, attempts)
        except errors.ImagepipeError as trouble:
            self.log.warning(f"an attempt is not counted: {trouble.message}", message_id=message.id)
            return None
