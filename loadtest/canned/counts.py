"""Who was asked what."""

from __future__ import annotations

from collections import Counter
from typing import Any

from loadtest.canned.requests import Asked

_OUTCOMES = ("accepted", "throttled", "answered", "failed")


class CallCounts:
    """Counts calls by operation and outcome, and accepted calls by object and by content."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._outcomes: dict[str, Counter[str]] = {}
        self._errors: dict[str, Counter[str]] = {}
        self._contents: dict[str, Counter[str]] = {}
        self._objects: dict[str, Counter[str]] = {}

    def count(self, operation: str, outcome: str) -> None:
        """One more call that was `accepted`, `throttled` or `answered`."""
        self._outcomes.setdefault(operation, Counter())[outcome] += 1

    def failed(self, operation: str, code: str) -> None:
        """An accepted call that ended in an error."""
        self.count(operation, "failed")
        self._errors.setdefault(operation, Counter())[code] += 1

    def asked_for(self, operation: str, asked: Asked) -> None:
        """An accepted call was about this picture."""
        counted = self._contents if asked.object is None else self._objects
        counted.setdefault(operation, Counter())[asked.picture] += 1

    def report(self) -> dict[str, Any]:
        """Return the counts as `GET /_local/calls` does."""
        return {
            "operations": {
                operation: {
                    **dict.fromkeys(_OUTCOMES, 0),
                    **outcomes,
                    "errors": dict(self._errors.get(operation, {})),
                }
                for operation, outcomes in self._outcomes.items()
            },
            "contents": {operation: dict(found) for operation, found in self._contents.items()},
            "objects": {operation: dict(found) for operation, found in self._objects.items()},
        }
