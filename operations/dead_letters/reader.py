"""Reading a queue of dead letters to its end without taking anything out of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from aws.queue_depths import QueueDepth
from contract.errors import ImagepipeError
from operations.adapters.sqs import SqsQueue
from operations.dead_letters.letters import DeadLetter, read

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
