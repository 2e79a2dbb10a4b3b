"""What a user of the API asks, again and again: run by Locust, in a process of its own.

`LOADTEST_REGION` is set where requests have to be signed, `LOADTEST_PAUSE_SECONDS` where users may not ask as
fast as they can: so far apart each of them begins its requests.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from locust import HttpUser, task

PAGE = 20
MOST_PAGES = 10
_OK = 200


def signing(region: str) -> Callable[[Any], Any]:
    """Return what signs a request, as `requests` wants it."""
    credentials = botocore.session.get_session().get_credentials()
    assert credentials is not None, "there are no AWS credentials to sign with; set AWS_PROFILE"

    def sign(request: Any) -> Any:
        signed = AWSRequest(request.method, request.url)
        SigV4Auth(credentials, "execute-api", region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        return request

    return sign


class ApiUser(HttpUser):
    """Looks for photos by their label, looks at one, and walks through all of them."""

    pause_seconds = float(os.environ.get("LOADTEST_PAUSE_SECONDS", "0"))
    next_at = 0.0

    def on_start(self) -> None:
        """Learn what there is to ask for."""
        if region := os.environ.get("LOADTEST_REGION"):
            self.client.auth = signing(region)
        else:
            self.client.trust_env = False  # loopback is never reached through a proxy
        images = self._page("/images?limit=100", "to learn what is there")["images"]
        self.keys = [image["key"] for image in images]
        self.labels = sorted({label["name"] for image in images for label in image["labels"]})

    @task(4)
    def label(self) -> None:
        """Ask for a page of the photos that show something."""
        if self.labels:
            label = quote(random.choice(self.labels))  # noqa: S311  # no secrets here
            self._page(f"/images?label={label}&min_confidence=60&limit={PAGE}", "a page of a label")

    @task(4)
    def image(self) -> None:
        """Ask for everything about one photo."""
        if self.keys:
            key = quote(random.choice(self.keys), safe="")  # noqa: S311
            self._page(f"/images?key={key}", "one image")

    @task(1)
    def walk(self) -> None:
        """Follow cursors through the list of all photos."""
        page = self._page(f"/images?limit={PAGE}", "first page of all")
        for _ in range(MOST_PAGES):
            if not page.get("cursor"):
                return
            path = f"/images?limit={PAGE}&cursor={quote(page['cursor'], safe='')}"
            page = self._page(path, "next page of all, by cursor")

    def _page(self, path: str, name: str) -> dict[str, Any]:
        self._take_turn()
        with self.client.get(path, name=name, catch_response=True) as answer:
            if answer.status_code != _OK:
                answer.failure(f"{answer.status_code}: {answer.text[:200]}")
                return {"images": []}
            found: dict[str, Any] = answer.json()
            return found

    def _take_turn(self) -> None:
        """Wait until this user may ask again; Locust has made time.sleep let the others run."""
        time.sleep(max(0.0, self.next_at - time.monotonic()))
        self.next_at = time.monotonic() + self.pause_seconds
