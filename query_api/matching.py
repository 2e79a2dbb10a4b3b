"""Whether an image is one of those asked for. The head decides; rows only say where to look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from contract import table
from contract.records import Head
from contract.table import IndexRow
from query_api.questions import ListQuestion, Order


class Wanted:
    """The images that a question asks for."""

    def __init__(self, question: ListQuestion) -> None:
        self.question = question
        self._labels = _folded(question.labels)
        self._any_labels = _folded(question.any_labels)
        self._not_labels = _folded(question.not_labels)
        self._words = set(_folded(question.words))

    def may_be(self, row: IndexRow) -> bool:
        """Say whether the image of a row can be wanted, as far as the row knows."""
        asked = self.question
        return (
            (row.confidence is None or row.confidence >= asked.min_confidence_percent)
            and (asked.include_parents or not row.is_parent)
            and row.key.startswith(asked.prefix)
            and (asked.uploaded_from or "") <= row.at.sk <= f"{asked.uploaded_to or ''}~"
        )

    def is_met_by(self, head: Head) -> bool:
        """Say whether an image is wanted, as its head stands now."""
        asked, found = self.question, head.findings
        carried = self._carried(head)
        return (
            head.status is asked.status
            and all(name in carried for name in self._labels)
            and (not self._any_labels or any(name in carried for name in self._any_labels))
            and not any(name in carried for name in self._not_labels)
            and (found.faces or 0) >= asked.min_faces
            and self._words <= set(_folded(found.words))
            and (asked.moderation is None or self._moderated(head) >= asked.min_confidence_percent)
            and head.key.startswith(asked.prefix)
            and (asked.uploaded_from or "") <= head.version.uploaded_at <= (asked.uploaded_to or "~")
        )

    def confidence(self, head: Head) -> float | None:
        """Say how sure the first of what was asked for is in an image that is wanted, in percent."""
        carried = self._carried(head)
        if self._labels:
            return carried[self._labels[0]]
        if self._any_labels:
            return max(carried[name] for name in self._any_labels if name in carried)
        return None if self.question.moderation is None else self._moderated(head)

    def place(self, head: Head) -> str:
        """Say where an image that is wanted stands in the order asked for."""
        upload, confidence = table.upload_place(head), self.confidence(head)
        if self.question.order is not Order.CONFIDENCE or confidence is None:
            return upload
        return table.rank(confidence, upload)

    def _carried(self, head: Head) -> Mapping[str, float]:
        """Give the labels that an image carries, by name in lower case."""
        found, carried, plain = head.findings, dict[str, float](), set[str]()
        for name, confidence in found.labels.items():
            folded = name.casefold()
            carried[folded] = max(confidence, carried.get(folded, 0.0))
            if name not in found.parents:
                plain.add(folded)
        return {
            name: confidence
            for name, confidence in carried.items()
            if confidence >= self.question.min_confidence_percent
            and (self.question.include_parents or name in plain)
        }

    def _moderated(self, head: Head) -> float:
        category = (self.question.moderation or "").casefold()
        found = [value for name, value in head.findings.moderation.items() if name.casefold() == category]
        return max(found, default=-1.0)


def _folded(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.casefold() for name in names)
