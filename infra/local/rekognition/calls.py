"""Who was asked what: counts for tests and load runs."""

from collections import Counter
from typing import Any

from infra.local.rekognition.sources import ObjectPlace


class CallLog:
    """Counts calls by operation and outcome, and admitted calls by content and by object."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._outcomes: dict[str, Counter[str]] = {}
        self._errors: dict[str, Counter[str]] = {}
        self._contents: dict[str, Counter[str]] = {}
        self._objects: dict[str, Counter[str]] = {}

    def count(self, operation: str, outcome: str) -> None:
        """One more call that was `accepted`, `throttled`, `answered` or `failed`."""
        self._outcomes.setdefault(operation, Counter())[outcome] += 1

    def failed(self, operation: str, code: str) -> None:
        """An accepted call that ended in an error."""
        self.count(operation, "failed")
        self._errors.setdefault(operation, Counter())[code] += 1

    def asked_for(self, operation: str, place: ObjectPlace) -> None:
        """An accepted call named this object."""
        self._objects.setdefault(operation, Counter())[f"{place.bucket}/{place.key}"] += 1

    def looked_at(self, operation: str, digest: str) -> None:
        """An accepted call came to look at these bytes."""
        self._contents.setdefault(operation, Counter())[digest] += 1

    def report(self) -> dict[str, Any]:
        """The counts, as `GET /_local/calls` gives them."""
        empty = dict.fromkeys(("accepted", "throttled", "answered", "failed"), 0)
        return {
            "operations": {
                operation: {**empty, **counts, "errors": dict(self._errors.get(operation, {}))}
                for operation, counts in self._outcomes.items()
            },
            "contents": {operation: dict(counts) for operation, counts in self._contents.items()},
            "objects": {operation: dict(counts) for operation, counts in self._objects.items()},
        }
