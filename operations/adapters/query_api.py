"""The deployed query API, asked over HTTP; signed as AWS's own clients sign, where it is on AWS."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from aws.retries import RetryPolicy
from contract.errors import TransientError
from operations.adapters.aws_errors import translated

SERVICE = "execute-api"

Authorize = Callable[[AWSRequest], None]


@dataclass(frozen=True)
class QueryApi:
    """One API. `authorize` writes a caller's proof into a request."""

    url: str
    authorize: Authorize
    session: URLLib3Session
    retry: RetryPolicy

    def get(self, path: str, **parameters: object) -> tuple[int, Any]:
        """Return status and JSON of an answer. Raise TransientError if there is none after some attempts.

        Of a list, each element is given as a parameter of that name. Keys go as parameters: a path cannot
        carry every key (docs/api.md).
        """
        return self._send("GET", path, parameters)

    def patch(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str], **parameters: object
    ) -> tuple[int, Any]:
        """Send a change that can be sent again. Return status and JSON, or raise TransientError, as `get`."""
        told = {**headers, "content-type": "application/json"}
        return self._send("PATCH", path, parameters, json.dumps(body, ensure_ascii=False).encode(), told)

    def _send(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, object],
        body: bytes | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[int, Any]:
        query = f"?{urlencode(parameters, doseq=True, quote_via=quote)}" if parameters else ""
        url = f"{self.url.rstrip('/')}{path}{query}"

        def attempt() -> tuple[int, Any]:
            request = AWSRequest(method, url, headers=dict(headers), data=body)
            self.authorize(request)
            with translated(f"{method} {path}"):
                answer = self.session.send(request.prepare())
            is_at_fault = answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
            if is_at_fault or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                raise TransientError(
                    f"HTTP{answer.status_code}", f"{answer.text[:200]} ({method} {path} of {self.url})"
                )
            return answer.status_code, _json(answer.content)

        return self.retry(attempt)


def on_aws(
    url: str, credentials: Credentials, region: str, token: str | None, retry: RetryPolicy
) -> QueryApi:
    """Return the API of a stack on AWS: asked with a token (`api_access=jwt`), else with a signature.

    An open API does not look at the signature.
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html
    """

    def sign(request: AWSRequest) -> None:
        # Frozen, so that credentials that are renewed meanwhile do not sign by halves.
        SigV4Auth(credentials.get_frozen_credentials(), SERVICE, region).add_auth(request)

    def show_token(request: AWSRequest) -> None:
        request.headers["authorization"] = f"Bearer {token}"

    session = URLLib3Session(proxies=get_environ_proxies(url))
    return QueryApi(url, show_token if token else sign, session, retry)


def on_this_machine(url: str, retry: RetryPolicy) -> QueryApi:
    """Return the API of a local environment, which is open, and never reached through a proxy."""
    return QueryApi(url, lambda _request: None, URLLib3Session(proxies={}), retry)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None
