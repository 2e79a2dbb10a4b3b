"""Any combination of conditions finds what a plain filter over the records finds, whatever happens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import table
from contract.photos import PhotoFacts
from contract.records import Findings, ImageRecord, Status
from query_api.search.listing import RECORDS_OF_A_MATCH, Listing
from query_api.search.near import Near
from query_api.search.questions import BY_CAPTURE, ListQuestion, Order, Page
from tests.query_api.memory_table import MemoryTable
from tests.query_api.photos import commit, photo, rejected, tombstone

CONFIDENCES = st.sampled_from([45.0, 80.0, 80.004, 95.5, 100.0])
NAMES = st.sampled_from(["Cat", "cat", "Dog", "Animal", "Tree"])
WORDS = st.sampled_from(["stop", "exit", "café"])
STARS = st.sampled_from(["Ada Lovelace", "ADA LOVELACE", "Grace Hopper"])
COLORS = st.sampled_from(["blue", "grey", "red"])
CATEGORIES = st.sampled_from(["Violence", "Alcohol"])
TAKEN = st.sampled_from(["2026-07-30T23:59:59.999", "2026-07-31T00:00:00.000", "2031-01-01T00:00:00.000"])
CAMERAS = st.sampled_from([None, "Pixel 9", "PIXEL 9", "Straße"])
# On both sides of the date line, at a pole, and somewhere.
LATITUDES = st.sampled_from([None, 0.0, 0.05, 48.8584, 90.0])
LONGITUDES = st.sampled_from([None, 179.99, -179.99, 2.2945])
HASHES = st.sampled_from(
    [None, "0" * 16, f"{0b10:016x}", f"{0b111:016x}", f"{0b1111:016x}", "8001000100010000"]
)


@st.composite
def facts(draw: st.DrawFn) -> PhotoFacts:
    return PhotoFacts(
        "JPEG",
        640,
        480,
        is_direct=True,
        taken_at=draw(st.none() | TAKEN),
        camera=draw(CAMERAS),
        latitude=draw(LATITUDES),
        longitude=draw(LONGITUDES),
        hash=draw(HASHES),
        finds_duplicates=draw(st.booleans()),
    )


@st.composite
def findings(draw: st.DrawFn) -> Findings:
    labels = draw(st.dictionaries(NAMES, CONFIDENCES, max_size=5))
    return Findings(
        labels=labels,
        parents=frozenset(draw(st.sets(st.sampled_from(sorted(labels))))) if labels else frozenset(),
        faces=draw(st.sampled_from([None, 0, 1, 3])),
        moderation=draw(st.dictionaries(CATEGORIES, CONFIDENCES, max_size=2)),
        words=tuple(draw(st.sets(WORDS, max_size=3))),
        celebrities=draw(st.dictionaries(STARS, CONFIDENCES, max_size=2)),
        colors=tuple(draw(st.sets(COLORS, max_size=3))),
        equipment=tuple(draw(st.sets(st.just("head_cover"), max_size=1))),
        photo=draw(st.none() | facts()),
    )


@st.composite
def questions(draw: st.DrawFn) -> ListQuestion:
    """Draw a question that makes sense."""

    def some(names: st.SearchStrategy[str], most: int) -> tuple[str, ...]:
        return tuple(draw(st.lists(names, max_size=most, unique=True)))

    asked = ListQuestion(
        labels=some(NAMES, 3),
        any_labels=some(NAMES, 2),
        not_labels=draw(st.sampled_from([(), (), ("Tree",), ("dog", "Tree")])),
        include_parents=draw(st.booleans()),
        min_confidence_percent=draw(st.sampled_from([0.0, 0.0, 80.0, 80.003])),
        min_faces=draw(st.sampled_from([0, 0, 0, 1, 2])),
        words=draw(st.sampled_from([(), (), (), ("Stop",), ("stop", "CAFÉ")])),
        moderation=draw(st.sampled_from([None, None, None, "violence"])),
        celebrities=draw(st.sampled_from([(), (), (), (), ("ada lovelace",)])),
        colors=draw(st.sampled_from([(), (), (), ("Blue",), ("grey", "blue")])),
        equipment=draw(st.sampled_from([(), (), (), (), ("head_cover",)])),
        prefix=draw(st.sampled_from(["", "", "b/"])),
        uploaded_from=draw(st.sampled_from([None, None, "2026-11-23T12:00:02.000Z"])),
        uploaded_to=draw(st.sampled_from([None, None, "2026-11-23T12:00:06.000Z"])),
        taken_from=draw(st.sampled_from([None, None, None, "2026-07-31T00:00:00.000"])),
        taken_to=draw(st.sampled_from([None, None, None, "2026-07-31T23:59:59.999"])),
        camera=draw(st.sampled_from([None, None, None, "pixel 9", "STRASSE"])),
        near=draw(
            st.sampled_from(
                [
                    None,
                    None,
                    None,
                    Near(0, 180, 10),
                    Near(0, -180, 0.5),
                    Near(89.5, 1, 60),
                    Near(48.9, 2.3, 150),
                ]
            )
        ),
        order=draw(st.sampled_from([Order.NEWEST, Order.OLDEST, Order.TAKEN, Order.TAKEN_OLDEST])),
        limit=draw(st.integers(1, 12)),
    )
    if draw(st.booleans()):
        # Rather of files alone: few photos meet conditions of every kind.
        asked = ListQuestion(
            labels=some(NAMES, 1),
            taken_from=asked.taken_from,
            taken_to=asked.taken_to,
            camera=asked.camera,
            near=asked.near,
            order=asked.order,
            limit=asked.limit,
        )
    if draw(st.integers(0, 2)) == 0:
        looks = draw(st.sampled_from(["0" * 16, "0001000000000000"]))
        order = draw(st.sampled_from([Order.NEWEST, Order.OLDEST]))
        return asked._replace(near_duplicates_of="a/0.jpg", picture_hash=looks, order=order)
    if draw(st.booleans()) and (asked.labels or asked.any_labels or asked.moderation):
        return asked._replace(order=Order.CONFIDENCE)
    of_file = asked.camera or asked.near or asked.taken_from or asked.taken_to or asked.order in BY_CAPTURE
    by_choice = asked.celebrities or asked.colors or asked.equipment
    of_picture = asked.labels or asked.any_labels or asked.words or asked.moderation or asked.min_faces
    if not (of_picture or of_file or by_choice):
        return asked._replace(status=draw(st.sampled_from([Status.RECOGNIZED, Status.REJECTED])))
    return asked


def carried(asked: ListQuestion, record: ImageRecord) -> dict[str, float]:
    """Give the labels that count, in lower case."""
    found: dict[str, float] = {}
    for wanted in {name.casefold() for name in record.findings.labels}:
        spellings = [name for name in record.findings.labels if name.casefold() == wanted]
        surest = max(record.findings.labels[name] for name in spellings)
        is_parent = all(name in record.findings.parents for name in spellings)
        if surest >= asked.min_confidence_percent and (asked.include_parents or not is_parent):
            found[wanted] = surest
    return found


def is_wanted(asked: ListQuestion, record: ImageRecord) -> bool:  # noqa: PLR0911
    """Filter as one would without any index."""
    labels = carried(asked, record)
    if record.status is not asked.status:
        return False
    if not all(name.casefold() in labels for name in asked.labels):
        return False
    if asked.any_labels and not any(name.casefold() in labels for name in asked.any_labels):
        return False
    if any(name.casefold() in labels for name in asked.not_labels):
        return False
    if asked.min_faces and (record.findings.faces is None or record.findings.faces < asked.min_faces):
        return False
    if not all(word.casefold() in record.findings.words for word in asked.words):
        return False
    if asked.moderation is not None:
        categories = {name.casefold(): value for name, value in record.findings.moderation.items()}
        if categories.get(asked.moderation.casefold(), -1.0) < asked.min_confidence_percent:
            return False
    if not is_wanted_by_choice(asked, record.findings):
        return False
    if asked.uploaded_from is not None and record.version.uploaded_at < asked.uploaded_from:
        return False
    if asked.uploaded_to is not None and record.version.uploaded_at > asked.uploaded_to:
        return False
    return record.key.startswith(asked.prefix) and is_wanted_by_its_file(asked, record)


def is_wanted_by_choice(asked: ListQuestion, found: Findings) -> bool:
    pairs: tuple[tuple[tuple[str, ...], Iterable[str]], ...] = (
        (asked.celebrities, found.celebrities),
        (asked.colors, found.colors),
        (asked.equipment, found.equipment),
    )
    return all(
        any(name.casefold() == wanted.casefold() for name in names)
        for wants, names in pairs
        for wanted in wants
    )


def is_wanted_by_its_file(asked: ListQuestion, record: ImageRecord) -> bool:
    photo = record.findings.photo
    wanted = []
    if asked.order in BY_CAPTURE or asked.taken_from or asked.taken_to:
        taken = None if photo is None else photo.taken_at
        wanted.append(taken is not None and (asked.taken_from or "0") <= taken <= (asked.taken_to or "9999"))
    if asked.camera is not None:
        camera = None if photo is None else photo.camera
        wanted.append(camera is not None and camera.casefold() == asked.camera.casefold())
    if asked.near is not None:
        at = None if photo is None else (photo.latitude, photo.longitude)
        wanted.append(at in {place for place, nearby in AROUND.items() if asked.near in nearby})
    if asked.near_duplicates_of is not None:
        wanted.append(record.key != asked.near_duplicates_of and (distance(asked, record) or 0) <= 3)
        wanted.append(distance(asked, record) is not None)
    return all(wanted)


# Which of the places that photos have here are how near, by a map.
AROUND: dict[tuple[float | None, float | None], list[Near]] = {
    (0.0, 179.99): [Near(0, 180, 10)],
    (0.0, -179.99): [Near(0, 180, 10)],
    (0.05, 179.99): [Near(0, 180, 10)],
    (0.05, -179.99): [Near(0, 180, 10)],
    (90.0, 179.99): [Near(89.5, 1, 60)],
    (90.0, -179.99): [Near(89.5, 1, 60)],
    (90.0, 2.2945): [Near(89.5, 1, 60)],
    (48.8584, 2.2945): [Near(48.9, 2.3, 150)],
}


def distance(asked: ListQuestion, record: ImageRecord) -> int | None:
    photo = record.findings.photo
    if asked.picture_hash is None or photo is None or photo.hash is None or not photo.finds_duplicates:
        return None
    return sum(
        one != other
        for mine, its in zip(asked.picture_hash, photo.hash, strict=True)
        for one, other in zip(f"{int(mine, 16):04b}", f"{int(its, 16):04b}", strict=True)
    )


def place(asked: ListQuestion, record: ImageRecord) -> str:
    """Give a photo's place in the order that is asked for, when it was uploaded or taken."""
    photo = record.findings.photo
    if asked.order in BY_CAPTURE:
        assert photo is not None
        return f"{photo.taken_at} {table.upload_place(record).partition('#')[2]}"
    return table.upload_place(record)


def confidence(asked: ListQuestion, record: ImageRecord) -> float | None:
    labels = carried(asked, record)
    if asked.labels:
        return labels[asked.labels[0].casefold()]
    if asked.any_labels:
        return max(labels[name.casefold()] for name in asked.any_labels if name.casefold() in labels)
    if asked.moderation is not None:
        return {name.casefold(): value for name, value in record.findings.moderation.items()}[
            asked.moderation.casefold()
        ]
    return None


def expected(asked: ListQuestion, album: Album) -> list[ImageRecord]:
    """Filter and sort all records."""
    wanted = [record for record in album.records.values() if is_wanted(asked, record)]
    oldest_first = asked.order in {Order.OLDEST, Order.TAKEN_OLDEST}
    in_order = sorted(wanted, key=lambda record: place(asked, record), reverse=not oldest_first)
    if asked.order is Order.CONFIDENCE:
        in_order.sort(key=lambda record: -round(confidence(asked, record) or 0.0, 3))
    return in_order


@dataclass
class Album:
    """Photos in a table, and what happens to them. `left_alone` are those nothing happened to."""

    store: MemoryTable = field(default_factory=MemoryTable)
    records: dict[str, ImageRecord] = field(default_factory=dict)
    left_alone: set[str] = field(default_factory=set)
    second: int = 1000

    def add(self, second: int, found: Findings | None) -> None:
        key = f"{'ab'[len(self.records) % 2]}/{len(self.records)}.jpg"
        record = rejected(key, second=second) if found is None else photo(key, second=second)
        self._commit(record if found is None else replace(record, findings=found), sweeps=True)
        self.left_alone.add(key)

    def happen(self, what: str, which: int, found: Findings, *, sweeps: bool) -> None:
        keys = sorted(self.records)
        if what == "arrive" or not keys:
            self.second += 1
            key = f"arrived-{self.second}.jpg"
            self._commit(replace(photo(key, second=self.second), findings=found), sweeps=sweeps)
            return
        old = self.records[keys[which % len(keys)]]
        generation = old.generation + 1
        if what == "delete":
            new = tombstone(old)
        elif what == "overwrite":
            self.second += 1
            new = replace(
                photo(old.key, second=self.second, generation=generation),
                findings=found,
            )
        elif what == "relabel":
            new = replace(
                old, generation=generation, findings=found, status=Status.RECOGNIZED, rejection=None
            )
        else:
            new = replace(old, generation=generation)
        self._commit(new, sweeps=sweeps)

    def _commit(self, record: ImageRecord, *, sweeps: bool) -> None:
        old = self.records.get(record.key)
        commit(self.store, record)
        self.records[record.key] = record
        self.left_alone.discard(record.key)
        if old is not None and sweeps:
            for row in {row.at for row in table.index_rows(old)} - {
                row.at for row in table.index_rows(record)
            }:
                self.store.remove(row)


PHOTOS = st.lists(st.tuples(st.integers(0, 8), st.none() | findings()), max_size=40)
HAPPENINGS = st.lists(
    st.fixed_dictionaries(
        {
            "what": st.sampled_from(["arrive", "overwrite", "recognize again", "relabel", "delete"]),
            "which": st.integers(0, 30),
            "found": findings(),
            "sweeps": st.booleans(),
        }
    ),
    max_size=4,
)


def album_of(photos: list[tuple[int, Findings | None]], before: list[dict[str, Any]]) -> Album:
    album = Album()
    for second, found in photos:
        album.add(second, found)
    for happening in before:
        album.happen(**happening)
    album.left_alone = set(album.records)
    return album


def leaf_through(
    album: Album, asked: ListQuestion, max_read_budget: int, max_records: int, fewest_rows: int
) -> Iterator[Page]:
    listing = Listing(album.store, max_read_budget, max_records, fewest_rows)
    after: str | None = None
    while True:
        before = album.store.records_asked
        page = listing.page(asked._replace(after=after))
        assert album.store.records_asked - before <= min(max_records, RECORDS_OF_A_MATCH * asked.limit)
        is_short = len(page.matches) < asked.limit and page.next_after is not None
        assert (page.looked_at is not None) == is_short, "a page that ends early says so"
        assert page.looked_at is None or page.looked_at >= 1
        yield page
        if page.next_after is None:
            return
        assert page.next_after != after, "each page gets on"
        after = page.next_after


@settings(max_examples=150)
@given(
    photos=PHOTOS,
    before=HAPPENINGS,
    asked=questions(),
    max_read_budget=st.sampled_from([1, 150, 16_000]),
    max_records=st.sampled_from([1, 5, 2_000]),
    fewest_rows=st.sampled_from([1, 16]),
)
def test_in_a_quiet_album_the_pages_are_what_a_plain_filter_gives(
    *,
    photos: list[tuple[int, Findings | None]],
    before: list[dict[str, Any]],
    asked: ListQuestion,
    max_read_budget: int,
    max_records: int,
    fewest_rows: int,
) -> None:
    album = album_of(photos, before)

    pages = list(leaf_through(album, asked, max_read_budget, max_records, fewest_rows))
    shown = [match for page in pages for match in page.matches]

    in_order = expected(asked, album)
    assert [match.record for match in shown] == in_order
    assert [match.confidence for match in shown] == [confidence(asked, record) for record in in_order]
    assert [match.distance for match in shown] == [distance(asked, record) for record in in_order]


@settings(max_examples=120)
@given(
    photos=PHOTOS,
    before=HAPPENINGS,
    meanwhile=st.lists(HAPPENINGS, max_size=12),
    asked=questions(),
    max_read_budget=st.sampled_from([1, 150, 16_000]),
    fewest_rows=st.sampled_from([1, 16]),
)
def test_whatever_happens_between_pages_none_is_shown_twice_or_wrongly_and_none_left_alone_is_missing(
    *,
    photos: list[tuple[int, Findings | None]],
    before: list[dict[str, Any]],
    meanwhile: list[list[dict[str, Any]]],
    asked: ListQuestion,
    max_read_budget: int,
    fewest_rows: int,
) -> None:
    album = album_of(photos, before)
    shown: list[str] = []
    places: list[tuple[float, str]] = []
    for page in leaf_through(album, asked, max_read_budget, 2_000, fewest_rows):
        assert len(page.matches) <= asked.limit
        for match in page.matches:
            assert match.record == album.records[match.record.key]
            assert is_wanted(asked, match.record)
            shown.append(match.record.key)
            rank = round(match.confidence or 0.0, 3) if asked.order is Order.CONFIDENCE else 0.0
            places.append((rank, place(asked, match.record)))
        for happening in meanwhile.pop() if meanwhile else []:
            album.happen(**happening)

    # A photo that was overwritten while somebody leafs through is another one, at another place.
    alone = [key for key in shown if key in album.left_alone]
    assert len(set(alone)) == len(alone)
    assert places == sorted(places, reverse=asked.order not in {Order.OLDEST, Order.TAKEN_OLDEST})
    assert len(set(places)) == len(places)
    wanted = {key for key in album.left_alone if is_wanted(asked, album.records[key])}
    assert wanted <= set(shown)


BIG_QUESTIONS = [
    ListQuestion(labels=("Half", "Third", "Fifth")),
    ListQuestion(labels=("Half", "Rare")),
    ListQuestion(labels=("Rare", "Half", "Third"), order=Order.OLDEST),
    ListQuestion(labels=("Half", "Third"), min_confidence_percent=90.0),
    ListQuestion(labels=("Third",), any_labels=("Rare", "Fifth"), order=Order.OLDEST),
    ListQuestion(labels=("Old", "New")),
    ListQuestion(labels=("Old", "Half"), order=Order.OLDEST),
    ListQuestion(labels=("New", "Half"), order=Order.OLDEST),
    ListQuestion(labels=("Half",), not_labels=("Third",), order=Order.CONFIDENCE),
    ListQuestion(any_labels=("Rare", "Half", "Old"), order=Order.CONFIDENCE, min_confidence_percent=70.0),
]


def big_album(seed: int) -> Album:
    """Fill an album with labels of different frequency; `Old` and `New` never meet."""
    chance, album = Random(seed), Album()
    for second in range(400):
        shares = {"Half": 0.5, "Third": 0.33, "Fifth": 0.2, "Rare": 0.02}
        labels = {
            name: chance.choice([60.0, 75.0, 91.0, 99.5])
            for name, share in shares.items()
            if chance.random() < share
        }
        album.add(second, Findings({**labels, "Old" if second < 200 else "New": 80.0}))
    return album


@pytest.mark.parametrize(
    "asked", BIG_QUESTIONS, ids=lambda asked: f"{asked.labels}{asked.any_labels}{asked.order}"
)
@pytest.mark.parametrize(("max_read_budget", "fewest_rows"), [(16_000, 16), (16_000, 1), (400, 1)])
def test_labels_of_any_frequency_are_joined_without_a_gap(
    asked: ListQuestion, max_read_budget: int, fewest_rows: int
) -> None:
    album = big_album(seed=fewest_rows)
    question = asked._replace(limit=3)

    pages = leaf_through(album, question, max_read_budget, 2_000, fewest_rows)

    shown = [match.record for page in pages for match in page.matches]
    assert shown == expected(question, album)
    if asked.labels != ("Old", "New"):
        assert shown
