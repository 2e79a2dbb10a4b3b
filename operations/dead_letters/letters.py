"""One dead letter: which photos wait in it, why, since when, and how often they were tried."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from contract import notifications
from contract.errors import PermanentError
from contract.failures import FAILURE_ATTRIBUTE, Failure
from contract.timing import QUEUE_MAX_RECEIVES
from operations.dead_letters.causes import NO_VERDICT, NO_VERDICT_MESSAGE, UNREADABLE, Cause
from operations.messages import Received


@dataclass(frozen=True)
class DeadLetter:
    """A dead letter, read. `queue` is images or bulk; times are ISO 8601, None where nobody knows."""

    id: str
    queue: str
    cause: Cause
    message: str
    keys: tuple[str, ...]
    attempts: int
    first_sent_at: str
    last_failed_at: str | None
    body: str
    receipt_handle: str

    @property
    def at(self) -> str:
        """When it became a dead letter, as nearly as that is known."""
        return self.last_failed_at or self.first_sent_at

    @property
    def is_readable(self) -> bool:
        """Tell whether sending it back could be of any use."""
        return self.cause.code != UNREADABLE

    def to_json(self) -> dict[str, object]:
        """Write everything that is known, for machines."""
        known = {
            name: value for name, value in asdict(self).items() if name not in ("cause", "receipt_handle")
        }
        return {**known, **asdict(self.cause), "cause": str(self.cause)}


def read(received: Received, queue: str, bucket_name: str) -> DeadLetter:
    """Read a dead letter, whoever put it there: the processor with a reason, or SQS without."""
    failure = _failure(received)
    try:
        keys = tuple(event.key for event in notifications.parse(received.body, bucket_name))
        cause, message = NO_VERDICT, NO_VERDICT_MESSAGE
    except PermanentError as fault:
        keys, cause, message = (), Cause("permanent", fault.code), fault.message
    if failure is not None:
        cause, message = Cause(failure.kind, failure.code, failure.detector), failure.message
        keys = failure.keys or keys
    return DeadLetter(
        id=received.id,
        queue=queue,
        cause=cause,
        message=message,
        keys=tuple(dict.fromkeys(keys)),
        # SQS moves what was received QUEUE_MAX_RECEIVES times, and keeps the time of the first sending. Its
        # receive count says less: each look at the dead letters adds to it.
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
        attempts=failure.attempts if failure else QUEUE_MAX_RECEIVES,
        first_sent_at=failure.first_sent_at if failure else received.sent_at,
        last_failed_at=failure.last_failed_at if failure else None,
        body=received.body,
        receipt_handle=received.receipt_handle,
    )


def _failure(received: Received) -> Failure | None:
    written = received.attributes.get(FAILURE_ATTRIBUTE)
    if written is None:
        return None
    try:
        return Failure.from_json(written)
    except (ValueError, KeyError, TypeError):
        # Of another release, or by another hand: the message itself still says which keys.
        return None
