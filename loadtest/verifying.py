"""Looking at the stack from outside: are photos searchable, and where are those that were not heard of?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from contract.errors import PermanentError
from contract.notifications import parse
from loadtest.api import Api
from loadtest.photo_tracker import TrackedPhoto
from loadtest.stack import Stack

SAMPLE = 25
_ASKERS = 8
_MOST_LETTERS = 500
_HIDDEN_SECONDS = 5
_HTTP_OK = 200


@dataclass(frozen=True)
class Searchable:
    """Of some photos whose completion was received: how many the API found, by key and in a list."""

    asked: int
    found: int


def searchable(api: Api, photos: Sequence[TrackedPhoto]) -> Searchable:
    """Ask the API about a sample of the photos that were recognized, spread over the run."""
    recognized = [photo for photo in photos if photo.status == "recognized"]
    chosen = recognized[:: max(1, len(recognized) // SAMPLE)][:SAMPLE]
    with ThreadPoolExecutor(_ASKERS) as askers:
        return Searchable(len(chosen), sum(askers.map(lambda photo: _is_found(api, photo.key), chosen)))


@dataclass(frozen=True)
class Unheard:
    """Photos without a completion: `silent` ones have a record, `buried` ones a dead letter, `lost` none."""

    silent: int = 0
    buried: int = 0
    lost: int = 0


def unheard(stack: Stack, photos: Iterable[TrackedPhoto]) -> Unheard:
    """Find out what became of the photos without a completion."""
    keys = [photo.key for photo in photos if photo.ended_at is None]
    if not keys:
        return Unheard()
    api = Api(stack)
    with ThreadPoolExecutor(_ASKERS) as askers:
        answers = askers.map(lambda key: api.ask("/images", key=key), keys)
        recorded = {key for key, (status, _) in zip(keys, answers, strict=True) if status == _HTTP_OK}
    buried = (set(keys) - recorded) & _keys_of_letters(stack)
    return Unheard(len(recorded), len(buried), len(keys) - len(recorded) - len(buried))


def calls_too_many(
    by_object: Mapping[str, Mapping[str, int]], bucket: str, photos: Iterable[TrackedPhoto]
) -> int:
    """Count the calls that were accepted beyond one for each content and operation."""
    contents = {f"{bucket}/{photo.key}": photo.content for photo in photos}
    extra = 0
    for calls in by_object.values():
        of_content: Counter[int] = Counter()
        for at, count in calls.items():
            if at in contents:
                of_content[contents[at]] += count
        extra += sum(count - 1 for count in of_content.values() if count > 1)
    return extra


def _is_found(api: Api, key: str) -> bool:
    status, image = api.ask("/images", key=key)
    if status != _HTTP_OK or image["status"] != "recognized":
        return False
    return not image["labels"] or _is_listed(api, key, image["labels"][0])


def _is_listed(api: Api, key: str, label: Mapping[str, Any]) -> bool:
    """Walk the list of a label, newest first, until the photo comes."""
    parameters: dict[str, object] = {"label": label["name"], "limit": 100}
    while True:
        status, page = api.ask("/images", **parameters)
        if status != _HTTP_OK:
            return False
        if any(image["key"] == key for image in page["images"]):
            return True
        if not page["cursor"]:
            return False
        parameters["cursor"] = page["cursor"]


def _keys_of_letters(stack: Stack) -> set[str]:
    """Return the keys that dead letters are about; the letters stay where they are."""
    keys: set[str] = set()
    for queue in ("dead_letter_queue_url", "bulk_dead_letter_queue_url"):
        for _ in range(_MOST_LETTERS // 10):
            messages = stack.sqs.receive_message(
                QueueUrl=stack.outputs[queue], MaxNumberOfMessages=10, VisibilityTimeout=_HIDDEN_SECONDS
            ).get("Messages", [])
            if not messages:
                break
            for message in messages:
                try:
                    keys |= {event.key for event in parse(message["Body"], stack.bucket)}
                except PermanentError:
                    continue
    return keys
