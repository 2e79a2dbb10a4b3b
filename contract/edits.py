"""What somebody asks to be changed of what is said of a photo, and what is no such thing."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from contract.said_of_persons import PersonsEdit

MAX_NAME_CHARACTERS = 200
MAX_WHY_CHARACTERS = 500
# Of labels that stand added, of those that stand removed, and of names in one edit.
MAX_LABELS = 50


class Decision(StrEnum):
    """What a person has decided about showing a photo."""

    ALLOW = "allow"
    BLOCK = "block"


class EditError(ValueError):
    """An edit that cannot be meant: `field` is the part of it that is wrong, the text what it has to be."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        self.field, self.reason = field, reason


@dataclass(frozen=True)
class Edit:
    """What somebody asks to be changed. Names of labels are compared without regard to case.

    `reset` takes back whatever people have said of a label, so that the detectors' word is shown again. A
    label is renamed onto one that is there to merge the two. `decision` is None where it stays as it is, and
    empty where there is to be none. `persons` says who is there and who is not, by id. Raise EditError for
    what contradicts itself, or is too much.
    """

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)
    reset: tuple[str, ...] = ()
    decision: Decision | str | None = None
    why: str = ""
    persons: "PersonsEdit | None" = None

    def __post_init__(self) -> None:
        if len(self.why) > MAX_WHY_CHARACTERS or not _is_plain(self.why):
            raise EditError("why", f"must be one line of at most {MAX_WHY_CHARACTERS} characters")
        if self.decision not in {None, "", *Decision}:
            raise EditError("decision", f"must be {', '.join(Decision)} or none")
        parts = {"add": self.add, "remove": self.remove, "rename": tuple(self.rename), "reset": self.reset}
        first: dict[str, str] = {}
        for part, names in (*parts.items(), ("rename", self.rename.values())):
            for name in names:
                if not 0 < len(name) <= MAX_NAME_CHARACTERS or name != name.strip() or not _is_plain(name):
                    raise EditError(
                        part,
                        f"must name labels of 1 to {MAX_NAME_CHARACTERS} characters in one line, without "
                        "blanks around them",
                    )
        for part, names in parts.items():
            for name in names:
                if (before := first.setdefault(name.casefold(), part)) != part:
                    raise EditError(part, f"must not name {name!r}, which {before} names too")
        for old, new in self.rename.items():
            if (taken := first.get(new.casefold())) not in (None, "add"):
                how = "is to become itself" if old.casefold() == new.casefold() else f"{taken} names too"
                raise EditError("rename", f"must not lead to {new!r}, which {how}")
        if not first and self.decision is None and self.persons is None:
            raise EditError(
                "body", "must name something to change: add, remove, rename, reset, persons or decision"
            )
        if len(first) > MAX_LABELS:
            raise EditError("body", f"must name at most {MAX_LABELS} labels")

    def to_json(self) -> dict[str, Any]:
        """Return what it says, without what it leaves out."""
        said = {
            "add": list(self.add),
            "remove": list(self.remove),
            "rename": dict(self.rename),
            "reset": list(self.reset),
            "decision": None if self.decision is None else str(self.decision) or "none",
            "persons": None if self.persons is None else self.persons.to_json(),
            "why": self.why,
        }
        return {name: value for name, value in said.items() if value}


def _is_plain(text: str) -> bool:
    """Return whether a text can be written everywhere: in one line, and in UTF-8."""
    return not any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in text)
