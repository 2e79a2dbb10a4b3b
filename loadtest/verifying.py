"""Asking the query API as anyone may: are photos searchable, and where are those that were not heard of?"""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random

from loadtest import LoadtestError
from loadtest.photos import TrackedPhoto
from loadtest.stack import Stack
from local.demo.draining import dead_letters

_ANSWER_SECONDS = 20
_MOST_TIMES = 30
_LONGEST_WAIT_SECONDS = 4.0


@dataclass(frozen=True)
class Api:
    """The query API of a stack. On AWS, requests are signed, and more than 20 a second are told 429."""

    stack: Stack
    sleep: Callable[[float], None] = time.sleep

    def ask(self, path: str, **parameters: object) -> tuple[int, Any]:
        """Return the status and the JSON of an answer; status 0 where none came.

        Asked too fast, it asks again after some seconds: that says nothing about a photo.
        """
        answer: tuple[int, Any] = Retrying(
            retry=retry_if_result(lambda answer: answer[0] == HTTPStatus.TOO_MANY_REQUESTS),
            wait=wait_random(0, _LONGEST_WAIT_SECONDS),
            stop=stop_after_attempt(_MOST_TIMES),
            # After the last, the refusal is the answer.
            retry_error_callback=lambda state: state.outcome and state.outcome.result(),
            sleep=self.sleep,
        )(self._ask, path, parameters)
        return answer

    def _ask(self, path: str, parameters: Mapping[str, object]) -> tuple[int, Any]:
        query = f"?{urllib.parse.urlencode(parameters)}" if parameters else ""
        url = self.stack.outputs["api_url"].rstrip("/") + path + query
        request = urllib.request.Request(url, headers=self._signature(url))  # noqa: S310
        proxies = urllib.request.ProxyHandler({} if self.stack.is_local else None)
        try:
            with urllib.request.build_opener(proxies).open(request, timeout=_ANSWER_SECONDS) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, None
        except OSError:
            return 0, None

    def _signature(self, url: str) -> dict[str, str]:
        if self.stack.is_local:
            return {}
        credentials = self.stack.session.get_credentials()
        if credentials is None:
            raise LoadtestError("there are no AWS credentials to sign with; set AWS_PROFILE")
        request = AWSRequest("GET", url)
        SigV4Auth(credentials, "execute-api", self.stack.outputs["region"]).add_auth(request)
        return dict(request.headers.items())


SAMPLE = 25
_ASKERS = 8
_HIDDEN_SECONDS = 5


@dataclass(frozen=True)
class Searchable:
    """Of some photos whose completion was received: how many the API found, by key and in a list."""

    asked: int
    found: int


def searchable(api: Api, photos: Sequence[TrackedPhoto]) -> Searchable:
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
        recorded = {key for key, (status, _) in zip(keys, answers, strict=True) if status == HTTPStatus.OK}
    urls = [stack.outputs[name] for name in ("dead_letter_queue_url", "bulk_dead_letter_queue_url")]
    letters = dead_letters(stack.sqs, urls, stack.bucket, _HIDDEN_SECONDS)
    buried = (set(keys) - recorded) & {key for letter in letters for key in letter.keys}
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
    if status != HTTPStatus.OK or image["status"] != "recognized":
        return False
    return not image["labels"] or _is_listed(api, key, image["labels"][0])


def _is_listed(api: Api, key: str, label: Mapping[str, Any]) -> bool:
    """Walk the list of a label, newest first, until the photo comes."""
    parameters: dict[str, object] = {"label": label["name"], "limit": 100}
    while True:
        status, page = api.ask("/images", **parameters)
        if status != HTTPStatus.OK:
            return False
        if any(image["key"] == key for image in page["images"]):
            return True
        if not page["cursor"]:
            return False
        parameters["cursor"] = page["cursor"]
