"""The raw results of a content expire when its last record goes, and stay when one comes back in time.

Every step can be repeated, by anybody, at any time. What makes it safe beside others:

- A name is written before the removal is read; a removal is written before names are read. So of one who
  comes and one who goes at the same time at least one sees the other.
- Who decides puts a token of its own into the removal first, then reads the names, then changes all results
  in one transaction, if the token still stands. So nobody acts on older names than another has.
- What was left stays written beside what the key is counted for until its results have been decided on.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Protocol

from aws.retries import RetryPolicy
from contract.tallies import CountedImage, Name
from contract.timing import RESULTS_GRACE_SECONDS

# Of many copies nearly always the first is alive.
NAMES_AT_ONCE = 25


class Named(NamedTuple):
    """What stands beside the results of a content: its names as written, and whether it is being removed."""

    names: Sequence[Name]
    is_being_removed: bool


class ContentStore(Protocol):
    """Where names, removals and results are. All is read as of now."""

    def names_there(self, names: Collection[Name]) -> set[Name]:
        """Return those of the names that stand as they are."""

    def put_names(self, names: Collection[Name]) -> None:
        """Write names, in place of older ones."""

    def being_removed(self, content_ids: Collection[str]) -> set[str]:
        """Return those whose results have an expiry, or may."""

    def shares(self, keys: Collection[str]) -> Mapping[str, CountedImage]:
        """Return what keys are counted for, as far as that can be read."""

    def named(self, content_id: str) -> Named:
        """Read all names of a content."""

    def drop(self, name: Name) -> None:
        """Remove a name, unless it was written again for a later turn."""

    def begin_deciding(self, content_id: str, expires_at: int) -> str:
        """Write a removal with a new token, in place of any; return the token."""

    def decide(self, content_id: str, token: str, expires_at: int | None) -> None:
        """Set an expiry on all results that have none; or remove it from all, and the removal too.

        The removal goes too where there are no results.
        Raise TransientError, with nothing changed, if the token does not stand any more.
        """

    def have_settled(self, key: str, counted: CountedImage) -> None:
        """Forget what was left, unless the key has had another turn."""

    def is_complete(self) -> bool:
        """Return whether every record has its name."""

    def is_new(self) -> bool:
        """Return whether nothing was ever counted."""

    def is_complete_now(self) -> None:
        """Write down that every record has its name."""


@dataclass
class ContentNames:
    """Follows which contents have records. `clock` gives seconds since 1970."""

    store: ContentStore
    retry: RetryPolicy
    clock: Callable[[], float]
    begun: bool = field(default=False, init=False)

    def begin(self) -> None:
        """Take note, before anything is counted in a new table, that no record is older than the names."""
        if not self.begun and self.retry(self.store.is_new):
            self.retry(self.store.is_complete_now)
        self.begun = True

    def follow(
        self,
        standing: Mapping[str, CountedImage],
        changed: Collection[str],
        overtaken: Callable[[Collection[str]], set[str]],
    ) -> set[str]:
        """Name the contents of these keys, and decide on those that they have left.

        Return the keys, of those that were written about, whose records were overtaken meanwhile: their names
        may have been written too late, and they have to be looked at again.
        """
        named = [
            Name(counted.share.content, key, counted.turn)
            for key, counted in standing.items()
            if counted.share.content is not None
        ]
        unchanged = [name for name in named if name.key not in changed]
        there = self.retry(partial(self.store.names_there, unchanged)) if unchanged else set()
        lacking = [name for name in named if name not in there]
        if lacking:
            self.retry(partial(self.store.put_names, lacking))
        late = overtaken({*changed, *(name.key for name in lacking)})
        doubtful = {content for counted in standing.values() for content in counted.left}
        doubtful |= {name.content_id for name in lacking if name.key in late}
        if named:
            contents = {name.content_id for name in named}
            doubtful |= self.retry(partial(self.store.being_removed, contents))
        for content_id in sorted(doubtful):
            self.settle(content_id)
        for key, counted in standing.items():
            if counted.left:
                self.retry(partial(self.store.have_settled, key, counted))
        return late

    def settle(self, content_id: str) -> None:
        self.retry(partial(self._settle, content_id))

    def _settle(self, content_id: str) -> None:
        named = self.store.named(content_id)
        if self._has_live(named.names) and not named.is_being_removed:
            return
        if not self.store.is_complete():
            return
        expires_at = int(self.clock()) + RESULTS_GRACE_SECONDS
        token = self.store.begin_deciding(content_id, expires_at)
        is_alive = self._has_live(self.store.named(content_id).names)
        self.store.decide(content_id, token, None if is_alive else expires_at)

    def _has_live(self, names: Sequence[Name]) -> bool:
        """Return whether one of them counts, and remove those before it that do not."""
        for start in range(0, len(names), NAMES_AT_ONCE):
            batch = names[start : start + NAMES_AT_ONCE]
            shares = self.store.shares([name.key for name in batch])
            for name in batch:
                if name.key in shares and shares[name.key].share.content == name.content_id:
                    return True
                self.store.drop(name)
        return False
