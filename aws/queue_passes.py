"""One pass over a queue that nobody works off: its messages looked at, some deleted or moved, all let go of.

What is looked at is in flight, so that the next request brings others, until the pass ends.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Generic, NamedTuple, Protocol, Self, TypeVar

from aws.calls import MAX_ENTRIES
from aws.queue_depths import QueueDepth
from aws.queues import Outgoing, Received, SqsQueue
from contract.errors import ImagepipeError

# SQS lets 120,000 messages be in flight; what is looked at is in flight until all has been seen.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MOST_HELD = 100_000
# SQS may hand out what was deleted a moment ago once more.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html
MOST_REMEMBERED = 10_000
# Enough for SQS to have asked all its servers. A queue that says it holds more is asked some more times.
POLL_SECONDS = 1
MOST_EMPTY_POLLS = 5
# A look that takes longer than the hold meets messages again that it has seen, among those that it has not.
MOST_REPEATS = 50


class Held(Protocol):
    """A message as its reader makes it of what was received."""

    @property
    def id(self) -> str: ...

    @property
    def body(self) -> str: ...

    @property
    def receipt_handle(self) -> str: ...


Message = TypeVar("Message", bound=Held)


class MovedMessages(NamedTuple):
    """What came of moving messages: those that went, and by id why others did not.

    `left` are there twice: they were sent, and their originals could not be deleted.
    """

    sent: tuple[str, ...]
    refused: Mapping[str, ImagepipeError]
    left: Mapping[str, ImagepipeError]


class QueuePass(Generic[Message]):
    """One pass. Use it as a context manager: at its end, whatever ends it, all is let go of.

    `read` makes of a message what the pass yields. A message that SQS hands out twice is given once. `before`
    is what the queue held at first: what was in flight then is in other hands and is not seen. `cut_short`
    says that there was more than can be held. Whoever is killed lets others see after `hold_seconds`.
    """

    before: QueueDepth

    def __init__(self, queue: SqsQueue, read: Callable[[Received], Message], hold_seconds: int) -> None:
        self.queue = queue
        self.held: dict[str, str] = {}
        self.gone: dict[str, None] = {}
        self.cut_short = False
        self._read, self._hold_seconds = read, hold_seconds

    def __enter__(self) -> Self:
        self.before = self.queue.depth()
        return self

    def __exit__(self, *_: object) -> None:
        # What is not let go of comes back after the hold, and there may be a better error on its way.
        with suppress(ImagepipeError):
            self.queue.release(list(self.held.values()))
        self.held.clear()

    def batches(self) -> Iterator[list[Message]]:
        """Yield the messages that each request brings, if any, until there are no more."""
        empty, repeats = 0, 0
        while True:
            if len(self.held) >= MOST_HELD:
                self.cut_short = True
                return
            received = self.queue.receive(MAX_ENTRIES, self._hold_seconds, POLL_SECONDS)
            fresh = [one for one in received if one.id not in self.held and one.id not in self.gone]
            # The newest handle is the one that counts.
            self.held.update((message.id, message.receipt_handle) for message in received)
            yield [self._read(message) for message in fresh]
            if fresh:
                empty, repeats = 0, 0
            elif received:
                repeats += 1
            else:
                empty += 1
            is_empty = empty >= MOST_EMPTY_POLLS or (empty and not self.queue.depth().visible)
            if is_empty or repeats >= MOST_REPEATS:
                return

    def delete(self, messages: Sequence[Message]) -> Mapping[str, ImagepipeError]:
        """Delete messages; return the ids of those that are still there, with the reason."""
        remaining = self.queue.delete({message.id: message.receipt_handle for message in messages})
        for message in messages:
            if message.id not in remaining:
                self.held.pop(message.id, None)
                self.gone[message.id] = None
        while len(self.gone) > MOST_REMEMBERED:
            del self.gone[next(iter(self.gone))]
        return remaining

    def move(self, messages: Sequence[Message], to: SqsQueue) -> MovedMessages:
        """Send the bodies of messages to another queue, and delete those that it took.

        A copy goes first; only when SQS has it is the original deleted. So a message that is stopped at in
        between is there twice, and none is ever lost.
        """
        refused = to.send([Outgoing(message.id, message.body) for message in messages])
        taken = [message for message in messages if message.id not in refused]
        return MovedMessages(tuple(message.id for message in taken), refused, self.delete(taken))
