"""An event source: takes batches from one queue and has the function work on them.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import simpy

from contract.timing import BATCH_WINDOW_SECONDS
from loadtest.simulation.clock import Clock
from loadtest.simulation.fleet import RecursiveInvocationError, TooManyRequestsError, VirtualFunction
from loadtest.simulation.queue import QueuedMessage, VirtualQueue

# A queue starts with so many batches at a time, and gets this many more a second: 300 a minute.
FIRST_CONCURRENCY = 5
MORE_A_SECOND = 5.0
# How often an event source looks at its queue.
TICK_SECONDS = 0.02


class EventSource:
    """Feeds the function from one queue: full batches at once, others when the window is over.

    A batch that Lambda refuses stays hidden until the visibility timeout, and each of its messages has been
    received once more. Refused for want of concurrency, the event source also takes fewer batches at a time,
    and gets more again as at the start. AWS holds on to such a batch and tries it again until the visibility
    timeout; here it is tried once, which is the harder case.
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    `done` is told of each message that is let go of.
    """

    def __init__(
        self,
        clock: Clock,
        queue: VirtualQueue,
        function: VirtualFunction,
        *,
        batch_size: int,
        maximum: int,
        first: int = FIRST_CONCURRENCY,
        done: Callable[[QueuedMessage], None] = lambda _message: None,
    ) -> None:
        self._clock, self._queue, self._function = clock, queue, function
        self._batch_size, self._maximum, self._first = batch_size, maximum, first
        self._done = done
        self._allowed_since: float | None = None
        self._waiting_since: float | None = None
        self._awaited = clock.event()
        self.running = 0
        queue.changed = lambda: _happen(self._awaited)

    def start(self) -> None:
        self._clock.start(self._poll)

    def _poll(self) -> None:
        while True:
            visible = self._queue.visible()
            if visible and self._allowed_since is None:
                self._allowed_since = self._clock.now()
            while visible and self.running < self._allowed() and self._due(visible):
                self._waiting_since = None
                self._take()
                visible = self._queue.visible()
            if visible and self.running >= self._allowed():
                self._clock.sleep(TICK_SECONDS)
            else:
                self._wait_for_messages()

    def _wait_for_messages(self) -> None:
        """Wait until a message arrives or comes back, or the window is over, to the next whole tick.

        AWS looks all the time; here, hours in which hardly anything comes would be all looking.
        """
        awaited = self._awaited = self._clock.event()
        until = self._queue.next_visible_at()
        if self._waiting_since is not None:
            until = min(until, self._waiting_since + BATCH_WINDOW_SECONDS)
        if until < math.inf:
            ticks = max(1, math.ceil((until - self._clock.now()) / TICK_SECONDS))
            self._clock.at(self._clock.seconds + ticks * TICK_SECONDS, lambda: _happen(awaited))
        self._clock.wait(awaited)

    def _allowed(self) -> int:
        since = self._clock.now() if self._allowed_since is None else self._allowed_since
        return min(self._maximum, self._first + int((self._clock.now() - since) * MORE_A_SECOND))

    def _due(self, visible: int) -> bool:
        if visible >= self._batch_size:
            return True
        if self._waiting_since is None:
            self._waiting_since = self._clock.now()
        return self._clock.now() - self._waiting_since >= BATCH_WINDOW_SECONDS

    def _take(self) -> None:
        batch = self._queue.receive(self._batch_size)
        if not batch:
            return
        lineage = max(message.lineage for message in batch)
        event = {"Records": [message.record(self._queue.name) for message in batch]}
        try:
            self._function.invoke(event, self._answered(batch), lineage)
        except RecursiveInvocationError:
            return
        except TooManyRequestsError:
            self._first, self._allowed_since = max(1, self.running), self._clock.now()
            return
        self.running += 1

    def _answered(self, batch: Sequence[QueuedMessage]) -> Callable[[Mapping[str, Any] | None], None]:
        receipts = {message.id: message.receipt for message in batch}

        def then(reply: Mapping[str, Any] | None) -> None:
            self.running -= 1
            if reply is None:
                return
            failed = {failure["itemIdentifier"] for failure in reply["batchItemFailures"]}
            for message in batch:
                if message.id not in failed and message.receipt == receipts[message.id]:
                    self._queue.delete(message)
                    self._done(message)

        return then


def _happen(event: simpy.Event) -> None:
    if not event.triggered:
        event.succeed()
