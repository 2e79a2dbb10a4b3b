"""The daily audit of the bucket against the table: how far its round has come, and where that stands.

| item  | pk             | sk      | holds                                            |
|-------|----------------|---------|--------------------------------------------------|
| audit | `audit#bucket` | `audit` | the round that is under way, or the last one     |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import cast

from contract.table import ItemKey

AUDIT_PREFIX = "audit#"
AUDIT = ItemKey(f"{AUDIT_PREFIX}bucket", "audit")

# What the schedule sends, and what somebody sends who wants to know now.
AUDIT_EVENT = "audit"
WHEN_DUE, NOW = "due", "now"


@dataclass(frozen=True)
class AuditRound:
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
        """Write the attributes of a DynamoDB item, without its keys."""
        return asdict(self)

    @classmethod
    def from_item(cls, item: Mapping[str, object]) -> AuditRound:
        """Read it back. Raise KeyError, TypeError or ValueError where it is none."""
        numbers = ("began_at", "images", "deletions", "listed", "differing")
        return cls(
            after=str(item["after"]),
            is_done=item["is_done"] is True,
            **{name: int(cast("int", item[name])) for name in numbers},
        )
