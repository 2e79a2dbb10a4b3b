"""Bringing the counts in line with the heads. Every step can be repeated: what is in line is left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from contract.records import Head
from contract.tallies import NOTHING, Counted, Differences, Share, TallyMetric
from processors.retrying import RetryPolicy
from processors.telemetry import Log

# A transaction takes 100 items: so many keys, and all items of counts. An update expression takes 4 KB, which
# are 370 names: where an item has so many to change, the next key goes into another transaction.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
MAX_KEYS = 80
MANY_NAMES = 200

# Whoever read a key's share may still be about to write, but not for as long as this.
EMPTY_SHARE_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Standing:
    """What is stored of a key: what it is counted for, and the attributes of its head; None where nothing is.

    The head was read after the share.
    """

    counted: Counted | None
    head: Mapping[str, object] | None


@dataclass(frozen=True)
class Change:
    """A key that is to be counted for something else than was seen."""

    key: str
    seen: Counted | None
    counted: Counted


class TallyStore(Protocol):
    """Where heads, shares and counts are."""

    def read(self, keys: Sequence[str]) -> Mapping[str, Standing]:
        """Read what is stored of up to MAX_KEYS keys: first all shares, then all heads, each as of now."""

    def write(self, changes: Sequence[Change], differences: Differences) -> None:
        """Write shares and counts, all or nothing.

        Raises TransientError if one of the shares is not what was seen, or another is writing now.
        """


@dataclass(frozen=True)
class Tally:
    """Counts images. `retry` starts from reading anew, `clock` gives seconds since 1970.

    The events only say where to look: a key is counted for what its head says. The head is read after the
    share, and nothing is written if the share has changed since, so no older head takes the place of a newer.
    """

    store: TallyStore
    retry: RetryPolicy
    count: Callable[[TallyMetric, int], None]
    log: Log
    clock: Callable[[], float]

    def bring_in_line(self, keys: Iterable[str]) -> int:
        """Count each key for what its head says now; give how many were counted for something else before."""
        waiting = list(dict.fromkeys(keys))
        changed = 0
        while waiting:
            done, changes = self.retry(partial(self._step, waiting[:MAX_KEYS]))
            waiting = waiting[done:]
            changed += changes
        return changed

    def _step(self, keys: Sequence[str]) -> tuple[int, int]:
        """Bring the first of these keys in line; give how many that were, and how many of them changed."""
        standings = self.store.read(keys)
        changes: list[Change] = []
        differences = Differences()
        done = 0
        for done, key in enumerate(keys, start=1):  # noqa: B007 - looked at afterwards
            change = self._change(key, standings[key])
            if change is not None:
                changes.append(change)
                differences.add(change.seen.share if change.seen else NOTHING, change.counted.share)
                if any(len(counts) >= MANY_NAMES for counts in differences.by_item.values()):
                    break
        if changes:
            self.store.write(changes, differences)
        return done, len(changes)

    def _change(self, key: str, standing: Standing) -> Change | None:
        share = self._share(key, standing.head)
        counted = standing.counted
        if share is None or share == (counted.share if counted else NOTHING):
            return None
        expires_at = int(self.clock()) + EMPTY_SHARE_SECONDS if share == NOTHING else None
        return Change(key, counted, Counted(share, counted.turn + 1 if counted else 1, expires_at))

    def _share(self, key: str, head: Mapping[str, object] | None) -> Share | None:
        """Say what a key is to be counted for; None where its head cannot be read, which is a defect of ours.

        Such a key stays counted for what it was: one head must not stop the counting of all others.
        """
        try:
            return Share.of(None if head is None else Head.from_item(head))
        except (KeyError, ValueError, TypeError, ArithmeticError) as fault:
            self.log.fault(f"the head of {key} cannot be read and is not counted anew", fault)
            self.count(TallyMetric.HEADS_UNREADABLE, 1)
            return None
