"""Which keys name a content, so that its raw results go when the last of them does.

| item     | pk                     | sk               | holds                                               |
|----------|------------------------|------------------|-----------------------------------------------------|
| name     | `content#<content id>` | `named#<digest>` | a key whose record is of this content, and the turn |
| removal  | `content#<content id>` | `named!`         | that the results of this content have an expiry     |
| complete | `tally#names`          | `tally`          | that every record has its name                      |

Names stand beside the results of their content. A name counts only while what its key is counted for
(contract/tallies.py) names that content too: names are written after that, and removed after that.
docs/decisions/0011-results-go-with-the-last-record.md
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from contract.identity import key_digest
from contract.table import CONTENT_PREFIX, ItemKey
from contract.tallies import TALLY_PREFIX

# Begins the sort keys of both names and removals, and those of no result: a detector's name has no such.
NAMES = "named"
NAME_PREFIX = "named#"
REMOVAL = "named!"
TOKEN = "token"  # noqa: S105 - whose turn it is, no secret
COMPLETE = ItemKey(f"{TALLY_PREFIX}names", "tally")


class Name(NamedTuple):
    """A key whose record is of a content, since a turn of what it is counted for."""

    content_id: str
    key: str
    turn: int

    @property
    def at(self) -> ItemKey:
        """Where it stands."""
        return ItemKey(f"{CONTENT_PREFIX}{self.content_id}", f"{NAME_PREFIX}{key_digest(self.key)}")

    def to_item(self) -> dict[str, object]:
        """Return the attributes of its item, without its keys."""
        return {"key": self.key, "turn": self.turn}

    @classmethod
    def from_item(cls, content_id: str, item: Mapping[str, object]) -> Name:
        """Read it back."""
        return cls(content_id, str(item["key"]), int(str(item["turn"])))


def removal_key(content_id: str) -> ItemKey:
    """Return where it stands that the results of a content have an expiry."""
    return ItemKey(f"{CONTENT_PREFIX}{content_id}", REMOVAL)
