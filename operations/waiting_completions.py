"""Completions that wait for a function of ours, read by whoever has to know which photos they name."""

import json
from contextlib import suppress
from typing import NamedTuple

from aws.queue_passes import QueuePass
from aws.queues import Received, SqsQueue
from operations.dead_letters import LOOK_SECONDS


class WaitingCompletion(NamedTuple):
    """A message that is, or should be, a completion: it names one key, or none where it is something else."""

    id: str
    body: str
    receipt_handle: str
    keys: tuple[str, ...]

    @classmethod
    def of(cls, message: Received) -> "WaitingCompletion":
        keys: tuple[str, ...] = ()
        with suppress(ValueError, KeyError, TypeError):
            keys = (str(json.loads(message.body)["key"]),)
        return cls(message.id, message.body, message.receipt_handle, keys)


def waiting_completions(queue: SqsQueue) -> QueuePass[WaitingCompletion]:
    """Return a pass over a queue of completions, or over its dead letters."""
    return QueuePass(queue, WaitingCompletion.of, LOOK_SECONDS)
