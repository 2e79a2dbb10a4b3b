"""What lies in the dead letters, read without taking anything out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract import notifications
from contract.errors import PermanentError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_MOST_LOOKED_AT = 500


@dataclass(frozen=True)
class FoundDeadLetter:
    """One dead letter: the keys that it is about, none if it cannot be read, and its body."""

    keys: tuple[str, ...]
    body: str


def dead_letters(
    sqs: SQSClient, queue_urls: Iterable[str], bucket: str, hidden_seconds: int = 1
) -> list[FoundDeadLetter]:
    """Return the dead letters about a bucket in these queues, some hundreds at most.

    They are hidden meanwhile: long enough that one look does not see a message twice, and not for the next.
    """
    found: dict[str, FoundDeadLetter] = {}
    for queue_url in queue_urls:
        while len(found) < _MOST_LOOKED_AT:
            messages = sqs.receive_message(
                QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=hidden_seconds
            ).get("Messages", [])
            new = [message for message in messages if message["MessageId"] not in found]
            if not new:
                break
            for message in new:
                keys = _keys(message["Body"], bucket)
                found[message["MessageId"]] = FoundDeadLetter(keys, message["Body"])
    return list(found.values())


def _keys(body: str, bucket: str) -> tuple[str, ...]:
    try:
        return tuple(event.key for event in notifications.parse(body, bucket))
    except PermanentError:
        return ()
