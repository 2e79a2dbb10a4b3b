"""Answers that are being worked out, and answers whose caller has not waited for them.

On a machine that has too much to do, a caller gives up, and asks again. Were every such call worked on anew,
all would be given up in turn and nobody would ever be answered.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

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
