"""Questions: what can be asked, whether an image is meant, and the cursor that goes on where a page ended."""

import binascii
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from contract import table
from contract.records import ImageRecord, Status
from contract.table import IndexRow

DEFAULT_LIMIT = 50


class Order(StrEnum):
    """What comes first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    CONFIDENCE = "confidence"


class ListQuestion(NamedTuple):
    """Images that meet every condition here.

    An image carries a label if its confidence is at least `min_confidence_percent` and, unless
    `include_parents`, if it is not implied by another of its labels. An image matches that carries all of
    `labels`, one of `any_labels` and none of `not_labels`. `words` were read in them, in any order.
    `uploaded_from` and `uploaded_to` are ISO 8601 times in UTC, and both belong to the span. `after` is the
    place in the order where the page before this one ended.
    """

    labels: tuple[str, ...] = ()
    any_labels: tuple[str, ...] = ()
    not_labels: tuple[str, ...] = ()
    include_parents: bool = True
    min_confidence_percent: float = 0.0
    min_faces: int = 0
    words: tuple[str, ...] = ()
    moderation: str | None = None
    status: Status = Status.RECOGNIZED
    prefix: str = ""
    uploaded_from: str | None = None
    uploaded_to: str | None = None
    order: Order = Order.NEWEST
    limit: int = DEFAULT_LIMIT
    after: str | None = None


class Match(NamedTuple):
    """One image of a page. `confidence` is that of what was asked for, in percent; None where nothing was."""

    record: ImageRecord
    confidence: float | None = None


class Page(NamedTuple):
    """Matches in order. `next_after` says where the next page starts; None means there is no more.

    `rows_read` counts index rows, `rows_skipped` those of them whose record did not stand for them any more.
    `looked_at` is set where a bound of work ended the page before it was full: so many images were held
    against the question.
    """

    matches: tuple[Match, ...]
    next_after: str | None
    rows_read: int = 0
    rows_skipped: int = 0
    looked_at: int | None = None


class Scored(NamedTuple):
    """An image that matches: how sure the first thing asked for is in it, and its place in the order."""

    confidence: float | None
    place: str


class Matcher:
    """Holds images against a question. The record decides; index rows only say where to look."""

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


MAC_BYTES = 16


class ForeignCursorError(Exception):
    """A cursor is damaged, or was given for another question."""


@dataclass(frozen=True)
class Cursors:
    """Writes and reads cursors: where a page ended, as text that nobody else can make, for one question.

    `secrets` returns the keys that all copies of the function know: the first signs, each is taken.
    """

    secrets: Callable[[], Sequence[bytes]]

    def write(self, question: ListQuestion, after: str) -> str:
        """Write the cursor with which `question` goes on after a place."""
        return _written(_signature(self.secrets()[0], question, after), after)

    def resume(self, question: ListQuestion, cursor: str) -> ListQuestion:
        """Return the question that goes on where the cursor says. Raises ForeignCursorError.

        The limit may differ from page to page; everything else has to be asked again as it was.
        """
        try:
            content = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            signature, after = content[:MAC_BYTES], content[MAC_BYTES:].decode()
        except (binascii.Error, ValueError) as fault:
            raise ForeignCursorError from fault
        signatures = [_signature(secret, question, after) for secret in self.secrets()]
        if not any(hmac.compare_digest(signature, each) for each in signatures):
            raise ForeignCursorError
        # Base64 has several ways of writing the same bytes; ours is the one that is taken.
        if cursor != _written(signature, after):
            raise ForeignCursorError
        return question._replace(after=after)


def _written(signature: bytes, after: str) -> str:
    return urlsafe_b64encode(signature + after.encode()).rstrip(b"=").decode()


def _signature(secret: bytes, question: ListQuestion, after: str) -> bytes:
    # Names are matched without regard to case, so a question may be written in another case next time.
    asked = {
        name: [each.casefold() for each in value] if isinstance(value, tuple) else value
        for name, value in question._asdict().items()
        if name not in {"limit", "after"}
    }
    asked["moderation"] = (question.moderation or "").casefold()
    signed = json.dumps([asked, after], sort_keys=True).encode()
    return hmac.digest(secret, signed, "sha256")[:MAC_BYTES]
