"""Renditions go when no answer of their content names them any more.

They are made below the name of whoever claimed the answer, before it is kept; so each rendition that will
ever be named stands below the name of a claim or of an answer, from its beginning on. What is removed was
listed before claims and answers were read. A name that is not among these then is never among them again, for
nobody claims by the name of another.

Every step can be repeated, by anybody, at any time. What DynamoDB tells of, an answer or a claim that is gone
(expired or removed), leads to its content alone. A recount goes through the whole bucket, and finds what no
such event tells of too: what was made under a claim that another took over, or by a function that outlived
it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from aws.retries import RetryPolicy
from contract.errors import ImagepipeError
from contract.items import PARTITION_KEY, SORT_KEY
from contract.photos import PICTURE, rendition_maker
from contract.table import CONTENT_PREFIX
from processors.telemetry import Log

if TYPE_CHECKING:
    from processors.adapters.renditions import RenditionBucket

REMOVED = "REMOVE"
# What the cursor of a recount says that has come to them.
RENDITIONS = "renditions"
RESERVE_SECONDS = 30


@dataclass(frozen=True)
class RenditionSweep:
    """Removes what is left over, of many contents side by side.

    `makers` reads, as of now, whose renditions the answers of a content name, or claims on them will.
    """

    bucket: "RenditionBucket"
    makers: Callable[[str], Collection[str] | ImagepipeError]
    retry: RetryPolicy
    executor: Executor
    log: Log

    def sweep(self, content_ids: Iterable[str]) -> int:
        """Remove what is left over of these contents; return how much it was."""

        def left_of(content_id: str) -> list[str]:
            return self._left_over(content_id, self.retry(partial(self.bucket.below, content_id)))

        return self._remove(self.executor.map(left_of, content_ids))

    def sweep_all(self, after: str, seconds_left: Callable[[], float]) -> dict[str, object]:
        """Do the same for all of the bucket behind a key, until time is up; answer as a recount does."""
        removed = 0
        while keys := self.retry(partial(self.bucket.page, after)):
            contents = [(content_id, list(of)) for content_id, of in groupby(keys, _content_of)]
            removed += self._remove(self.executor.map(lambda each: self._left_over(*each), contents))
            after = keys[-1]
            if seconds_left() < RESERVE_SECONDS:
                break
        return {
            "renditions_removed": removed,
            "cursor": {"of": RENDITIONS, "after": after} if keys else None,
        }

    def _left_over(self, content_id: str, listed: Sequence[str]) -> list[str]:
        """Return which of the renditions nobody names. They were listed before this."""
        if not listed:
            return []
        makers = self.retry(partial(self.makers, content_id))
        if isinstance(makers, ImagepipeError):
            self.log.error(
                "an answer about a picture cannot be read; its renditions stay", reason=str(makers)
            )
            return []
        return [key for key in listed if rendition_maker(key)[1] not in makers]

    def _remove(self, left: Iterable[Sequence[str]]) -> int:
        keys = [key for of_content in left for key in of_content]
        if keys:
            self.retry(partial(self.bucket.remove, keys))
        return len(keys)


def _content_of(key: str) -> str:
    return rendition_maker(key)[0]


def left_by_pictures(event: Mapping[str, Any]) -> list[str]:
    """List the contents, each once, that an answer about the picture, or a claim on one, has left.

    Expired or removed by hand is one to us.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
    """
    places = [record["dynamodb"]["Keys"] for record in event["Records"] if record.get("eventName") == REMOVED]
    left = [place[PARTITION_KEY]["S"] for place in places if place[SORT_KEY]["S"].startswith(f"{PICTURE}#")]
    return list(
        dict.fromkeys(pk.removeprefix(CONTENT_PREFIX) for pk in left if pk.startswith(CONTENT_PREFIX))
    )
