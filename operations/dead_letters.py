"""Dead letters: which photos wait in one, why, since when, how often tried; reading and counting them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Self

from aws.queue_depths import QueueDepth
from contract import notifications
from contract.errors import CRASHED, FAILURE_ATTRIBUTE, Failure, ImagepipeError, PermanentError
from contract.timing import QUEUE_MAX_RECEIVES
from operations.adapters.sqs import UNDELIVERED_ATTRIBUTES, Received, SqsQueue

UNREADABLE = "UnreadableMessage"
# Somebody else sees what was looked at again after this time at the latest, even if this program was killed.
LOOK_SECONDS = 300
# SQS lets 120,000 messages be in flight; what is looked at is in flight until all has been seen.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MOST_HELD = 100_000
# SQS may hand out what was deleted a moment ago once more.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html
MOST_REMEMBERED = 10_000
# Enough for SQS to have asked all its servers. A queue that says it holds more is asked some more times.
POLL_SECONDS = 1
MOST_EMPTY_POLLS = 5
# A look that takes longer than the hold meets letters again that it has seen, among those that it has not.
MOST_REPEATS = 50
MOST_PER_RECEIVE = 10


@dataclass(frozen=True)
class Cause:
    """Why a message was given up."""

    kind: str
    code: str
    detector: str | None = None

    def __str__(self) -> str:
        return "/".join(part for part in (self.kind, self.code, self.detector) if part)

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
        """Whether sending it back could be of any use."""
        return self.cause.code != UNREADABLE

    def is_called(self, name: str) -> bool:
        """Return whether this is its message id, or a key that waits in it."""
        return name == self.id or name in self.keys

    def to_json(self) -> dict[str, object]:
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
    except PermanentError as error:
        keys, cause, message = (), Cause("permanent", error.code), error.message
    if keys and "ERROR_CODE" in received.attributes:
        cause, message = Cause("delivery", UNDELIVERED), _undelivered(received)
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
        attempts=failure.attempts if failure else 0 if cause.code == UNDELIVERED else QUEUE_MAX_RECEIVES,
        first_sent_at=failure.first_sent_at if failure else received.sent_at,
        last_failed_at=failure.last_failed_at if failure else None,
        body=received.body,
        receipt_handle=received.receipt_handle,
    )


def _undelivered(received: Received) -> str:
    said = (received.attributes.get(name) for name in UNDELIVERED_ATTRIBUTES)
    return f"EventBridge did not deliver it: {': '.join(filter(None, said))}"


def _failure(received: Received) -> Failure | None:
    written = received.attributes.get(FAILURE_ATTRIBUTE)
    if written is None:
        return None
    try:
        return Failure.from_json(written)
    except (ValueError, KeyError, TypeError):
        # Of another release, or by another hand: the message itself still says which keys.
        return None


@dataclass(frozen=True)
class DeadLetterFilter:
    """Which dead letters are meant; None asks for all. `since` is ISO 8601 in UTC."""

    cause: str | None = None
    prefix: str | None = None
    since: str | None = None

    def matches(self, letter: DeadLetter) -> bool:
        return (
            (self.cause is None or letter.cause.is_called(self.cause))
            and (self.prefix is None or any(key.startswith(self.prefix) for key in letter.keys))
            and (self.since is None or letter.at >= self.since)
        )

    def sends_back(self, letter: DeadLetter) -> bool:
        """Return whether a letter is to be sent back.

        What cannot be read would only come back as it went; it goes if its cause is named.
        """
        named = self.cause is not None and self.cause.casefold() != letter.cause.kind
        return self.matches(letter) and (letter.is_readable or named)


@dataclass
class LetterGroup:
    """The letters of one cause in one queue."""

    cause: Cause
    queue: str
    count: int = 0
    oldest_at: str = "9999"
    example_key: str | None = None
    example_id: str = ""

    def add(self, letter: DeadLetter) -> None:
        self.count += 1
        if letter.first_sent_at < self.oldest_at:
            self.oldest_at = letter.first_sent_at
            self.example_key, self.example_id = next(iter(letter.keys), None), letter.id

    def to_json(self) -> dict[str, object]:
        return {**asdict(self), **asdict(self.cause), "cause": str(self.cause)}


@dataclass
class Summary:
    """Counts letters. Its memory goes with the number of causes, not of letters."""

    groups: dict[tuple[str, Cause], LetterGroup] = field(default_factory=dict)

    def add(self, letter: DeadLetter) -> None:
        place = (letter.queue, letter.cause)
        self.groups.setdefault(place, LetterGroup(letter.cause, letter.queue)).add(letter)

    @property
    def total(self) -> int:
        return sum(group.count for group in self.groups.values())

    def largest_first(self) -> list[LetterGroup]:
        return sorted(self.groups.values(), key=lambda group: (-group.count, group.queue, str(group.cause)))

    def to_json(self) -> Mapping[str, object]:
        return {"total": self.total, "causes": [group.to_json() for group in self.largest_first()]}


@dataclass
class DeadLetterReader:
    """One pass over one queue. Use it as a context manager: at its end, whatever ends it, all is let go of.

    A letter that SQS hands out twice is given once. `before` is what the queue held at first: what was in
    flight then is in other hands and is not seen. `cut_short` says that there was more than can be held.
    """

    queue: SqsQueue
    name: str
    bucket_name: str
    before: QueueDepth = field(init=False)
    held: dict[str, str] = field(init=False, default_factory=dict)
    gone: dict[str, None] = field(init=False, default_factory=dict)
    cut_short: bool = field(init=False, default=False)

    def __enter__(self) -> Self:
        self.before = self.queue.depth()
        return self

    def __exit__(self, *_: object) -> None:
        # What is not let go of comes back after LOOK_SECONDS, and there may be a better error on its way.
        with suppress(ImagepipeError):
            self.queue.release(list(self.held.values()))
        self.held.clear()

    def batches(self) -> Iterator[list[DeadLetter]]:
        """Yield the letters that each request brings, if any, until there are no more."""
        empty, repeats = 0, 0
        while True:
            if len(self.held) >= MOST_HELD:
                self.cut_short = True
                return
            received = self.queue.receive(MOST_PER_RECEIVE, LOOK_SECONDS, POLL_SECONDS)
            fresh = [one for one in received if one.id not in self.held and one.id not in self.gone]
            # The newest handle is the one that counts.
            self.held.update((message.id, message.receipt_handle) for message in received)
            yield [read(message, self.name, self.bucket_name) for message in fresh]
            if fresh:
                empty, repeats = 0, 0
            elif received:
                repeats += 1
            else:
                empty += 1
            is_empty = empty >= MOST_EMPTY_POLLS or (empty and not self.queue.depth().visible)
            if is_empty or repeats >= MOST_REPEATS:
                return

    def unseen(self) -> Iterator[str]:
        """Yield sentences on what was there, and not seen."""
        if self.before.in_flight:
            yield (
                f"{self.before.in_flight:,} more ({self.name}) are in other hands, "
                f"and can be seen in {LOOK_SECONDS // 60} minutes at the latest"
            )
        if self.cut_short:
            yield f"there are more ({self.name}); SQS lets no more be looked at in one go"

    def delete(self, letters: Sequence[DeadLetter]) -> Mapping[str, ImagepipeError]:
        """Delete letters; return the ids of those that are still there, with the reason."""
        remaining = self.queue.delete({letter.id: letter.receipt_handle for letter in letters})
        for letter in letters:
            if letter.id not in remaining:
                self.held.pop(letter.id, None)
                self.gone[letter.id] = None
        while len(self.gone) > MOST_REMEMBERED:
            del self.gone[next(iter(self.gone))]
        return remaining
