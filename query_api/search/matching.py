"""Whether an image is one of those asked for. The record decides; index rows only say where to look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from contract import table
from contract.records import ImageRecord
from contract.table import IndexRow
from query_api.search.questions import ListQuestion, Order


@dataclass(frozen=True)
class Scored:
    """An image that matches: how sure the first thing asked for is in it, and its place in the order."""

    confidence: float | None
    place: str


class Matcher:
    """Holds images against a question."""

    def __init__(self, question: ListQuestion) -> None:
        self.question = question
        self._labels = _folded(question.labels)
        self._any_labels = _folded(question.any_labels)
        self._not_labels = _folded(question.not_labels)
        self._names = {*self._labels, *self._any_labels, *self._not_labels}
        self._words = set(_folded(question.words))

    def may_match(self, row: IndexRow) -> bool:
        """Return whether the image of a row can match, as far as the row knows."""
        asked = self.question
        return (
            (row.confidence is None or row.confidence >= asked.min_confidence_percent)
            and (asked.include_parents or not row.is_parent)
            and row.key.startswith(asked.prefix)
            and (asked.uploaded_from or "") <= row.at.sk <= f"{asked.uploaded_to or ''}~"
        )

    def match(self, record: ImageRecord) -> Scored | None:
        """Return how an image matches, as its record stands now; None if it does not."""
        asked, found = self.question, record.findings
        if not (
            record.status is asked.status
            and (found.faces or 0) >= asked.min_faces
            and record.key.startswith(asked.prefix)
            and (asked.uploaded_from or "") <= record.version.uploaded_at <= (asked.uploaded_to or "~")
            and (not self._words or self._words <= set(_folded(found.words)))
        ):
            return None
        carried = self._carried(record) if self._names else {}
        moderated = None if asked.moderation is None else self._moderated(record)
        if not (
            all(name in carried for name in self._labels)
            and (not self._any_labels or any(name in carried for name in self._any_labels))
            and not any(name in carried for name in self._not_labels)
            and (moderated is None or moderated >= asked.min_confidence_percent)
        ):
            return None
        confidence = self._first_confidence(carried, moderated)
        return Scored(confidence, self._place(record, confidence))

    def _first_confidence(self, carried: Mapping[str, float], moderated: float | None) -> float | None:
        """Return how sure the first of what was asked for is."""
        if self._labels:
            return carried[self._labels[0]]
        if self._any_labels:
            return max(carried[name] for name in self._any_labels if name in carried)
        return moderated

    def _place(self, record: ImageRecord, confidence: float | None) -> str:
        upload = table.upload_place(record)
        if self.question.order is not Order.CONFIDENCE or confidence is None:
            return upload
        return table.rank(confidence, upload)

    def _carried(self, record: ImageRecord) -> Mapping[str, float]:
        """Return the labels asked about that an image carries, by name in lower case."""
        found, carried, plain = record.findings, dict[str, float](), set[str]()
        for name, confidence in found.labels.items():
            folded = name.casefold()
            if folded in self._names and confidence >= self.question.min_confidence_percent:
                carried[folded] = max(confidence, carried.get(folded, 0.0))
            if name not in found.parents:
                plain.add(folded)
        if self.question.include_parents:
            return carried
        return {name: confidence for name, confidence in carried.items() if name in plain}

    def _moderated(self, record: ImageRecord) -> float:
        category = (self.question.moderation or "").casefold()
        found = [value for name, value in record.findings.moderation.items() if name.casefold() == category]
        return max(found, default=-1.0)


def _folded(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.casefold() for name in names)
