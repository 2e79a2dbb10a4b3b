"""How often a message failed for a reason of its own, which SQS's receive count does not tell.

SQS counts every receive: of messages that had to wait, and of invocations that Lambda throttled. What counts
here is written down by the processor: an attempt that failed, when it has failed; and of a message that was
received more often than it may fail, each attempt before it begins, to be taken back where nobody was to
blame. So one that takes its function down each time is found out as well, soon and with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from contract.errors import CRASHED, ImagepipeError, TransientError
from contract.timing import MAX_ATTEMPTS
from processors.messages import Message
from processors.telemetry import Log


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
