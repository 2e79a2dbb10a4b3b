"""Holding the counts against every head there is: for a table older than its counts, after a long outage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from contract.table import ItemKey
from processors.tallying.tally import Tally

RESERVE_SECONDS = 30


@dataclass(frozen=True)
class KeysPage:
    """Keys that have a head, or are counted, some of them twice. `cursor` leads to the next page."""

    keys: Sequence[str]
    cursor: ItemKey | None


class KeyStore(Protocol):
    """Where all keys are."""

    def keys(self, after: ItemKey | None) -> KeysPage:
        """Read one page of keys."""


@dataclass(frozen=True)
class Recount:
    """Goes through all keys, in as many invocations as it takes. Uploads and counting may go on meanwhile."""

    store: KeyStore
    tally: Tally

    def answer(self, event: Mapping[str, object], seconds_left: Callable[[], float]) -> dict[str, object]:
        """Go on where `cursor` says; give how far it went, and the cursor to go on with or None."""
        cursor = event.get("cursor")
        after = ItemKey(**cursor) if isinstance(cursor, dict) else None
        looked_at = changed = 0
        while True:
            page = self.tally.retry(partial(self.store.keys, after))
            changed += self.tally.bring_in_line(page.keys)
            looked_at += len(page.keys)
            after = page.cursor
            if after is None or seconds_left() < RESERVE_SECONDS:
                break
        return {
            "looked_at": looked_at,
            "changed": changed,
            "cursor": None if after is None else {"pk": after.pk, "sk": after.sk},
        }
