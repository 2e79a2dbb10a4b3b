"""Dead letters by cause: how many, since when, and one to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from operations.dead_letters.causes import Cause
from operations.dead_letters.letters import DeadLetter


@dataclass
class Group:
    """The letters of one cause in one queue."""

    cause: Cause
    queue: str
    count: int = 0
    oldest_at: str = "9999"
    example_key: str | None = None
    example_id: str = ""

    def add(self, letter: DeadLetter) -> None:
        """Count a letter in."""
        self.count += 1
        if letter.first_sent_at < self.oldest_at:
            self.oldest_at = letter.first_sent_at
            self.example_key, self.example_id = next(iter(letter.keys), None), letter.id

    def to_json(self) -> dict[str, object]:
        """Write the group, for machines."""
        return {
            "cause": str(self.cause),
            "kind": self.cause.kind,
            "code": self.cause.code,
            "detector": self.cause.detector,
            "queue": self.queue,
            "count": self.count,
            "oldest_at": self.oldest_at,
            "example_key": self.example_key,
            "example_id": self.example_id,
        }


@dataclass
class Summary:
    """Counts letters. Its memory goes with the number of causes, not of letters."""

    groups: dict[tuple[str, Cause], Group] = field(default_factory=dict)

    def add(self, letter: DeadLetter) -> None:
        """Count a letter in."""
        place = (letter.queue, letter.cause)
        self.groups.setdefault(place, Group(letter.cause, letter.queue)).add(letter)

    @property
    def total(self) -> int:
        """How many letters were counted."""
        return sum(group.count for group in self.groups.values())

    def largest_first(self) -> list[Group]:
        """Return the groups, the largest first."""
        return sorted(self.groups.values(), key=lambda group: (-group.count, group.queue, str(group.cause)))

    def to_json(self) -> Mapping[str, object]:
        """Write all groups, for machines."""
        return {"total": self.total, "causes": [group.to_json() for group in self.largest_first()]}
