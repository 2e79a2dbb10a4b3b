"""Records, shares and counts in memory, as the tally sees them; held to DynamoDB by a conformance test."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contract.errors import TransientError
from contract.items import ItemKey
from contract.records import ImageRecord
from contract.table import record_key
from contract.tallies import NOTHING, CountedImage, Differences, Name, counted_key, removal_key
from processors.counting.contents import Named
from processors.counting.label_counter import KeyPage, ShareChange, StoredShare
from tests.fakes.calls import Calls

KEYS_A_PAGE = 2


@dataclass
class FakeTallies:
    """The store of a tally. Tests step in at `read shares`, `read records`, `write` and `read keys`.

    `rubbish` stands in the places of shares and records. `results` are contents that have some, with their
    expiry; `ever_named` are those that a key was counted for, `corrected` says how often which were.
    """

    calls: Calls = field(default_factory=Calls)
    records: dict[str, ImageRecord] = field(default_factory=dict)
    shares: dict[str, CountedImage] = field(default_factory=dict)
    counts: dict[ItemKey, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    rubbish: dict[ItemKey, Mapping[str, object]] = field(default_factory=dict)
    names: dict[ItemKey, Name] = field(default_factory=dict)
    removals: dict[str, str] = field(default_factory=dict)
    results: dict[str, int | None] = field(default_factory=dict)
    ever_named: set[str] = field(default_factory=set)
    corrected: dict[str, int] = field(default_factory=dict)
    complete: bool = False
    tokens: int = 0

    def read(self, keys: Sequence[str]) -> Mapping[str, StoredShare]:
        """Read shares, and then records."""
        assert 1 <= len(set(keys)) == len(keys) <= 100
        with self.calls.of("read shares"):
            shares = {key: self._share(key) for key in keys}
        records = self.read_records(keys)
        return {key: StoredShare(shares[key], records.get(key)) for key in keys}

    def read_records(self, keys: Collection[str]) -> Mapping[str, Mapping[str, object]]:
        """Read records."""
        with self.calls.of("read records"):
            records = {
                record_key(key): record.to_item() for key, record in self.records.items()
            } | self.rubbish
            return {key: records[record_key(key)] for key in keys if record_key(key) in records}

    def _share(self, key: str) -> Mapping[str, object] | None:
        share = self.shares.get(key)
        return self.rubbish.get(counted_key(key), share.to_item() if share else None)

    def write(self, changes: Sequence[ShareChange], differences: Differences) -> None:
        """Write all or nothing."""
        assert len(changes) + len(differences.by_item) <= 100
        with self.calls.of("write"):
            for change in changes:
                standing = self._share(change.key)
                if (standing and standing.get("turn")) != (change.seen and change.seen.turn):
                    raise TransientError("TransactionCanceledException", f"{change.key} was overtaken")
            for change in changes:
                self.shares[change.key] = change.counted
                if change.counted.share.content is not None:
                    self.ever_named.add(change.counted.share.content)
                self.rubbish.pop(counted_key(change.key), None)
            for at, counts in differences.by_item.items():
                for name, by in counts.items():
                    self.counts[at][name] = self.counts[at].get(name, 0) + by

    def keys(self, after: ItemKey | None) -> KeyPage:
        """Read two keys."""
        with self.calls.of("read keys"):
            places = [(record_key(key), key) for key in self.records]
            places += [(counted_key(key), key) for key in self.shares]
        return _page(places, after)

    def contents(self, after: ItemKey | None) -> KeyPage:
        """Read two contents."""
        with self.calls.of("read contents"):
            found = self.results.keys() | {name.content_id for name in self.names.values()}
            places = [(removal_key(content_id), content_id) for content_id in found]
        return _page(places, after)

    def names_there(self, names: Collection[Name]) -> set[Name]:
        """Look for names."""
        with self.calls.of("read names"):
            return {name for name in names if self.names.get(name.at) == name}

    def corrections(self, content_ids: Collection[str]) -> Mapping[str, int]:
        """Read how often contents were corrected."""
        with self.calls.of("read corrections"):
            return {each: self.corrected[each] for each in content_ids if each in self.corrected}

    def put_names(self, names: Collection[Name]) -> None:
        """Write names."""
        with self.calls.of("write names"):
            self.names.update({name.at: name for name in names})

    def being_removed(self, content_ids: Collection[str]) -> set[str]:
        """Look for removals."""
        with self.calls.of("read removals"):
            return set(content_ids) & self.removals.keys()

    def current_shares(self, keys: Collection[str]) -> Mapping[str, CountedImage]:
        """Read shares."""
        with self.calls.of("read shares again"):
            return {key: self.shares[key] for key in keys if key in self.shares}

    def named(self, content_id: str) -> Named:
        """Read the names of a content."""
        with self.calls.of("read names of"):
            names = [name for name in self.names.values() if name.content_id == content_id]
            return Named(names, content_id in self.removals)

    def drop(self, name: Name) -> None:
        """Remove a name."""
        with self.calls.of("drop name"):
            if name.at in self.names and self.names[name.at].turn == name.turn:
                del self.names[name.at]

    def begin_deciding(self, content_id: str, expires_at: int) -> str:
        """Write a removal."""
        with self.calls.of("write removal"):
            self.tokens += 1
            self.removals[content_id] = str(self.tokens)
            return self.removals[content_id]

    def decide(self, content_id: str, token: str, expires_at: int | None) -> None:
        """Change results, all or nothing."""
        with self.calls.of("decide"):
            if self.removals.get(content_id) != token:
                raise TransientError("TransactionCanceledException", "somebody else decides")
            if content_id in self.results:
                standing = self.results[content_id]
                self.results[content_id] = expires_at and (standing or expires_at)
            if expires_at is None or content_id not in self.results:
                del self.removals[content_id]

    def have_settled(self, key: str, counted: CountedImage) -> None:
        """Forget what was left."""
        with self.calls.of("have settled"):
            if key in self.shares and self.shares[key].turn == counted.turn:
                self.shares[key] = replace(self.shares[key], left=(), expires_at=counted.expires_at)

    def is_complete(self) -> bool:
        """Tell whether every record has its name."""
        return self.complete

    def is_new(self) -> bool:
        """Tell whether nothing was counted."""
        return not self.shares and not self.counts

    def is_complete_now(self) -> None:
        """Write that down."""
        self.complete = True

    def expire(self, now: float) -> None:
        """Remove what has expired."""
        for key, counted in list(self.shares.items()):
            if counted.expires_at is not None and counted.expires_at < now:
                assert counted.share == NOTHING
                if not counted.left:  # the item has its expiry only then
                    del self.shares[key]
        for content_id, expires_at in list(self.results.items()):
            if expires_at is not None and expires_at < now:
                del self.results[content_id]


def _page(places: Iterable[tuple[ItemKey, str]], after: ItemKey | None) -> KeyPage:
    rest = sorted(
        ((at.pk, at.sk), found)
        for at, found in places
        if after is None or (at.pk, at.sk) > (after.pk, after.sk)
    )
    page = rest[:KEYS_A_PAGE]
    cursor = ItemKey(*page[-1][0]) if len(rest) > len(page) else None
    return KeyPage([found for _, found in page], cursor)


@dataclass
class FakeContents:
    """The same store, as contents are followed in it: it reads shares under the same name as the tally."""

    tallies: FakeTallies

    def shares(self, keys: Collection[str]) -> Mapping[str, CountedImage]:
        """Read shares."""
        return self.tallies.current_shares(keys)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tallies, name)
