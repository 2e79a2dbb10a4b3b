"""Who was asked what: counts for tests and load runs."""

import threading
from collections import Counter
from typing import Any

from local.rekognition.sources import ObjectPlace


class CallLog:
    """Counts calls by operation and outcome, and accepted calls by content and by object.

    Threads may count at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        with self._lock:
            self._counts: dict[str, dict[str, Counter[str]]] = {}

    def _count(self, kind: str, operation: str, what: str) -> None:
        with self._lock:
            self._counts.setdefault(kind, {}).setdefault(operation, Counter())[what] += 1

    def count(self, operation: str, outcome: str) -> None:
        """One more call that was `accepted`, `throttled` or `answered`."""
        self._count("outcomes", operation, outcome)

    def failed(self, operation: str, code: str) -> None:
        """An accepted call that ended in an error."""
        self._count("outcomes", operation, "failed")
        self._count("errors", operation, code)

    def asked_for(self, operation: str, place: ObjectPlace) -> None:
        """An accepted call named this object."""
        self._count("objects", operation, f"{place.bucket}/{place.key}")

    def looked_at(self, operation: str, digest: str) -> None:
        """An accepted call came to look at these bytes."""
        self._count("contents", operation, digest)

    def report(self) -> dict[str, Any]:
        """The counts, as `GET /_local/calls` gives them."""
        with self._lock:
            counts = {
                kind: {operation: dict(counter) for operation, counter in found.items()}
                for kind, found in self._counts.items()
            }
        errors = counts.pop("errors", {})
        empty = dict.fromkeys(("accepted", "throttled", "answered", "failed"), 0)
        return {
            "operations": {
                operation: {**empty, **outcomes, "errors": errors.get(operation, {})}
                for operation, outcomes in counts.pop("outcomes", {}).items()
            },
            "contents": counts.get("contents", {}),
            "objects": counts.get("objects", {}),
        }
