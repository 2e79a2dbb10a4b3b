"""The query API of a stack, asked as anyone may ask it."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from tenacity import Retrying, retry_if_result, stop_after_attempt, wait_random

from loadtest.errors import LoadtestError
from loadtest.stack import Stack

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
        except urllib.error.HTTPError as refused:
            return refused.code, None
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
