"""The dead letters of a simulation, whoever made them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from contract.failures import FAILURE_ATTRIBUTE, Failure
from loadtest.simulation.clock import START
from loadtest.simulation.queue import Message, Queue

UNEXPLAINED = "moved by SQS, unexplained"


@dataclass(frozen=True)
class DeadLetter:
    """When it was made, in seconds since the start, about which key, and why."""

    at: float
    key: str
    cause: str


def dead_letters(sources: Iterable[Queue], queues: Iterable[Queue]) -> list[DeadLetter]:
    """Return what SQS buried of the source queues and what the processor sent to the dead-letter queues."""
    return sorted(_all(sources, queues), key=lambda letter: letter.at)


def _all(sources: Iterable[Queue], queues: Iterable[Queue]) -> Iterator[DeadLetter]:
    for queue in sources:
        for at, message in queue.buried:
            yield DeadLetter(at - START, message.key, UNEXPLAINED)
    for queue in queues:
        for message in queue.messages():
            yield DeadLetter(message.sent_at - START, message.key, _cause(message))


def _cause(message: Message) -> str:
    failure = Failure.from_json(message.attributes[FAILURE_ATTRIBUTE])
    return f"{failure.kind}: {failure.code}"
