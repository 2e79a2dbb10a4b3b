"""Recognition by models that really look.

On a machine that has too much to do, a caller gives up, and asks again. Were every such call worked on anew,
all would be given up in turn and nobody would ever be answered: answers that are being worked out are shared,
and those whose caller has not waited are kept.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from local.rekognition.pictures import PictureCache, digest_of
from local.rekognition.registry import LateOperation, Operation
from local.rekognition.service import CallLog, HasLeft, ReadRequest
from local.rekognition.sources import ObjectReader

_KEPT = 256

Answer = dict[str, Any]


class SingleFlight:
    """Works out each question once for all who ask it at the same time. Of one event loop."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Task[Answer]] = {}
        self._kept: OrderedDict[str, Answer] = OrderedDict()

    async def do(self, question: str, work_out: Callable[[], Awaitable[Answer]]) -> Answer:
        """Return the answer: one that is there or under way, else what `work_out` returns or raises."""
        if question in self._kept:
            return self._kept.pop(question)
        if question not in self._under_way:
            self._under_way[question] = asyncio.ensure_future(self._work(question, work_out))
        return await asyncio.shield(self._under_way[question])

    async def _work(self, question: str, work_out: Callable[[], Awaitable[Answer]]) -> Answer:
        try:
            return await work_out()
        finally:
            del self._under_way[question]

    def keep(self, question: str, answer: Answer) -> None:
        """Keep an answer that its caller has not waited for, for when the question is asked again."""
        self._kept[question] = answer
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)


FETCHES_AT_ONCE = 8


@dataclass
class RealRecognition:
    """The operations by name, and what they share.

    Objects are fetched by a few threads that wait, pictures are looked at by `workers` threads that
    compute (networks and decoder let go of the interpreter), and the event loop does neither.
    """

    operations: Mapping[str, Operation]
    objects: ObjectReader
    workers: int
    models: Callable[[], tuple[str, ...]] = tuple

    def __post_init__(self) -> None:
        self._pictures = PictureCache()
        self._answers = SingleFlight()
        self._fetchers = ThreadPoolExecutor(FETCHES_AT_ONCE, thread_name_prefix="fetch")
        self._lookers = ThreadPoolExecutor(self.workers, thread_name_prefix="look")

    def waiting(self) -> list[str]:
        """Return the operations whose models nobody has needed yet, by name."""
        late = [one for one in self.operations.values() if isinstance(one, LateOperation)]
        return sorted(one.name for one in late if not one.is_ready)

    def health(self) -> dict[str, Any]:
        """Return what is loaded, and what waits for its first call."""
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
