"""What lies in the dead letters, read without taking anything out."""

from __future__ import annotations

from dataclasses import dataclass

from contract import notifications
from contract.errors import PermanentError
from local.cloud.clients import LocalClients
from local.cloud.outputs import Outputs

# Long enough that one look does not see a message twice, short enough to be back for the next.
_LOOK_SECONDS = 1
_MOST_LOOKED_AT = 500


@dataclass(frozen=True)
class DeadLetter:
    """One dead letter: the keys that it is about, none if it cannot be read, and its body."""

    keys: tuple[str, ...]
    body: str


def dead_letters(clients: LocalClients, outputs: Outputs) -> list[DeadLetter]:
    """Look at the dead letters of live and bulk work, some hundreds at most."""
    found: dict[str, DeadLetter] = {}
    for queue_url in (outputs.dead_letter_queue_url, outputs.bulk_dead_letter_queue_url):
        while len(found) < _MOST_LOOKED_AT:
            messages = clients.sqs.receive_message(
                QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=_LOOK_SECONDS
            ).get("Messages", [])
            new = [message for message in messages if message["MessageId"] not in found]
            if not new:
                break
            for message in new:
                keys = _keys(message["Body"], outputs.bucket)
                found[message["MessageId"]] = DeadLetter(keys, message["Body"])
    return list(found.values())


def _keys(body: str, bucket: str) -> tuple[str, ...]:
    try:
        return tuple(event.key for event in notifications.parse(body, bucket))
    except PermanentError:
        return ()
