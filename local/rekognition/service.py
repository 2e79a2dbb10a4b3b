"""One call from its request to its answer, whoever answers."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from botocore.model import ServiceModel

from local.rekognition.calls import CallLog
from local.rekognition.errors import RekognitionError, internal
from local.rekognition.quotas import CallQuotas
from local.rekognition.sources import ObjectPlace, image_of
from local.rekognition.validation import validate

HasLeft = Callable[[], Awaitable[bool]]
"""Whether the caller has hung up."""
ReadRequest = Callable[[], tuple[dict[str, Any], bytes | ObjectPlace]]
"""Returns the request, validated, and where its picture is. Raises `RekognitionError`."""
_log = logging.getLogger(__name__)


class Recognition(Protocol):
    """What answers requests: models that look, or canned answers."""

    @property
    def operations(self) -> Collection[str]:
        """The names of the operations that it does."""
        ...

    def health(self) -> dict[str, Any]:
        """What `GET /health` tells of it."""
        ...

    async def answer(
        self, operation: str, read: ReadRequest, calls: CallLog, has_left: HasLeft
    ) -> dict[str, Any]:
        """The members of the output shape. Raises `RekognitionError`."""
        ...


@dataclass
class RekognitionService:
    """The operations behind their quotas, with every call counted."""

    recognition: Recognition
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
