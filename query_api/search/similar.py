"""One page of images by similarity: neighbors of a vector, each held against its record before it is shown.

A search of the index gives 100 neighbors at most, and cannot be gone on with. Where these are not enough, the
index is searched in parts, which all keys are spread over, and the parts are put together: what comes before
the last neighbor of every part that gave 100 is all there is, in the right order. So a page goes on where the
one before ended until 16 parts are used up, some 1,600 images in. A condition has room for few prefixes: of
callers who may see more, each few are searched as parts are.

Where the index takes no ranges, prefixes and times narrow nothing there: those 1,600 are of all images, and
what does not match is left out of them here, as for every other condition.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from contract.meaning import MOST_NEIGHBORS, PARTS, Vector
from contract.records import ImageRecord, key_digest
from query_api.ports import Narrowing, Neighbor, Neighbors, RangesRefusedError, TableReader
from query_api.search.listing import MAX_RECORDS, bite
from query_api.search.questions import ListQuestion, Match, Matcher, Page

if TYPE_CHECKING:
    from contract.policy import Policy

# A condition has a bound of its own.
PREFIXES_AT_ONCE = 8
# Of one stage; the first, of a search for each few prefixes, is gone through in any case.
MOST_SEARCHES = 32


class _Ranked(NamedTuple):
    """Neighbors in order, up to where the order is known; `is_all` says that there are no others."""

    neighbors: Sequence[Neighbor]
    is_all: bool


@dataclass(frozen=True)
class SimilarImages:
    """Finds pages of images that are like a vector. `visible` and `policy` are as those of Listing."""

    table: TableReader
    neighbors: Neighbors
    visible: tuple[str, ...] | None = None
    policy: "Policy | None" = None
    most: int = MOST_NEIGHBORS
    max_records: int = MAX_RECORDS

    def page(self, question: ListQuestion, vector: Vector) -> Page:
        matcher = Matcher(question, self.visible, self.policy)
        if matcher.is_in_vain:
            return Page((), None)
        if self.neighbors.takes_ranges:
            with suppress(RangesRefusedError):
                within = narrowings(question, matcher.prefixes)
                return self._page(_PageUnderWay(question, matcher), vector, within)
        return self._page(_PageUnderWay(question, matcher), vector, [Narrowing()])

    def _page(self, under_way: "_PageUnderWay", vector: Vector, within: Sequence[Narrowing]) -> Page:
        stages = [parts for parts in PARTS if parts == PARTS[0] or parts * len(within) <= MOST_SEARCHES]
        for parts in stages:
            ranked = self._ranked(vector, within, parts, is_last=parts == stages[-1])
            ahead = under_way.ahead(ranked.neighbors)
            while batch := list(islice(ahead, under_way.bite(self.max_records))):
                # While a record is written anew, rows of both its revisions stand in the index.
                keys = list(dict.fromkeys(neighbor.key for neighbor in batch))
                taken = under_way.take(batch, self.table.records(keys))
                ahead = chain(batch[taken:], ahead)
            is_done = next(ahead, None) is None
            if is_done and (ranked.is_all or under_way.is_past_the_end):
                return under_way.ended(is_last=True)
            if under_way.is_full or not is_done:
                return under_way.ended(is_last=False, is_early=not under_way.is_full)
        return under_way.ended(is_last=True, is_early=True)

    def _ranked(self, vector: Vector, within: Sequence[Narrowing], parts: int, *, is_last: bool) -> _Ranked:
        places = [None] if parts == 1 else [(number, parts) for number in range(parts)]
        asked = [each._replace(part=part) for each in within for part in places]
        found = self.neighbors.nearest(vector, asked, self.most)
        # A part that is full may have more that are as similar as its last: from there on, the order is not
        # known. The last parts give what they have.
        ends = [max(neighbors, key=place) for neighbors in found if len(neighbors) >= self.most]
        merged = sorted((each for neighbors in found for each in neighbors), key=place)
        if not ends:
            return _Ranked(merged, is_all=True)
        end = min(map(place if is_last else _distance, ends))
        return _Ranked([each for each in merged if place(each) <= end], is_all=False)


def narrowings(question: ListQuestion, prefixes: tuple[str, ...]) -> list[Narrowing]:
    """Return what of a question the index can be asked: no image is in two of them."""
    within = Narrowing(
        None,
        _span(question.uploaded_from, question.uploaded_to),
        _span(question.taken_from, question.taken_to),
    )
    apart: list[str] = []
    for prefix in sorted(prefixes):
        if not (apart and prefix.startswith(apart[-1])):
            apart.append(prefix)
    if apart == [""]:
        return [within]
    return [
        within._replace(prefixes=tuple(apart[first : first + PREFIXES_AT_ONCE]))
        for first in range(0, len(apart), PREFIXES_AT_ONCE)
    ]


def _span(first: str | None, last: str | None) -> tuple[str, str] | None:
    return None if first is None and last is None else (first or "0", last or "~")


def place(neighbor: Neighbor) -> str:
    """Return where a neighbor stands: the more similar before the less, and then by its key."""
    return f"{_distance(neighbor)}#{key_digest(neighbor.key)}"


def _distance(neighbor: Neighbor) -> str:
    return f"{1 - neighbor.similarity:.6f}"


class _PageUnderWay:
    """What was found so far."""

    def __init__(self, question: ListQuestion, matcher: Matcher) -> None:
        self.question, self.matcher = question, matcher
        self.last = question.after
        self.matches: list[Match] = []
        self.looked_at = self.stale = self.misses = 0
        self.is_past_the_end = False

    @property
    def is_full(self) -> bool:
        return len(self.matches) >= self.question.limit

    def bite(self, max_records: int) -> int:
        """Return how many neighbors to look at next: none where the page is full."""
        room = self.question.limit - len(self.matches)
        return bite(room, self.misses, max_records - self.looked_at) if room else 0

    def ahead(self, neighbors: Sequence[Neighbor]) -> Iterator[Neighbor]:
        """Yield those that were not looked at yet and may match, down to what is similar enough.

        Of others, whom the caller may not see, no record is read.
        """
        least = self.question.min_similarity
        for neighbor in neighbors:
            if self.last is not None and place(neighbor) <= self.last:
                continue
            if least is not None and neighbor.similarity < least:
                self.is_past_the_end = True
                return
            if self.matcher.may_be(neighbor.key) and neighbor.key != self.question.similar_to:
                yield neighbor

    def take(self, neighbors: Sequence[Neighbor], records: Mapping[str, ImageRecord]) -> int:
        """Take neighbors until the page is full; return how many that were."""
        for taken, neighbor in enumerate(neighbors):
            if self.is_full:
                return taken
            self.last = place(neighbor)
            self.looked_at += 1
            record = records.get(neighbor.key)
            self.misses += 1
            if record is None or record.revision != neighbor.revision:
                self.stale += 1
            elif (scored := self.matcher.match(record)) is not None:
                self.misses = 0
                self.matches.append(Match(record, scored.confidence, scored.distance, neighbor.similarity))
        return len(neighbors)

    def ended(self, *, is_last: bool, is_early: bool = False) -> Page:
        """Return the page; `is_early` where others would have to be looked at that cannot be, or not now."""
        return Page(
            tuple(self.matches),
            None if is_last else self.last,
            self.looked_at,
            self.stale,
            self.looked_at if is_early else None,
        )
