"""What the table holds of a key."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from contract.table import ItemKey


class Kind(StrEnum):
    """What an item is."""

    RECORD = "record"
    ROW = "index row"
    SHARE = "count"
    NAME = "name of a content"


@dataclass(frozen=True)
class Trace:
    """One item that names a key. `content_id` is what its bytes were called, where the item says so.

    What is alive is taken away by the processor and the tally, which see that the object is gone: index rows,
    counts and announcements go with it.
    """

    kind: Kind
    at: ItemKey
    key: str
    is_alive: bool
    content_id: str | None
