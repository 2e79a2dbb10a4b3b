"""What can be asked, and what a page of answers is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from contract.records import ImageRecord, Status

MAX_LIMIT = 100
DEFAULT_LIMIT = 50


class Order(StrEnum):
    """What comes first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    CONFIDENCE = "confidence"


@dataclass(frozen=True)
class ImageQuestion:
    """Everything known of one image; where `raw`, what Rekognition itself answered."""

    key: str
    raw: bool = False


@dataclass(frozen=True)
class ListQuestion:
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


@dataclass(frozen=True)
class Match:
    """One image of a page. `confidence` is that of what was asked for, in percent; None where nothing was."""

    record: ImageRecord
    confidence: float | None = None


@dataclass(frozen=True)
class Page:
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
