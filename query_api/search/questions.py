"""Questions: what can be asked, and whether an image is meant."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from contract import table
from contract.photos import NEAR_DUPLICATE_BITS, PhotoFacts, hash_distance
from contract.records import ImageRecord, Status
from contract.table import IndexRow
from query_api.search.near import Near

if TYPE_CHECKING:
    from contract.policy import ModerationAction, Policy

DEFAULT_LIMIT = 50


class Order(StrEnum):
    """What comes first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    CONFIDENCE = "confidence"
    TAKEN = "taken"
    TAKEN_OLDEST = "taken_oldest"


BY_CAPTURE = frozenset({Order.TAKEN, Order.TAKEN_OLDEST})
OLDEST_FIRST = frozenset({Order.OLDEST, Order.TAKEN_OLDEST})


class ListQuestion(NamedTuple):
    """Images that meet every condition here.

    An image carries a label if its confidence is at least `min_confidence_percent` and, unless
    `include_parents`, if it is not implied by another of its labels. An image matches that carries all of
    `labels`, one of `any_labels` and none of `not_labels`. `words` were read in them, in any order; all of
    `celebrities` are in them, all of `colors` cover a good part, and somebody wears each of `equipment`.
    `moderation_action` is what the policy asks to do with them. `kind` is `photo` or `video`.
    All of `persons`, by id, are on them, each at least as like as `least_similarity_percent`.
    `uploaded_from` and `uploaded_to` are ISO 8601 times in UTC, `taken_from` and `taken_to` by the camera's
    clock; both belong to the span. `picture_hash` is that of the photo `near_duplicates_of`, which itself is
    left out. `like` is what images mean, in any words, and `similar_to` the key of one that they are like,
    itself left out; both put the most similar first, down to `min_similarity`. `after` is the place in the
    order where the page before this one ended.
    """

    labels: tuple[str, ...] = ()
    any_labels: tuple[str, ...] = ()
    not_labels: tuple[str, ...] = ()
    include_parents: bool = True
    min_confidence_percent: float = 0.0
    min_faces: int = 0
    words: tuple[str, ...] = ()
    moderation: str | None = None
    moderation_action: "ModerationAction | None" = None
    celebrities: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    equipment: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    least_similarity_percent: float | None = None
    status: Status = Status.RECOGNIZED
    kind: str | None = None
    prefix: str = ""
    uploaded_from: str | None = None
    uploaded_to: str | None = None
    taken_from: str | None = None
    taken_to: str | None = None
    camera: str | None = None
    near: Near | None = None
    near_duplicates_of: str | None = None
    picture_hash: str | None = None
    like: str | None = None
    similar_to: str | None = None
    min_similarity: float | None = None
    order: Order = Order.NEWEST
    limit: int = DEFAULT_LIMIT
    after: str | None = None


class Match(NamedTuple):
    """One image of a page. `confidence` is that of what was asked for, in percent; None where nothing was.

    `distance` is that of near duplicates, in bits; `similarity` is 1 for what means the same as was asked.
    """

    record: ImageRecord
    confidence: float | None = None
    distance: int | None = None
    similarity: float | None = None


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
    """An image that matches: how sure the first thing asked for is in it, and its place in the order.

    `distance` is that of near duplicates, in bits.
    """

    confidence: float | None
    place: str
    distance: int | None = None


class RowBounds(NamedTuple):
    """Between which confidences rows of one term can lead to images that match, the upper one left out.

    `is_one_of_several` says that the term is of a label that is shown as one with others.
    """

    least: float
    below: float = inf
    is_one_of_several: bool = False


class Matcher:
    """Holds images against a question. The record decides; index rows only say where to look.

    `visible` are the prefixes whose images may be seen at all; None where all may. Where there is a `policy`,
    records are held against the question as it shows them.
    """

    def __init__(
        self,
        question: ListQuestion,
        visible: Sequence[str] | None = None,
        policy: "Policy | None" = None,
    ) -> None:
        self.question = question
        self.policy = policy
        self._bounds = _bounds_of_persons(question)
        if policy is not None:
            self._bounds |= _bounds(question, policy)
        self._visible = ("",) if visible is None else tuple(visible)
        self._prefixes = _within(question.prefix, self._visible)
        self._labels = _shown(question.labels, policy)
        self._any_labels = _shown(question.any_labels, policy)
        self._not_labels = _shown(question.not_labels, policy)
        self._names = {*self._labels, *self._any_labels, *self._not_labels}
        self._words = set(folded(question.words))
        self._celebrities = set(folded(question.celebrities))
        self._colors = set(folded(question.colors))
        self._equipment = set(folded(question.equipment))
        self._persons = set(question.persons)
        self._camera = None if question.camera is None else question.camera.casefold()
        self._is_by_capture = question.order in BY_CAPTURE
        self._asks_for_facts = self._is_by_capture or any(
            asked is not None
            for asked in (
                question.taken_from,
                question.taken_to,
                question.camera,
                question.near,
                question.picture_hash,
            )
        )

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Return what keys of images begin with that can match: what is asked for of what may be seen."""
        return self._prefixes

    @property
    def is_in_vain(self) -> bool:
        """Return whether nothing can match: what is asked for is nowhere that may be seen, or never shown."""
        asked = self.question
        return (
            not self._prefixes
            or len(self._labels) < len(asked.labels)
            or (bool(asked.any_labels) and not self._any_labels)
            or (asked.moderation_action is not None and not self._has_action())
        )

    def least(self, term: str) -> float:
        """Return how sure rows of a term have to be, in percent."""
        bounds = self._bounds.get(term)
        return self.question.min_confidence_percent if bounds is None else bounds.least

    def may_see(self, key: str) -> bool:
        return key.startswith(self._visible)

    def may_be(self, key: str) -> bool:
        """Return whether an image of this key may match, which says that it may be seen."""
        return key.startswith(self._prefixes)

    def may_match(self, row: IndexRow) -> bool:
        """Return whether the image of a row can match, as far as the row knows."""
        asked = self.question
        by_capture = self._is_by_capture
        first, last = (
            (asked.taken_from, asked.taken_to) if by_capture else (asked.uploaded_from, asked.uploaded_to)
        )
        return (
            self._is_sure(row)
            and row.key.startswith(self._prefixes)
            and (first or "") <= row.at.sk <= f"{last or ''}~"
        )

    def _is_sure(self, row: IndexRow) -> bool:
        if row.confidence is None:
            return True
        asked = self.question
        bounds = self._bounds.get(row.term) if self._bounds else None
        if bounds is None:
            is_label = asked.include_parents or not row.is_parent
            return row.confidence >= asked.min_confidence_percent and is_label
        return bounds.least <= row.confidence < bounds.below and (
            asked.include_parents or not row.is_parent or bounds.is_one_of_several
        )

    def match(self, record: ImageRecord) -> Scored | None:
        """Return how an image matches, as its record stands now; None if it does not."""
        asked, found = self.question, record.findings
        if not (
            record.status is asked.status
            and (asked.kind is None or asked.kind == table.kind_of(record))
            and (found.faces or 0) >= asked.min_faces
            and record.key.startswith(self._prefixes)
            and (asked.uploaded_from or "") <= record.version.uploaded_at <= (asked.uploaded_to or "~")
            and (not self._words or self._words <= set(folded(found.words)))
            and (not self._celebrities or self._celebrities <= set(folded(found.celebrities)))
            and (not self._colors or self._colors <= set(folded(found.colors)))
            and (not self._equipment or self._equipment <= set(folded(found.equipment)))
            and (not self._persons or self._has_persons(record))
            and (not self._asks_for_facts or self._has_facts(found.photo))
            and record.key != asked.near_duplicates_of
        ):
            return None
        carried = self._carried(record) if self._names else {}
        moderated = None if asked.moderation is None else self._moderated(record)
        if not (
            all(name in carried for name in self._labels)
            and (not self._any_labels or any(name in carried for name in self._any_labels))
            and not any(name in carried for name in self._not_labels)
            and (moderated is None or moderated >= asked.min_confidence_percent)
            and (asked.moderation_action is None or self._asks_for_action(record))
        ):
            return None
        confidence = self._first_confidence(record, carried, moderated)
        return Scored(confidence, self._place(record, confidence), self._distance(found.photo))

    def _first_confidence(
        self, record: ImageRecord, carried: Mapping[str, float], moderated: float | None
    ) -> float | None:
        """Return how sure the first of what was asked for is."""
        if self._labels:
            return carried[self._labels[0]]
        if self._any_labels:
            return max(carried[name] for name in self._any_labels if name in carried)
        if moderated is None and self.question.moderation_action is not None:
            return self._of_action(record)
        return moderated

    def _has_persons(self, record: ImageRecord) -> bool:
        found, least = record.findings.persons, self.question.least_similarity_percent or 0.0
        return all(name in found and found[name].similarity >= least for name in self._persons)

    def _has_action(self) -> bool:
        """Return whether the policy, or a person, ever asks for the action that is asked for."""
        action = self.question.moderation_action
        if self.policy is None or action is None:
            return False
        return action != action.REVIEW or bool(self.policy.categories(action))

    def _asks_for_action(self, record: ImageRecord) -> bool:
        return self.policy is not None and self.policy.action_of(record) == self.question.moderation_action

    def _of_action(self, record: ImageRecord) -> float | None:
        """Return how sure the surest category is that asks for the action; None where none does."""
        action = self.question.moderation_action
        if self.policy is None or action is None:
            return None
        categories = self.policy.categories(action)
        sure = (
            confidence
            for name, confidence in record.findings.moderation.items()
            if (bounds := categories.get(name.casefold())) and bounds[0] <= confidence < bounds[1]
        )
        return max(sure, default=None)

    def _place(self, record: ImageRecord, confidence: float | None) -> str:
        upload = table.upload_place(record)
        if self._is_by_capture:
            return table.taken_place(record) or upload
        if self.question.order is not Order.CONFIDENCE or confidence is None:
            return upload
        return table.rank(confidence, upload)

    def _has_facts(self, photo: PhotoFacts | None) -> bool:
        """Return whether the file says what is asked for: when, with what and where, and how it looks."""
        asked = self.question
        if photo is None:
            return False
        asks_when = self._is_by_capture or asked.taken_from is not None or asked.taken_to is not None
        if asks_when and not (
            photo.taken_at is not None
            and (asked.taken_from or "") <= photo.taken_at <= (asked.taken_to or "~")
        ):
            return False
        distance = self._distance(photo)
        return (
            (self._camera is None or (photo.camera or "").casefold() == self._camera)
            and (asked.near is None or _is_near(asked.near, photo))
            and (asked.picture_hash is None or (distance is not None and distance <= NEAR_DUPLICATE_BITS))
        )

    def _distance(self, photo: PhotoFacts | None) -> int | None:
        """Return how far a photo is from the one whose near duplicates are asked for, if it can be found."""
        asked = self.question.picture_hash
        if asked is None or photo is None or photo.hash is None or not photo.finds_duplicates:
            return None
        return hash_distance(asked, photo.hash)

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


def _within(asked: str, visible: Sequence[str]) -> tuple[str, ...]:
    """Return what is asked for of what may be seen, both given by prefixes."""
    return tuple(
        asked if asked.startswith(prefix) else prefix
        for prefix in visible
        if asked.startswith(prefix) or prefix.startswith(asked)
    )


def _is_near(near: Near, photo: PhotoFacts) -> bool:
    if photo.latitude is None or photo.longitude is None:
        return False
    return near.holds(photo.latitude, photo.longitude)


def _shown(names: Iterable[str], policy: "Policy | None") -> tuple[str, ...]:
    """Return the names, in lower case, under which labels are shown, without those that are not."""
    shown = names if policy is None else map(policy.shown_name, names)
    return folded(name for name in shown if name is not None)


def _bounds_of_persons(question: ListQuestion) -> dict[str, RowBounds]:
    """Return what rows of persons need: how sure labels have to be is no matter."""
    least = question.least_similarity_percent or 0.0
    return {table.person_term(name): RowBounds(least) for name in question.persons}


def _bounds(question: ListQuestion, policy: "Policy") -> dict[str, RowBounds]:
    """Return what rows need by their terms, as far as a policy says: in two roles, what both can do with."""
    asked, found = question.min_confidence_percent, dict[str, RowBounds]()
    for label in (*question.labels, *question.any_labels):
        names = policy.names(label)
        for name in names:
            least = max(asked, policy.threshold(name))
            found[table.label_term(name)] = RowBounds(least, is_one_of_several=len(names) > 1)
    if question.moderation_action is not None:
        for category, bounds in policy.categories(question.moderation_action).items():
            found[table.moderation_term(category)] = RowBounds(*bounds)
    if question.moderation is not None:
        term = table.moderation_term(question.moderation)
        least = max(asked, policy.rule(question.moderation).threshold)
        found[term] = RowBounds(min(least, found.get(term, RowBounds(least)).least))
        found[table.decided_term(question.moderation)] = RowBounds(least)
    return found


def folded(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.casefold() for name in names)
