"""Heads, shares and counts in memory, as the tally sees them; held to DynamoDB by a conformance test."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contract.errors import TransientError
from contract.records import Head
from contract.table import ItemKey, head_key
from contract.tallies import NOTHING, Counted, Differences, counted_key
from processors.tallying.recounting import KeysPage
from processors.tallying.tally import Change, Standing
from tests.fakes.calls import Calls

KEYS_A_PAGE = 2


@dataclass
class FakeTallies:
    """The store of a tally. Tests step in at `read shares`, `read heads`, `write` and `read keys`.

    `rubbish` stands in the places of shares and heads.
    """

    calls: Calls = field(default_factory=Calls)
    heads: dict[str, Head] = field(default_factory=dict)
    shares: dict[str, Counted] = field(default_factory=dict)
    counts: dict[ItemKey, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    rubbish: dict[ItemKey, Mapping[str, object]] = field(default_factory=dict)

    def read(self, keys: Sequence[str]) -> Mapping[str, Standing]:
        """Read shares, and then heads."""
        assert 1 <= len(set(keys)) == len(keys) <= 100
        with self.calls.of("read shares"):
            shares = {key: self._share(key) for key in keys}
        with self.calls.of("read heads"):
            heads = {key: head.to_item() for key, head in self.heads.items()}
        return {
            key: Standing(
                shares[key],
                self.rubbish.get(head_key(key), heads.get(key)),
            )
            for key in keys
        }

    def _share(self, key: str) -> Mapping[str, object] | None:
        share = self.shares.get(key)
        return self.rubbish.get(counted_key(key), share.to_item() if share else None)

    def write(self, changes: Sequence[Change], differences: Differences) -> None:
        """Write all or nothing."""
        assert len(changes) + len(differences.by_item) <= 100
        with self.calls.of("write"):
            for change in changes:
                standing = self._share(change.key)
                if (standing and standing.get("turn")) != (change.seen and change.seen.turn):
                    raise TransientError("TransactionCanceledException", f"{change.key} was overtaken")
            for change in changes:
                self.shares[change.key] = change.counted
                self.rubbish.pop(counted_key(change.key), None)
            for at, counts in differences.by_item.items():
                for name, by in counts.items():
                    self.counts[at][name] = self.counts[at].get(name, 0) + by

    def keys(self, after: ItemKey | None) -> KeysPage:
        """Read two keys."""
        with self.calls.of("read keys"):
            places = [(head_key(key), key) for key in self.heads]
            places += [(counted_key(key), key) for key in self.shares]
            rest = sorted(
                ((at.pk, at.sk), key)
                for at, key in places
                if after is None or (at.pk, at.sk) > (after.pk, after.sk)
            )
        page = rest[:KEYS_A_PAGE]
        cursor = ItemKey(*page[-1][0]) if len(rest) > len(page) else None
        return KeysPage([key for _, key in page], cursor)

    def expire(self, now: float) -> None:
        """Remove what has expired."""
        for key, counted in list(self.shares.items()):
            if counted.expires_at is not None and counted.expires_at < now:
                assert counted.share == NOTHING
                del self.shares[key]
