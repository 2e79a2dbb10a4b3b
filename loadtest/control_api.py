"""The control API of a Rekognition on this machine: its quotas, and what it counted."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from loadtest.errors import LoadtestError
from local.cloud.environment import DIRECT

_ANSWER_SECONDS = 30


@dataclass(frozen=True)
class ControlApi:
    """Where the local Rekognition, or the canned one, is talked to beside Rekognition's own wire."""

    url: str

    def is_canned(self) -> bool:
        """Return whether it answers without looking."""
        return bool(self._ask("GET", "/health").get("canned"))

    def quotas(self) -> dict[str, float]:
        """Return the calls a second that it lets in, by operation; one that is not named has no limit."""
        rates: dict[str, float] = self._ask("GET", "/_local/settings")["rates"]
        return rates

    def set_quotas(self, quotas: Mapping[str, float | None]) -> None:
        """Change the calls a second of some operations; None lifts a limit. Raises LoadtestError."""
        self._ask("PUT", "/_local/settings", {"rates": dict(quotas)})

    def totals(self) -> dict[str, dict[str, int]]:
        """Return the calls `accepted` and `throttled` so far, by operation."""
        counted: dict[str, dict[str, int]] = self._ask("GET", "/_local/calls?only=operations")["operations"]
        return counted

    def calls_by_object(self) -> dict[str, dict[str, int]]:
        """Return how often each `bucket/key` was accepted, by operation."""
        counted: dict[str, dict[str, int]] = self._ask("GET", "/_local/calls")["objects"]
        return counted

    def calls_by_content(self) -> dict[str, dict[str, int]]:
        """Return how often bytes of each SHA-256 were looked at, by operation."""
        counted: dict[str, dict[str, int]] = self._ask("GET", "/_local/calls")["contents"]
        return counted

    @contextmanager
    def with_quotas(self, quotas: Mapping[str, float]) -> Iterator[None]:
        """Set quotas while the block lasts, and put back what was set before."""
        if not quotas:
            yield
            return
        before = self.quotas()
        try:
            # Inside: it may be interrupted when the other side has heard, but not yet answered.
            self.set_quotas(quotas)
            yield
        finally:
            self.set_quotas({operation: before.get(operation) for operation in self.quotas() | before})

    def _ask(self, method: str, path: str, change: object = None) -> Any:
        data = None if change is None else json.dumps(change).encode()
        request = urllib.request.Request(self.url + path, method=method, data=data)  # noqa: S310
        try:
            with DIRECT.open(request, timeout=_ANSWER_SECONDS) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            raise LoadtestError(f"{method} {self.url}{path} was refused: {said}") from error
        except OSError as error:
            raise LoadtestError(f"no answer from the local Rekognition at {self.url}: {error}") from error
