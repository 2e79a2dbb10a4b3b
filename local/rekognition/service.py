"""One call from its request to its answer."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from botocore.model import ServiceModel

from local.rekognition.calls import CallLog
from local.rekognition.errors import RekognitionError, internal
from local.rekognition.late import LateOperation
from local.rekognition.operations import Operation
from local.rekognition.pictures import PictureCache, digest_of
from local.rekognition.quotas import Quotas
from local.rekognition.single_flight import SingleFlight
from local.rekognition.sources import ObjectPlace, Objects, image_of
from local.rekognition.validation import validate

FETCHES_AT_ONCE = 8
HasLeft = Callable[[], Awaitable[bool]]
"""Whether the caller has hung up."""
_log = logging.getLogger(__name__)


@dataclass
class Service:
    """The operations and everything around them.

    Objects are fetched by a few threads that wait, pictures are looked at by `workers` threads that
    compute (networks and decoder let go of the interpreter), and the event loop does neither.
    """

    operations: Mapping[str, Operation]
    objects: Objects
    model: ServiceModel
    workers: int
    models: Callable[[], tuple[str, ...]] = tuple
    quotas: Quotas = field(default_factory=Quotas)
    calls: CallLog = field(default_factory=CallLog)

    def __post_init__(self) -> None:
        self._pictures = PictureCache()
        self._answers = SingleFlight()
        self._fetchers = ThreadPoolExecutor(FETCHES_AT_ONCE, thread_name_prefix="fetch")
        self._lookers = ThreadPoolExecutor(self.workers, thread_name_prefix="look")

    def waiting(self) -> list[str]:
        """The operations whose models nobody has needed yet, by name."""
        late = [one for one in self.operations.values() if isinstance(one, LateOperation)]
        return sorted(one.name for one in late if not one.is_ready)

    async def call(self, operation: Operation, body: bytes, has_left: HasLeft) -> dict[str, Any]:
        """Answer one call. Raises `RekognitionError`, counted."""
        try:
            self.quotas.admit(operation.name)
        except RekognitionError:
            self.calls.count(operation.name, "throttled")
            raise
        self.calls.count(operation.name, "accepted")
        await asyncio.sleep(self.quotas.latency_seconds(operation.name))
        try:
            answer = await self._answer(operation, body, has_left)
        except RekognitionError as error:
            self.calls.failed(operation.name, error.code)
            raise
        except Exception as error:  # the caller gets an answer whatever breaks
            _log.exception("%s broke", operation.name)
            self.calls.failed(operation.name, "InternalServerError")
            raise internal(f"{operation.name} broke: {type(error).__name__}; see the server's log") from error
        self.calls.count(operation.name, "answered")
        return answer

    async def _answer(self, operation: Operation, body: bytes, has_left: HasLeft) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        request, data = await loop.run_in_executor(self._fetchers, self._fetch, operation, body)
        digest = await loop.run_in_executor(self._fetchers, digest_of, data)
        self.calls.looked_at(operation.name, digest)
        asked = {name: value for name, value in request.items() if name != "Image"}
        question = json.dumps([operation.name, digest, asked], sort_keys=True)

        async def look() -> dict[str, Any]:
            return await loop.run_in_executor(self._lookers, self._look, operation, digest, data, request)

        answer = await self._answers.do(question, look)
        if await has_left():
            self._answers.keep(question, answer)
        return answer

    def _fetch(self, operation: Operation, body: bytes) -> tuple[dict[str, Any], bytes]:
        """The request, validated, and the bytes of its picture."""
        try:
            members = json.loads(body or b"{}")
        except (ValueError, RecursionError):  # the second where it is nested a thousand times
            raise RekognitionError("SerializationException", "the request is not JSON") from None
        shape = self.model.operation_model(operation.name).input_shape
        request = validate(members, shape) if shape else {}
        source = image_of(request)
        if not isinstance(source, ObjectPlace):
            return request, source
        self.calls.asked_for(operation.name, source)
        return request, self.objects.read(source)

    def _look(
        self, operation: Operation, digest: str, data: bytes, request: Mapping[str, Any]
    ) -> dict[str, Any]:
        return operation.answer(self._pictures.get(digest, data), request)
