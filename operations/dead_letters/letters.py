"""One dead letter: which photos wait in it, why, since when, and how often they were tried."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from contract import notifications
from contract.errors import PermanentError
from contract.failures import FAILURE_ATTRIBUTE, HISTORY_ATTRIBUTE, Failure, History
from contract.timing import QUEUE_MAX_RECEIVES
from operations.messages import Received

UNREADABLE = "UnreadableMessage"


@dataclass(frozen=True)
class Cause:
    """Why a message was given up, in words that can be counted."""

    kind: str
    code: str
    detector: str | None = None

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.code, self.detector) if part)

    def is_called(self, name: str) -> bool:
        """Tell whether a name means this cause: its kind, its code, `kind/code`, or all of it."""
        names = {self.kind, self.code, f"{self.kind}/{self.code}", str(self)}
        return name.casefold() in {known.casefold() for known in names}


# The function that had it crashed or ran out of time, every time: SQS moved the message, nobody judged it.
NO_VERDICT = Cause("crash", "NoVerdict")
NO_VERDICT_MESSAGE = (
    "the function ended without an answer each time (crash, out of memory, or timeout); "
    "its log has the lines around the last of these times"
)


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

    def history(self) -> History:
        """Give what a copy has to carry, so that attempts and first time stay true."""
        return History(self.attempts, self.first_sent_at)

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
    history = History(failure.attempts, failure.first_sent_at) if failure else _history(received)
    return DeadLetter(
        id=received.id,
        queue=queue,
        cause=cause,
        message=message,
        keys=tuple(dict.fromkeys(keys)),
        attempts=history.attempts,
        first_sent_at=history.first_sent_at,
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


def _history(received: Received) -> History:
    """Say what happened to a message that SQS moved.

    It moves what was received QUEUE_MAX_RECEIVES times, and keeps the time of the first sending. Its receive
    count says less: each look at the dead letters adds to it.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """
    written = received.attributes.get(HISTORY_ATTRIBUTE)
    try:
        before = History.from_json(written) if written else History(0, received.sent_at)
    except (ValueError, TypeError):
        before = History(0, received.sent_at)
    return History(before.attempts + QUEUE_MAX_RECEIVES, before.first_sent_at)
