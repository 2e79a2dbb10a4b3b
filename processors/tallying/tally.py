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

# What reading an item raises that was written by another release, by hand, or by a fault of ours.
UNREADABLE = (KeyError, ValueError, TypeError, AttributeError, ArithmeticError)


@dataclass(frozen=True)
class Standing:
    """The attributes that are stored of what a key is counted for, and of its head; None where nothing is.

    The head was read after the share. Nobody has looked yet whether either makes sense.
    """

    counted: Mapping[str, object] | None
    head: Mapping[str, object] | None


class RefusedError(Exception):
    """DynamoDB will never take this write: something in one of the items is not what it can be added to."""


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

        Raise TransientError if one of the shares is not what was seen, or another is writing now;
        RefusedError if it is of no use to try again.
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
        """Count each key for what its head says now; return how many were counted for something else before.

        What cannot be read, or written, is told, left as it is, and passed over: one item must not stop the
        counting of all others.
        """
        waiting = list(dict.fromkeys(keys))
        changed = 0
        most = MAX_KEYS
        while waiting:
            try:
                done, changes = self.retry(partial(self._step, waiting[:most]))
            except RefusedError as refusal:
                if len(waiting[:most]) > 1:
                    most = len(waiting[:most]) // 2
                    continue
                done, changes = self._passed_over(waiting[0], refusal), 0
            waiting = waiting[done:]
            changed += changes
            most = min(2 * most, MAX_KEYS)
        return changed

    def _step(self, keys: Sequence[str]) -> tuple[int, int]:
        """Bring the first of these keys in line; return how many that were, and how many of them changed."""
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
        """Return what is to be written of a key; None where nothing is, or what is there cannot be read."""
        try:
            counted = None if standing.counted is None else Counted.from_item(standing.counted)
        except UNREADABLE as fault:
            self._tell(f"what {key} is counted for cannot be read", fault, TallyMetric.SHARES_UNUSABLE)
            return None
        try:
            share = Share.of(None if standing.head is None else Head.from_item(standing.head))
        except UNREADABLE as fault:
            self._tell(f"the head of {key} cannot be read", fault, TallyMetric.HEADS_UNREADABLE)
            return None
        if share == (counted.share if counted else NOTHING):
            return None
        expires_at = int(self.clock()) + EMPTY_SHARE_SECONDS if share == NOTHING else None
        return Change(key, counted, Counted(share, counted.turn + 1 if counted else 1, expires_at))

    def _passed_over(self, key: str, refusal: RefusedError) -> int:
        self._tell(f"DynamoDB refuses to count {key}", refusal, TallyMetric.SHARES_UNUSABLE)
        return 1

    def _tell(self, what: str, fault: BaseException, metric: TallyMetric) -> None:
        self.log.fault(f"{what}; it stays counted as it was", fault)
        self.count(metric, 1)
