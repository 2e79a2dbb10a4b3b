"""Corrections where a policy says what is shown: aliases stand for labels, hidden names are not told."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from contract.corrections import Corrections
from contract.edits import Edit
from contract.policy import Policy


def meant(edit: Edit, policy: Policy) -> Edit:
    """Return an edit about the labels that names stand for.

    Whoever removes *Vehicle*, the name of *Car* and *Truck*, means what is seen; else the car below would go
    on showing it. So it is all labels of the alias, on the photo or not, which is the same each time it is
    asked for. What is added is what was said. Raise EditError where that is too much, or contradicts itself.
    """

    def labels(given: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(label for name in given for label in _labels(name, policy)))

    renames = {label: new for old, new in edit.rename.items() for label in _labels(old, policy)}
    return replace(edit, remove=labels(edit.remove), reset=labels(edit.reset), rename=renames)


def _labels(name: str, policy: Policy) -> tuple[str, ...]:
    names = policy.names(name)
    return names if len(names) > 1 else (name,)


def told(said: Corrections, policy: Policy) -> Corrections:
    """Return what people say without names that must not be read."""

    def names(given: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in given if not policy.hides(name))

    def renames(given: Mapping[str, str]) -> dict[str, str]:
        return {old: new for old, new in given.items() if names((old, new)) == (old, new)}

    def edit(given: Mapping[str, Any]) -> dict[str, Any]:
        shown = dict(given)
        for part in ("add", "remove", "reset"):
            if part in shown:
                shown[part] = list(names(shown[part]))
        if "rename" in shown:
            shown["rename"] = renames(shown["rename"])
        return shown

    return replace(
        said,
        added=names(said.added),
        removed=names(said.removed),
        renamed=renames(said.renamed),
        changes=tuple(change._replace(edit=edit(change.edit)) for change in said.changes),
    )
