"""Holding the counts against every record there is: for a table older than its counts, after a long outage.

First all keys, by which every content gets its names; then all contents, by which the results of those
without names get an expiry: what was saved for a photo that was gone before its record was written, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from contract.table import PARTITION_KEY, SORT_KEY, ItemKey
from processors.counting.contents import ContentNames
from processors.counting.label_counter import LabelCounter

RESERVE_SECONDS = 30


@dataclass(frozen=True)
class KeyPage:
    """Keys that have a record or are counted, or contents; some twice. `cursor` leads to the next page."""

    found: Sequence[str]
    cursor: ItemKey | None


class KeyStore(Protocol):
    """Where all keys and contents are."""

    def keys(self, after: ItemKey | None) -> KeyPage:
        """Read one page of keys."""

    def contents(self, after: ItemKey | None) -> KeyPage:
        """Read one page of the contents that have results or names."""


@dataclass(frozen=True)
class Recount:
    """Goes through all keys, in as many invocations as it takes. Uploads and counting may go on meanwhile."""

    store: KeyStore
    tally: LabelCounter
    contents: ContentNames

    def answer(self, event: Mapping[str, object], seconds_left: Callable[[], float]) -> dict[str, object]:
        """Go on where `cursor` says; return how far it went, and the cursor to go on with or None.

        Contents are not looked at if a key was passed over: its results might be taken for nobody's.
        """
        cursor = event.get("cursor")
        place = _Place.of_cursor(cursor if isinstance(cursor, Mapping) else {})
        looked_at = changed = 0
        while True:
            is_of_keys = place.of == "keys"
            read = self.store.keys if is_of_keys else self.store.contents
            page = self.tally.retry(partial(read, place.after))
            before = self.tally.passed_over
            if is_of_keys:
                changed += self.tally.bring_in_line(page.found)
                looked_at += len(page.found)
            else:
                for content_id in page.found:
                    self.contents.settle(content_id)
            passed_over = place.passed_over + self.tally.passed_over - before
            following = _Place(place.of, page.cursor, passed_over)
            if page.cursor is None and is_of_keys and not passed_over:
                self.tally.retry(self.contents.store.is_complete_now)
                following = _Place("contents", None, 0)
            is_done = page.cursor is None and following.of == place.of
            if is_done or seconds_left() < RESERVE_SECONDS:
                break
            place = following
        return {
            "looked_at": looked_at,
            "changed": changed,
            "passed_over": passed_over,
            "cursor": None if is_done else following.to_json(),
        }


@dataclass(frozen=True)
class _Place:
    """How far a recount has come: through keys or contents, and how many keys were passed over."""

    of: str
    after: ItemKey | None
    passed_over: int

    @classmethod
    def of_cursor(cls, cursor: Mapping[str, Any]) -> _Place:
        after = ItemKey(cursor[PARTITION_KEY], cursor[SORT_KEY]) if PARTITION_KEY in cursor else None
        return cls(str(cursor.get("of", "keys")), after, int(cursor.get("passed_over", 0)))

    def to_json(self) -> dict[str, object]:
        at = {} if self.after is None else self.after._asdict()
        return {"of": self.of, "passed_over": self.passed_over, **at}
