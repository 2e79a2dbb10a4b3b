"""What the counting Lambda keeps: what an image is counted for, counts, whose results are whose, its audit.

| item     | pk                     | sk               | holds                                               |
|----------|------------------------|------------------|-----------------------------------------------------|
| counted  | `counted#<key>`        | `counted`        | what this key is counted for                        |
| counts   | `tally#statuses`       | `tally`          | `=<status>`: how many images                        |
|          | `tally#labels#<0…>`    | `tally`          | `=<name>`: how many recognized images               |
| name     | `content#<content id>` | `named#<digest>` | a key whose record is of this content, and the turn |
| removal  | `content#<content id>` | `named!`         | that the results of this content have an expiry     |
| complete | `tally#names`          | `tally`          | that every record has its name                      |
| audit    | `audit#bucket`         | `audit`          | the round that is under way, or the last one        |

Whoever changes what a key is counted for changes the counts by the difference in the same transaction. So the
counts are the sum of all `counted` items at any time, whatever is repeated, reordered or killed.

Names stand beside the results of their content, so that these go when the last record does. A name counts
only while what its key is counted for names that content too: names are written after that, and removed after
that. docs/decisions/0011-results-go-with-the-last-record.md
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, cast
from zlib import crc32

from contract.items import PARTITION_KEY, SORT_KEY, ItemKey
from contract.records import ImageRecord, Status, key_digest
from contract.table import CONTENT_PREFIX, EXPIRY

COUNTED = "counted"
COUNTED_PREFIX = "counted#"
TALLY_PREFIX = "tally#"
STATUS_COUNTS = ItemKey(f"{TALLY_PREFIX}statuses", "tally")
# All of Rekognition's 3,000 labels are some 3 KB in each of so many items, a write of 3 units. A name must
# stay in its item: with another number, counting begins anew.
LABEL_COUNTS = tuple(ItemKey(f"{TALLY_PREFIX}labels#{number}", "tally") for number in range(16))
# Keeps names apart from the attributes of the key.
COUNT_PREFIX = "="

# Begins the sort keys of both names and removals, and those of no result: a detector's name has no such.
NAMES = "named"
NAME_PREFIX = "named#"
REMOVAL = "named!"
TOKEN = "token"  # noqa: S105 - whose turn it is, no secret
COMPLETE = ItemKey(f"{TALLY_PREFIX}names", "tally")

AUDIT_PREFIX = "audit#"
AUDIT = ItemKey(f"{AUDIT_PREFIX}bucket", "audit")
# What the schedule sends, and what somebody sends who wants to know now.
AUDIT_EVENT = "audit"
WHEN_DUE, NOW = "due", "now"

# What reading an item raises that was written by another release, by hand, or by a fault of ours.
UNREADABLE = (KeyError, ValueError, TypeError, AttributeError, ArithmeticError)
LARGEST = 2**53
# An ETag, a dash and a size, and a digest where answers are not shared; a partition key takes 2,048 bytes.
LONGEST_CONTENT_ID = 200


@dataclass(frozen=True)
class Share:
    """What one key is counted for: nothing, or a status and labels, each once whatever its case.

    `content` is what its bytes are called; None too where an older release counted it.
    """

    status: Status | None = None
    labels: frozenset[str] = frozenset()
    content: str | None = None

    @classmethod
    def of(cls, record: ImageRecord | None) -> "Share":
        """Return what a record stands for; none, or a deleted one, stands for nothing."""
        if record is None or record.status is Status.DELETED:
            return NOTHING
        each_once = {name.casefold(): name for name in sorted(record.findings.labels)}
        return cls(record.status, frozenset(each_once.values()), _content(record.content_id))


NOTHING = Share()


@dataclass(frozen=True)
class CountedImage:
    """What a key is counted for. `turn` goes up with each change of it.

    `left` are the contents that it was of before, and whose results are still to be decided on. `expires_at`
    (seconds since 1970) is set where it is counted for nothing, and written once nothing is left.
    """

    share: Share
    turn: int
    expires_at: int | None = None
    left: tuple[str, ...] = ()

    def to_item(self) -> dict[str, object]:
        item = {
            "status": None if self.share.status is None else str(self.share.status),
            "labels": sorted(self.share.labels) or None,
            "content": self.share.content,
            "turn": self.turn,
            "left": list(self.left) or None,
            EXPIRY: None if self.left else self.expires_at,
        }
        return {name: value for name, value in item.items() if value is not None}

    @classmethod
    def from_item(cls, item: Mapping[str, object]) -> "CountedImage":
        """Read it back. Raise ValueError, TypeError or KeyError where it is not what `to_item` writes.

        What would be taken for something else must not be read: it would be subtracted from the counts.
        """
        status = item.get("status")
        labels = item.get("labels", [])
        expires_at = item.get(EXPIRY)
        if status == Status.DELETED:
            raise ValueError("a deleted image is counted for nothing")
        content = item.get("content")
        share = Share(
            None if status is None else Status(cast("str", status)),
            frozenset(_texts(labels)),
            None if content is None else _content(content),
        )
        return cls(
            share=share,
            turn=_whole(item["turn"]),
            expires_at=None if expires_at is None else _whole(expires_at),
            left=tuple(_content(left) for left in _texts(item.get("left", []))),
        )


@dataclass
class Differences:
    """What is to be added to each count of each item, zeros left out."""

    by_item: dict[ItemKey, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, before: Share, after: Share) -> None:
        for share, by in ((before, -1), (after, 1)):
            if share.status is not None:
                self._add(STATUS_COUNTS, share.status, by)
            for name in share.labels:
                self._add(label_counts_key(name), name, by)

    def _add(self, at: ItemKey, name: str, by: int) -> None:
        counts = self.by_item[at]
        counts[name] = counts.get(name, 0) + by
        if not counts[name]:
            del counts[name]
        if not counts:
            del self.by_item[at]


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise TypeError(f"no list of texts: {value!r:.100}")
    return value


def _content(value: object) -> str:
    """Check that something names a content, by which an item can be found."""
    if not isinstance(value, str) or not 0 < len(value.encode()) <= LONGEST_CONTENT_ID:
        raise ValueError(f"no name of a content: {value!r:.100}")
    return value


def _whole(value: object) -> int:
    """Read a number that can be counted on from. DynamoDB's have 38 digits."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value < LARGEST:
        raise ValueError(f"no count: {value!r:.100}")
    if value != int(value):
        raise ValueError(f"no whole number: {value}")
    return int(value)


def counted_key(key: str) -> ItemKey:
    return ItemKey(f"{COUNTED_PREFIX}{key}", COUNTED)


def label_counts_key(name: str) -> ItemKey:
    """Return in which item a label is counted, in whatever case it is written."""
    return LABEL_COUNTS[crc32(name.casefold().encode()) % len(LABEL_COUNTS)]


def read_counts(item: Mapping[str, object]) -> dict[str, int]:
    """Read the counts out of one of their items: more than zero, by name."""
    counts = {
        name.removeprefix(COUNT_PREFIX): int(cast("Decimal", value))
        for name, value in item.items()
        if name not in (PARTITION_KEY, SORT_KEY)
    }
    return {name: count for name, count in counts.items() if count > 0}


class Name(NamedTuple):
    """A key whose record is of a content, since a turn of what it is counted for."""

    content_id: str
    key: str
    turn: int

    @property
    def at(self) -> ItemKey:
        return ItemKey(f"{CONTENT_PREFIX}{self.content_id}", f"{NAME_PREFIX}{key_digest(self.key)}")

    def to_item(self) -> dict[str, object]:
        return {"key": self.key, "turn": self.turn}

    @classmethod
    def from_item(cls, content_id: str, item: Mapping[str, object]) -> "Name":
        return cls(content_id, str(item["key"]), int(str(item["turn"])))


def removal_key(content_id: str) -> ItemKey:
    return ItemKey(f"{CONTENT_PREFIX}{content_id}", REMOVAL)


class AuditRound(NamedTuple):
    """One way through all keys of the bucket, in as many invocations as it takes.

    It began at `began_at` (seconds since 1970), when `images` were counted and `deletions` were on that day's
    counts; it has come to the key `after`, by way of `listed` keys, `differing` of which have no record or
    that of other bytes, beyond what messages were waiting for.
    """

    began_at: int
    images: int
    deletions: int
    after: str = ""
    listed: int = 0
    differing: int = 0
    is_done: bool = False

    def to_item(self) -> dict[str, object]:
        return self._asdict()

    @classmethod
    def from_item(cls, item: Mapping[str, object]) -> "AuditRound":
        """Read it back. Raise KeyError, TypeError or ValueError where it is none."""
        numbers = ("began_at", "images", "deletions", "listed", "differing")
        return cls(
            after=str(item["after"]),
            is_done=item["is_done"] is True,
            **{name: int(cast("int", item[name])) for name in numbers},
        )
