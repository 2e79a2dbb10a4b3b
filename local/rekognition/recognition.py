"""Recognition by models that really look."""

import asyncio
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from local.rekognition.calls import CallLog
from local.rekognition.late import LateOperation
from local.rekognition.operations import Operation
from local.rekognition.pictures import PictureCache, digest_of
from local.rekognition.service import HasLeft, ReadRequest
from local.rekognition.single_flight import SingleFlight
from local.rekognition.sources import Objects

FETCHES_AT_ONCE = 8


@dataclass
class RealRecognition:
    """The operations by name, and what they share.

    Objects are fetched by a few threads that wait, pictures are looked at by `workers` threads that
    compute (networks and decoder let go of the interpreter), and the event loop does neither.
    """

    operations: Mapping[str, Operation]
    objects: Objects
    workers: int
    models: Callable[[], tuple[str, ...]] = tuple

    def __post_init__(self) -> None:
        self._pictures = PictureCache()
        self._answers = SingleFlight()
        self._fetchers = ThreadPoolExecutor(FETCHES_AT_ONCE, thread_name_prefix="fetch")
        self._lookers = ThreadPoolExecutor(self.workers, thread_name_prefix="look")

    def waiting(self) -> list[str]:
        """The operations whose models nobody has needed yet, by name."""
        late = [one for one in self.operations.values() if isinstance(one, LateOperation)]
        return sorted(one.name for one in late if not one.is_ready)

    def health(self) -> dict[str, Any]:
        """What is loaded, and what waits for its first call."""
        return {"models": list(self.models()), "waiting": self.waiting(), "workers": self.workers}

    async def answer(
        self, operation: str, read: ReadRequest, calls: CallLog, has_left: HasLeft
    ) -> dict[str, Any]:
        """Return what the operation says of the picture. Raises `RekognitionError`."""
        loop = asyncio.get_running_loop()
        request, data = await loop.run_in_executor(self._fetchers, self._fetch, read)
        digest = await loop.run_in_executor(self._fetchers, digest_of, data)
        calls.looked_at(operation, digest)
        asked = {name: value for name, value in request.items() if name != "Image"}
        question = json.dumps([operation, digest, asked], sort_keys=True)

        async def look() -> dict[str, Any]:
            return await loop.run_in_executor(self._lookers, self._look, operation, digest, data, request)

        answer = await self._answers.do(question, look)
        if await has_left():
            self._answers.keep(question, answer)
        return answer

    def _fetch(self, read: ReadRequest) -> tuple[dict[str, Any], bytes]:
        request, source = read()
        return request, source if isinstance(source, bytes) else self.objects.read(source)

    def _look(self, operation: str, digest: str, data: bytes, request: Mapping[str, Any]) -> dict[str, Any]:
        return self.operations[operation].answer(self._pictures.get(digest, data), request)
