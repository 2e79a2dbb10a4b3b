"""Dead letters: which photos wait in one, why, since when, how often tried; reading and counting them."""

from collections.abc import Mapping
from typing import NamedTuple

from contract import notifications
from contract.errors import CRASHED, FAILURE_ATTRIBUTE, Failure, PermanentError
from contract.moments import to_text
from contract.timing import QUEUE_MAX_RECEIVES

UNREADABLE = "UnreadableMessage"
# What EventBridge writes on what it could not deliver.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
UNDELIVERED_ATTRIBUTES = ("ERROR_CODE", "ERROR_MESSAGE")
LETTER_ATTRIBUTES = (FAILURE_ATTRIBUTE, *UNDELIVERED_ATTRIBUTES)


class Cause(NamedTuple):
    """Why a message was given up."""

    kind: str
    code: str
    detector: str | None = None

    def __str__(self) -> str:
        return "/".join(part for part in self if part)

    def is_called(self, name: str) -> bool:
        """Return whether a name means this cause: its kind, its code, `kind/code`, or all of it."""
        names = {self.kind, self.code, f"{self.kind}/{self.code}", str(self)}
        return name.casefold() in {known.casefold() for known in names}


# SQS moved the message after it was received too often, and no function has ever said anything about it.
NO_VERDICT = Cause("crash", "NoVerdict")
NO_VERDICT_MESSAGE = (
    "SQS moved it, for it was received too often, and no function said why: each time, the function crashed "
    "or timed out, or Lambda could not run it, or stopped it as a recursive loop; where to look for each: "
    "imagepipe dlq summary"
)

# EventBridge had an event of a bucket that is not the stack's own, and could not put it into the queue.
UNDELIVERED = "Undelivered"

# By code: what may be behind it, and where that is to be seen.
_ADVICE: Mapping[str, tuple[str, ...]] = {
    NO_VERDICT.code: (
        "SQS moved these by itself, without a reason; one of three is behind it:",
        "  the function crashed or timed out each time: the processor's log, around the time of the last "
        "receive, for 'Task timed out', 'Runtime exited' or a traceback;",
        "  Lambda had no room to run it: the metric Throttles of the processor's function, and the account's "
        "concurrency (aws lambda get-account-settings);",
        "  Lambda took it for a recursive loop: the metric RecursiveInvocationsDropped of the function, and "
        "the AWS Health Dashboard.",
    ),
    UNDELIVERED: (
        "EventBridge could not put these into the queue: NO_PERMISSIONS or NO_RESOURCE says that the queue "
        "or its policy was changed by hand, anything else that SQS was away for a day; deploy again, then "
        "send them back.",
    ),
    CRASHED: (
        "The function crashed or timed out with these again and again, until the processor gave them up. How "
        "often: imagepipe dlq show KEY. Why: the processor's log around the last time.",
    ),
}


def advice(cause: Cause) -> tuple[str, ...]:
    """Return lines on what may be behind a cause that does not say it itself.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    return _ADVICE.get(cause.code, ())


class DeadLetter(NamedTuple):
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
        """Whether sending it back could be of any use."""
        return self.cause.code != UNREADABLE

    def is_called(self, name: str) -> bool:
        """Return whether this is its message id, or a key that waits in it."""
        return name == self.id or name in self.keys

    def to_json(self) -> dict[str, object]:
        known = self._asdict()
        del known["receipt_handle"]
        return {**known, **self.cause._asdict(), "cause": str(self.cause)}


def read(
    message_id: str,
    body: str,
    receipt_handle: str,
    sent_at: float,
    attributes: Mapping[str, str],
    *,
    queue: str,
    bucket_name: str,
) -> DeadLetter:
    """Read a dead letter, whoever put it there: the processor with a reason, or SQS without.

    `sent_at` is in seconds since 1970, `attributes` those of text.
    """
    failure = _failure(attributes)
    try:
        keys = tuple(event.key for event in notifications.parse(body, bucket_name))
        cause, message = NO_VERDICT, NO_VERDICT_MESSAGE
    except PermanentError as error:
        keys, cause, message = (), Cause("permanent", error.code), error.message
    if keys and "ERROR_CODE" in attributes:
        cause, message = Cause("delivery", UNDELIVERED), _undelivered(attributes)
    if failure is not None:
        cause, message = Cause(failure.kind, failure.code, failure.detector), failure.message
        keys = failure.keys or keys
    return DeadLetter(
        id=message_id,
        queue=queue,
        cause=cause,
        message=message,
        keys=tuple(dict.fromkeys(keys)),
        # SQS moves what was received QUEUE_MAX_RECEIVES times, and keeps the time of the first sending. Its
        # receive count says less: each look at the dead letters adds to it.
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
        attempts=failure.attempts if failure else 0 if cause.code == UNDELIVERED else QUEUE_MAX_RECEIVES,
        first_sent_at=failure.first_sent_at if failure else to_text(sent_at),
        last_failed_at=failure.last_failed_at if failure else None,
        body=body,
        receipt_handle=receipt_handle,
    )


def _undelivered(attributes: Mapping[str, str]) -> str:
    said = (attributes.get(name) for name in UNDELIVERED_ATTRIBUTES)
    return f"EventBridge did not deliver it: {': '.join(filter(None, said))}"


def _failure(attributes: Mapping[str, str]) -> Failure | None:
    written = attributes.get(FAILURE_ATTRIBUTE)
    if written is None:
        return None
    try:
        return Failure.from_json(written)
    except (ValueError, KeyError, TypeError):
        # Of another release, or by another hand: the message itself still says which keys.
        return None


class DeadLetterFilter(NamedTuple):
    """Which dead letters are meant; None asks for all. `since` is ISO 8601 in UTC."""

    cause: str | None = None
    prefix: str | None = None
    since: str | None = None
    message_id: str | None = None

    def matches(self, letter: DeadLetter) -> bool:
        return (
            (self.cause is None or letter.cause.is_called(self.cause))
            and (self.prefix is None or any(key.startswith(self.prefix) for key in letter.keys))
            and (self.since is None or letter.at >= self.since)
            and (self.message_id is None or letter.id == self.message_id)
        )

    def sends_back(self, letter: DeadLetter) -> bool:
        """Return whether a letter is to be sent back.

        What cannot be read would only come back as it went; it goes if its cause is named, or it itself.
        """
        is_named = self.message_id is not None or (
            self.cause is not None and self.cause.casefold() != letter.cause.kind
        )
        return self.matches(letter) and (letter.is_readable or is_named)


class LetterGroup:
    """The letters of one cause in one queue."""

    def __init__(self, cause: Cause, queue: str) -> None:
        self.cause, self.queue = cause, queue
        self.count = 0
        self.oldest_at = "9999"
        self.example_key: str | None = None
        self.example_id = ""

    def add(self, letter: DeadLetter) -> None:
        self.count += 1
        if letter.first_sent_at < self.oldest_at:
            self.oldest_at = letter.first_sent_at
            self.example_key, self.example_id = next(iter(letter.keys), None), letter.id

    def to_json(self) -> dict[str, object]:
        return {**vars(self), **self.cause._asdict(), "cause": str(self.cause)}


class Summary:
    """Counts letters. Its memory goes with the number of causes, not of letters."""

    def __init__(self) -> None:
        self.groups: dict[tuple[str, Cause], LetterGroup] = {}

    def add(self, letter: DeadLetter) -> None:
        place = (letter.queue, letter.cause)
        if place not in self.groups:
            self.groups[place] = LetterGroup(letter.cause, letter.queue)
        self.groups[place].add(letter)

    @property
    def total(self) -> int:
        return sum(group.count for group in self.groups.values())

    def largest_first(self) -> list[LetterGroup]:
        return sorted(self.groups.values(), key=lambda group: (-group.count, group.queue, str(group.cause)))

    def to_json(self) -> Mapping[str, object]:
        return {"total": self.total, "causes": [group.to_json() for group in self.largest_first()]}
