"""From messages to work: read every event, keep the newest of each key, remember who waits for what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from contract.errors import PermanentError
from contract.notifications import ImageEvent, ObjectChange, parse
from processors.messages import Message


@dataclass(frozen=True)
class Intake:
    """What a batch asks for.

    `events` holds one event a key, `waiting` the keys that each readable message waits for (none for a test
    event), `unreadable` the messages that cannot be work, with the reason.
    """

    events: Mapping[str, ImageEvent]
    waiting: Mapping[str, frozenset[str]]
    unreadable: Mapping[str, PermanentError]


def take_in(messages: Iterable[Message], bucket_name: str) -> Intake:
    """Read a batch of messages about one bucket."""
    events: dict[str, list[ImageEvent]] = {}
    waiting: dict[str, frozenset[str]] = {}
    unreadable: dict[str, PermanentError] = {}
    for message in messages:
        try:
            parsed = parse(message.body, bucket_name)
        except PermanentError as fault:
            unreadable[message.id] = fault
            continue
        waiting[message.id] = frozenset(event.key for event in parsed)
        for event in parsed:
            events.setdefault(event.key, []).append(event)
    return Intake({key: newest(of_key) for key, of_key in events.items()}, waiting, unreadable)


def newest(events: Sequence[ImageEvent]) -> ImageEvent:
    """Reduce the events of one key to the one that has to be dealt with.

    The highest sequencer wins. An event without one (a request to look again, a restore) is honoured by
    looking at the bucket on behalf of the newest event: what is there now is never older than that event.
    """
    last = max(events, key=lambda event: event.sequencer)
    last = replace(last, stands_for=frozenset(event.id for event in events))
    if any(event.wants_a_look for event in events):
        return replace(last, change=ObjectChange.UNKNOWN, version=None, wants_a_look=True)
    return last
