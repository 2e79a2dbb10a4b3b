"""Where everything stands in the one DynamoDB table.

| item       | pk                     | sk                                | read by                    |
|------------|------------------------|-----------------------------------|----------------------------|
| head       | `image#<key>`          | `head`                            | key                        |
| raw result | `content#<content id>` | `<detector>#<fingerprint>`        | content                    |
| claim      | where its result will be | where its result will be        | content                    |
| budget     | `quota#<operation>`    | `budget`                          | operation                  |
| counts     | `counts#<day>`         | `counts`                          | day                        |
| index row  | `index#<term>#<shard>` | `<uploaded at>#<digest>#<revision>` | term, in order of upload |

A term is `label:<name in lower case>` or `status:<status>`. An index row counts only while the head of its
key has its revision: rows are written before the head that makes them true, and removed after the head that
makes them false, so a reader that compares the two is never shown a stale photo. A row that `imagepipe
reconcile` suspects of being left over carries `suspected_at` (seconds since 1970) until it is swept, or
written again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from zlib import crc32

from contract.identity import key_digest
from contract.records import Head, Status
from contract.results import ResultName

HEAD_PREFIX = "image#"
INDEX_PREFIX = "index#"
PARTITION_KEY = "pk"
SORT_KEY = "sk"
EXPIRY = "expires_at"
HEAD = "head"

# One partition takes 1,000 writes a second; a label that is on every photo is spread over this many. A number
# of partitions, not of servers: changing it means writing all index rows anew.
SHARDS = 4


@dataclass(frozen=True)
class ItemKey:
    """The primary key of one item."""

    pk: str
    sk: str


@dataclass(frozen=True)
class IndexRow:
    """One entry of one index term: this key carries this term, as of this revision of its head.

    `confidence` is in percent, and None where the term has none.
    """

    at: ItemKey
    key: str
    revision: str
    confidence: float | None = None

    def to_item(self) -> dict[str, object]:
        """Write the row as a DynamoDB item, keys included."""
        item: dict[str, object] = {
            PARTITION_KEY: self.at.pk,
            SORT_KEY: self.at.sk,
            "key": self.key,
            "revision": self.revision,
        }
        if self.confidence is not None:
            item["confidence"] = Decimal(str(self.confidence))
        return item

    @classmethod
    def from_item(cls, item: Mapping[str, object]) -> IndexRow:
        """Read a row back from its DynamoDB item."""
        confidence = item.get("confidence")
        return cls(
            at=ItemKey(str(item[PARTITION_KEY]), str(item[SORT_KEY])),
            key=str(item["key"]),
            revision=str(item["revision"]),
            confidence=None if confidence is None else float(str(confidence)),
        )


def head_key(key: str) -> ItemKey:
    """Say where the head of an object's key stands."""
    return ItemKey(f"{HEAD_PREFIX}{key}", HEAD)


def result_key(name: ResultName) -> ItemKey:
    """Say where a raw result stands."""
    return ItemKey(f"content#{name.content_id}", f"{name.detector}#{name.fingerprint}")


def counts_key(day: str) -> ItemKey:
    """Say where the processor's counts of a day (ISO 8601, UTC) stand."""
    return ItemKey(f"counts#{day}", "counts")


def budget_key(operation: str) -> ItemKey:
    """Say where the budget of a Rekognition operation stands, by which all workers share its quota."""
    return ItemKey(f"quota#{operation}", "budget")


def label_term(name: str) -> str:
    """Give the index term of a label; names are matched without regard to case."""
    return f"label:{name.casefold()}"


def status_term(status: Status) -> str:
    """Give the index term of all images that ended in a status."""
    return f"status:{status}"


def term_partitions(term: str) -> tuple[str, ...]:
    """List the partitions over which the rows of a term are spread."""
    return tuple(f"{INDEX_PREFIX}{term}#{shard}" for shard in range(SHARDS))


def index_rows(head: Head) -> tuple[IndexRow, ...]:
    """List the index rows that a head stands for; a deleted one stands for none."""
    if head.status is Status.DELETED:
        return ()
    digest = key_digest(head.key)
    shard = crc32(digest.encode()) % SHARDS
    sort_key = f"{head.version.uploaded_at}#{digest}#{head.revision}"

    def row(term: str, confidence: float | None) -> IndexRow:
        return IndexRow(
            ItemKey(f"{INDEX_PREFIX}{term}#{shard}", sort_key), head.key, head.revision, confidence
        )

    # Names that differ in case are one term, and a batch write takes each row once.
    labels: dict[str, float] = {}
    for name, confidence in head.findings.labels.items():
        labels[label_term(name)] = max(confidence, labels.get(label_term(name), 0.0))
    return (row(status_term(head.status), None), *(row(*label) for label in labels.items()))
