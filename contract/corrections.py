"""What people say of a photo, kept apart from what detectors say and put over it whenever a record is made.

It is kept by content beside the raw results, so copies and renames have it, no call of a detector touches it,
and it goes when the last photo of its content does (docs/decisions/0026-corrections-by-content.md).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from contract.edits import MAX_LABELS, Decision, Edit, EditError
from contract.items import ItemKey
from contract.records import SURE, Findings, PersonMatch
from contract.table import CONTENT_PREFIX

if TYPE_CHECKING:
    from contract.said_of_persons import PersonsEdit, SaidOfPerson

CORRECTIONS = "corrections"
MAX_BY_CHARACTERS = 200
MAX_CHANGES = 20
# Of all changes that are kept: an item takes 400 KB, and is read with each record that is made.
MAX_CHANGES_CHARACTERS = 20_000


class Verdict(NamedTuple):
    """A decision: who made it, when (ISO 8601, UTC), and why."""

    decision: Decision
    by: str
    at: str
    why: str


class Change(NamedTuple):
    """One edit that changed something: who asked for it, when, and what it said, without what it left out."""

    by: str
    at: str
    edit: Mapping[str, Any]


@dataclass(frozen=True)
class Corrections:
    """What people say of one content, after `number` changes of it.

    `renamed` maps the detectors' name to the one that is shown instead. `persons` are those of whom people
    say that they are there, or not, by id. `changes` are the last ones, newest last.
    """

    number: int = 0
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    verdict: Verdict | None = None
    changes: tuple[Change, ...] = ()
    persons: "Mapping[str, SaidOfPerson]" = field(default_factory=dict)

    @property
    def decision(self) -> Decision | None:
        return None if self.verdict is None else self.verdict.decision

    @property
    def by_people(self) -> frozenset[str]:
        """Return the labels that a person has named, in lower case."""
        return _folded((*self.added, *self.renamed.values()))

    def apply(self, found: Findings) -> Findings:
        """Put what people say over what detectors found.

        A label that a person named has a confidence of 100. A parent goes with the last of the labels that
        imply it: a cat that is none makes no animal. What was renamed goes on implying its parents, for it is
        there, under another name.
        """
        gone = {name for name in found.labels if name.casefold() in _folded(self.removed)}
        while implied := {name for name, by in found.implied_by.items() if name not in gone and by <= gone}:
            gone |= implied
        hidden = _folded(self.renamed)
        labels = {
            name: confidence
            for name, confidence in found.labels.items()
            if name not in gone and name.casefold() not in hidden
        }
        spelled = {name.casefold(): name for name in labels}
        by_people = {
            spelled.get(name.casefold(), name): SURE for name in (*self.added, *self.renamed.values())
        }
        return replace(
            found,
            labels={**labels, **by_people},
            parents=frozenset(found.parents & labels.keys()) - by_people.keys(),
            persons=self._persons_on(found),
        )

    def _persons_on(self, found: Findings) -> Mapping[str, PersonMatch]:
        if not self.persons:
            return found.persons
        from contract.said_of_persons import put_over  # few deployments look for persons

        return put_over(self.persons, found)

    def edited(self, edit: Edit, by: str, at: str) -> "Corrections":
        """Return what stands after an edit: this very value where it says so already.

        Raise EditError where more would stand than can be kept.
        """
        after = self._with(edit)
        if edit.decision is not None and (edit.decision or None) != self.decision:
            verdict = Verdict(Decision(edit.decision), by, at, edit.why) if edit.decision else None
            after = replace(after, verdict=verdict)
        if edit.persons is not None:
            after = replace(after, persons=self._persons_with(edit.persons, by, at))
        if after == self:
            return self
        for part, names in (("add", after.added), ("remove", after.removed)):
            if len(names) + len(after.renamed) > MAX_LABELS:
                raise EditError(
                    part, f"must leave at most {MAX_LABELS} labels of a photo {part}ed or renamed by people"
                )
        changes = _last((*self.changes, Change(by, at, edit.to_json())))
        return replace(after, number=self.number + 1, changes=changes)

    def without_person(self, person: str) -> "Corrections":
        """Return what stands, and what is kept of changes, where nobody has ever named a person.

        Return this very value where nobody has. Else it is one more change, so that whoever has read what
        stood does not write it again; of which nothing is kept.
        """
        changes = tuple(
            change for each in self.changes if (change := _change_without(each, person)) is not None
        )
        persons = {name: said for name, said in self.persons.items() if name != person}
        if changes == self.changes and len(persons) == len(self.persons):
            return self
        return replace(self, number=self.number + 1, persons=persons, changes=changes)

    def _persons_with(self, edit: "PersonsEdit", by: str, at: str) -> "Mapping[str, SaidOfPerson]":
        from contract.said_of_persons import edited

        try:
            return edited(self.persons, edit, by, at)
        except ValueError as error:
            raise EditError("persons", str(error)) from error

    def _with(self, edit: Edit) -> "Corrections":
        """Return what stands of labels after an edit, each of them in one place alone."""
        added = {name.casefold(): name for name in self.added}
        removed = {name.casefold(): name for name in self.removed}
        renamed = {old.casefold(): (old, new) for old, new in self.renamed.items()}

        def forget_target(name: str) -> dict[str, str]:
            """Drop what was renamed to a name; return the names that it had."""
            folded = name.casefold()
            olds = {each: old for each, (old, new) in renamed.items() if new.casefold() == folded}
            for each in olds:
                del renamed[each]
            return olds

        for name in edit.reset:
            forget_target(name)
            for said in (added, removed, renamed):
                said.pop(name.casefold(), None)
        for name in edit.remove:
            removed |= forget_target(name)
            renamed.pop(name.casefold(), None)
            added.pop(name.casefold(), None)
            removed.setdefault(name.casefold(), name)
        for old, new in edit.rename.items():
            olds = forget_target(old)
            if added.pop(old.casefold(), None) is not None:
                added.setdefault(new.casefold(), new)
            removed.pop(old.casefold(), None)
            removed.pop(new.casefold(), None)
            renamed.pop(new.casefold(), None)
            for folded, name in {**olds, old.casefold(): old}.items():
                if folded != new.casefold():
                    renamed[folded] = (name, new)
        for name in edit.add:
            if (before := renamed.pop(name.casefold(), None)) is not None:
                added.setdefault(before[1].casefold(), before[1])
            removed.pop(name.casefold(), None)
            added.setdefault(name.casefold(), name)
        return replace(
            self,
            added=tuple(added.values()),
            removed=tuple(removed.values()),
            renamed=dict(renamed.values()),
        )

    def to_json(self) -> dict[str, Any]:
        """Write it for JSON, and for an item of DynamoDB: texts, one whole number, lists and mappings.

        Without what stands of persons, who have names for JSON.
        """
        return {
            "number": self.number,
            "added": list(self.added),
            "removed": list(self.removed),
            "renamed": dict(self.renamed),
            "decision": None
            if self.verdict is None
            else {**self.verdict._asdict(), "decision": str(self.verdict.decision)},
            "changes": [{"by": each.by, "at": each.at, **each.edit} for each in self.changes],
        }

    def to_item(self) -> dict[str, Any]:
        """Write the attributes of its item, without its keys.

        `called_at` is what results have, by which the tally knows what expires with a content.
        """
        known = {name: value for name, value in self.to_json().items() if value is not None}
        persons = {name: said.to_item() for name, said in self.persons.items()}
        return {
            **known,
            **({"persons": persons} if persons else {}),
            "called_at": self.changes[-1].at if self.changes else "",
        }

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "Corrections":
        """Read it back. Raise KeyError, TypeError, ValueError or AttributeError for anything else."""
        number, verdict = int(item["number"]), item.get("decision")
        if number < 1:
            raise ValueError(f"number is {number}")
        return cls(
            number=number,
            added=_texts(item["added"]),
            removed=_texts(item["removed"]),
            renamed={str(old): _text(new) for old, new in item["renamed"].items()},
            verdict=None
            if verdict is None
            else Verdict(
                Decision(verdict["decision"]), *(_text(verdict[name]) for name in ("by", "at", "why"))
            ),
            changes=tuple(
                Change(_text(each["by"]), _text(each["at"]), _without(each, "by", "at"))
                for each in item["changes"]
            ),
            persons=_persons(item["persons"]) if "persons" in item else {},
        )


# What stands where nobody has said anything.
NONE = Corrections()


def _persons(item: Mapping[str, Any]) -> "dict[str, SaidOfPerson]":
    from contract.said_of_persons import SaidOfPerson

    return {name: SaidOfPerson.from_item(said) for name, said in item.items()}


def _change_without(change: Change, person: str) -> Change | None:
    """Return a change as if it had not named a person; None where it said nothing else."""
    if "persons" not in change.edit:
        return change
    left = {
        part: kept
        for part, names in change.edit["persons"].items()
        if (kept := [name for name in names if name != person])
    }
    said = {**_without(change.edit, "persons"), **({"persons": left} if left else {})}
    return change._replace(edit=said) if said.keys() - {"why"} else None


def corrections_key(content_id: str) -> ItemKey:
    return ItemKey(f"{CONTENT_PREFIX}{content_id}", CORRECTIONS)


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.casefold() for name in names)


def _last(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Return the newest of the changes, as many as may be kept."""
    kept: list[Change] = []
    characters = 0
    for change in reversed(changes[-MAX_CHANGES:]):
        characters += len(str(change))
        if kept and characters > MAX_CHANGES_CHARACTERS:
            break
        kept.append(change)
    return tuple(reversed(kept))


def _without(item: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in names}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"no text: {value!r:.100}")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"no texts: {value!r:.100}")
    return tuple(map(_text, value))
