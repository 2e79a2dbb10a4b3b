"""One call from its request to its answer, whoever answers, and counted: who was asked what."""

import asyncio
import json
import logging
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from botocore.model import ServiceModel

from local.rekognition.errors import RekognitionError, internal
from local.rekognition.quotas import CallQuotas
from local.rekognition.sources import ObjectPlace, image_of
from local.rekognition.validation import validate


class CallLog:
    """Counts calls by operation and outcome, and accepted calls by content and by object.

    Threads may count at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
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
        """Return the counts, as `GET /_local/calls` gives them."""
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


HasLeft = Callable[[], Awaitable[bool]]
"""Whether the caller has hung up."""
ReadRequest = Callable[[], tuple[dict[str, Any], bytes | ObjectPlace]]
"""Returns the request, validated, and where its picture is. Raises `RekognitionError`."""
_log = logging.getLogger(__name__)


class RecognitionBackend(Protocol):
    """What answers requests: models that look, or canned answers."""

    @property
    def operations(self) -> Collection[str]:
        """The names of the operations that it does."""
        ...

    def health(self) -> dict[str, Any]:
        """Return what `GET /health` tells of it."""
        ...

    async def answer(
        self, operation: str, read: ReadRequest, calls: CallLog, has_left: HasLeft
    ) -> dict[str, Any]:
        """Return the members of the output shape. Raises `RekognitionError`."""
        ...


@dataclass
class RekognitionService:
    """The operations behind their quotas, with every call counted."""

    recognition: RecognitionBackend
    model: ServiceModel
    quotas: CallQuotas = field(default_factory=CallQuotas)
    calls: CallLog = field(default_factory=CallLog)

    async def call(self, operation: str, body: bytes, has_left: HasLeft) -> dict[str, Any]:
        """Answer one call. Raises `RekognitionError`, counted."""
        try:
            self.quotas.admit(operation)
        except RekognitionError:
            self.calls.count(operation, "throttled")
            raise
        self.calls.count(operation, "accepted")
        await asyncio.sleep(self.quotas.latency_seconds(operation))
        try:
            read = partial(self._read, operation, body)
            answer = await self.recognition.answer(operation, read, self.calls, has_left)
        except RekognitionError as error:
            self.calls.failed(operation, error.code)
            raise
        except Exception as error:  # the caller gets an answer whatever breaks
            _log.exception("%s broke", operation)
            self.calls.failed(operation, "InternalServerError")
            raise internal(f"{operation} broke: {type(error).__name__}; see the server's log") from error
        self.calls.count(operation, "answered")
        return answer

    def _read(self, operation: str, body: bytes) -> tuple[dict[str, Any], bytes | ObjectPlace]:
        try:
            members = json.loads(body or b"{}")
        except (ValueError, RecursionError):  # the second where it is nested a thousand times
            raise RekognitionError("SerializationException", "the request is not JSON") from None
        shape = self.model.operation_model(operation).input_shape
        request = validate(members, shape) if shape else {}
        source = image_of(request)
        if isinstance(source, ObjectPlace):
            self.calls.asked_for(operation, source)
        return request, source
