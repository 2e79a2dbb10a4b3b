"""What a page costs at worst: bounded by what was asked for, whatever that is and however large the table."""

from dataclasses import replace
from typing import NamedTuple

import pytest

from contract.photos import PhotoFacts
from contract.records import Findings, ImageRecord
from query_api.search.listing import MAX_READ_BUDGET, MAX_RECORDS, Listing
from query_api.search.near import Near
from query_api.search.postings import ROWS_OF_A_UNIT
from query_api.search.questions import ListQuestion, Order, Page
from tests.query_api.memory_table import MemoryTable
from tests.query_api.photos import commit, photo
from tests.query_api.site import Site

PHOTOS = 6_000
MANY_WORDS = tuple(f"word{number}" for number in range(10))
MANY_LABELS = tuple(f"Label{number}" for number in range(10))


class Cost(NamedTuple):
    """Read units of a page, and of the one partition that it reads most of."""

    records: float
    rows: float
    worst_partition: float

    @property
    def total(self) -> float:
        return self.records + self.rows


def at(number: int) -> str:
    """Return a time of upload, a minute after that of the photo before."""
    return f"2026-11-{1 + number // 1440:02}T{number // 60 % 24:02}:{number % 60:02}:00.000Z"


def uploaded(record: ImageRecord, number: int) -> ImageRecord:
    return replace(record, version=replace(record.version, uploaded_at=at(number)))


EIFFEL = (48.8584, 2.2945)
HASH = "0123456789abcdef"


def facts(number: int) -> PhotoFacts:
    """Return what files say: taken in another order than uploaded, at one place, nearly all alike."""
    taken_at = at(number * 7 % PHOTOS).removesuffix("Z")
    look = f"{int(HASH, 16) ^ (0 if number % 2 else 0b1111):016x}"
    return PhotoFacts(
        "JPEG",
        4032,
        3024,
        is_direct=True,
        taken_at=taken_at,
        camera="Pixel 9",
        latitude=EIFFEL[0],
        longitude=EIFFEL[1],
        hash=look,
        finds_duplicates=True,
    )


@pytest.fixture(scope="module")
def full() -> MemoryTable:
    """Photos as most are, all with the same labels and words; every second has `Half`, every eighth `a/`."""
    return album(PHOTOS)


def album(photos: int) -> MemoryTable:
    table = MemoryTable()
    for number in range(photos):
        found = dict.fromkeys(("Person", *MANY_LABELS), 90.0) | ({"Half": 90.0} if number % 2 else {})
        folder = "a" if number % 8 == 0 else "trip to the sea"
        made = photo(f"{folder}/IMG_{number:06}.jpg", labels=found, faces=1, words=MANY_WORDS)
        made = replace(made, findings=replace(made.findings, photo=facts(number)))
        commit(table, uploaded(made, number))
    return table


def page_of(table: MemoryTable, asked: ListQuestion) -> tuple[Page, Cost]:
    table.units.clear()
    page = Listing(table).page(asked)
    rows = [units for partition, units in table.units.items() if partition != "records"]
    return page, Cost(table.units.get("records", 0), sum(rows), max(rows))


COSTLY = {
    "without a label that all have": ListQuestion(not_labels=("Person",)),
    "a beginning that none has": ListQuestion(prefix="zzz"),
    "a label, and a beginning that none has": ListQuestion(labels=("Person",), prefix="zzz"),
    "a beginning that few have, and more faces": ListQuestion(labels=("Person",), min_faces=9, prefix="a/"),
    "more faces than any": ListQuestion(min_faces=9),
    "the surest without what all have": ListQuestion(
        labels=("Person",), not_labels=("Half", "Person"), order=Order.CONFIDENCE
    ),
    "every kind of term": ListQuestion(
        labels=("Person", "Half", *MANY_LABELS[:3]),
        any_labels=MANY_LABELS,
        words=MANY_WORDS,
        min_faces=9,
        not_labels=("Person",),
    ),
    "every kind of term, and a beginning": ListQuestion(
        labels=("Person", *MANY_LABELS[:4]), any_labels=MANY_LABELS, words=MANY_WORDS, prefix="zzz"
    ),
    "every kind of term, and what files say": ListQuestion(
        labels=("Person", *MANY_LABELS[:4]),
        any_labels=MANY_LABELS,
        words=MANY_WORDS,
        camera="Pixel 9",
        near=Near(*EIFFEL, 1),
        near_duplicates_of="none.jpg",
        picture_hash=HASH,
        prefix="zzz",
    ),
    "taken with a camera that none is": ListQuestion(order=Order.TAKEN, camera="Leica"),
    "in order of capture, a beginning that none has": ListQuestion(order=Order.TAKEN_OLDEST, prefix="zzz"),
    "taken when none was, newest first": ListQuestion(taken_to="2000-01-01T00:00:00.000"),
    "a camera that all are, elsewhere": ListQuestion(camera="Pixel 9", near=Near(48.8590, 2.2945, 0.01)),
    "near duplicates of what all look like a little": ListQuestion(
        near_duplicates_of="none.jpg", picture_hash=f"{int(HASH, 16) ^ 0b11110000:016x}"
    ),
}


@pytest.mark.parametrize("limit", [1, 10, 50, 100])
@pytest.mark.parametrize("asked", COSTLY.values(), ids=COSTLY)
def test_a_question_that_finds_nothing_costs_what_it_asked_for(
    full: MemoryTable, asked: ListQuestion, limit: int
) -> None:
    page, cost = page_of(full, asked._replace(limit=limit))

    assert page.matches == ()
    assert page.next_after is not None
    assert page.looked_at is not None
    assert page.looked_at > 0
    assert cost.records <= min(10 * limit, 500)
    # Each term of a question is at least a query of each shard, of one unit.
    assert cost.rows <= max(MAX_READ_BUDGET // ROWS_OF_A_UNIT, 4 * 27)
    # A partition gives 3,000 units a second: docs/security.md holds this against the throttle.
    assert cost.worst_partition <= MAX_READ_BUDGET // ROWS_OF_A_UNIT / 4


@pytest.mark.parametrize(
    ("asked", "most_units"),
    [
        (ListQuestion(), 56),
        (ListQuestion(labels=("Person",)), 62),
        (ListQuestion(labels=("Half", "Label1", "Label2")), 140),
        (ListQuestion(not_labels=("Half",)), 125),
        (ListQuestion(order=Order.TAKEN), 56),
        (ListQuestion(order=Order.TAKEN, taken_to="2026-11-02T12:00:00.000"), 56),
        (ListQuestion(order=Order.TAKEN_OLDEST, labels=("Half",)), 125),
        (ListQuestion(camera="pixel 9"), 62),
        (ListQuestion(near=Near(*EIFFEL, 1)), 125),
        (ListQuestion(near=Near(*EIFFEL, 1), labels=("Half",)), 140),
        (ListQuestion(near_duplicates_of="a/IMG_000000.jpg", picture_hash=HASH), 170),
    ],
    ids=[
        *("newest", "a label", "three labels", "without a label that half have"),
        *("taken", "taken until", "taken, with a label", "a camera", "near", "near, with a label"),
        "near duplicates",
    ],
)
def test_ordinary_pages_are_full_and_cost_what_they_did(
    full: MemoryTable, asked: ListQuestion, most_units: int
) -> None:
    page, cost = page_of(full, asked)

    assert len(page.matches) == 50
    assert page.looked_at is None
    assert cost.total <= most_units


BY_FILE = [
    ListQuestion(order=Order.TAKEN),
    ListQuestion(order=Order.TAKEN_OLDEST, taken_from="2026-11-01T04:00:00.000"),
    ListQuestion(camera="pixel 9"),
    ListQuestion(near=Near(*EIFFEL, 1)),
    ListQuestion(near_duplicates_of="a/IMG_000000.jpg", picture_hash=HASH),
]


@pytest.mark.parametrize("asked", BY_FILE, ids=["taken", "taken from", "a camera", "near", "near duplicates"])
def test_a_page_by_what_files_say_costs_the_same_of_ten_times_as_many(
    full: MemoryTable, asked: ListQuestion
) -> None:
    fewer, cost_of_few = page_of(album(PHOTOS // 10), asked)
    many, cost = page_of(full, asked)

    assert len(fewer.matches) == len(many.matches) == 50
    assert cost.total <= cost_of_few.total + 2


@pytest.mark.parametrize(
    "asked", [BY_FILE[-1], ListQuestion(any_labels=MANY_LABELS)], ids=["near duplicates", "any label"]
)
def test_records_are_not_read_bit_by_bit_where_photos_have_many_of_the_terms(
    full: MemoryTable, asked: ListQuestion
) -> None:
    full.reads = 0

    page, _ = page_of(full, asked)

    assert len(page.matches) == 50
    assert full.reads <= 12


@pytest.mark.parametrize(("between", "is_found"), [(9, True), (10, False)])
def test_ten_images_are_looked_at_for_each_that_is_asked_for(between: int, is_found: bool) -> None:
    table = MemoryTable()
    commit(table, uploaded(photo("bird.jpg", labels={"Bird": 90.0}), 0))
    for number in range(1, between + 1):
        commit(table, uploaded(photo(f"{number}.jpg"), number))

    page, cost = page_of(table, ListQuestion(not_labels=("Cat",), limit=1))

    assert cost.records == 10
    assert len(page.matches) == is_found
    assert page.looked_at == (None if is_found else 10)


def test_short_pages_together_find_everything_once(full: MemoryTable) -> None:
    listing, found = Listing(full), list[str]()
    asked = ListQuestion(prefix="a/", not_labels=("Half",), limit=20)
    page = listing.page(asked)
    while True:
        found += [match.record.key for match in page.matches]
        if page.next_after is None:
            break
        page = listing.page(asked._replace(after=page.next_after))

    assert found == [f"a/IMG_{number:06}.jpg" for number in reversed(range(0, PHOTOS, 8))]


def test_looked_at_adds_up_to_the_photos_there_are(full: MemoryTable) -> None:
    listing, asked, looked_at = Listing(full), ListQuestion(prefix="zzz", limit=10), 0
    pages = [listing.page(asked)]
    while (after := pages[-1].next_after) is not None:
        looked_at += pages[-1].looked_at or 0
        pages.append(listing.page(asked._replace(after=after)))

    assert len(pages) > 3
    assert PHOTOS - 1_300 < looked_at < PHOTOS, "all but those of the last page, each once"


def large(number: int) -> ImageRecord:
    """Return a photo that was made to cost: the longest key, and words of 200 letters, read and given."""
    made = photo(f"{number:06}/{'n' * 1017}", labels={"Cat": 90.0})
    words = tuple(f"{word:03}{'w' * 197}" for word in range(100))
    said = replace(facts(number), keywords=tuple(f"{word:03}{'k' * 197}" for word in range(50)))
    return uploaded(replace(made, findings=Findings({"Cat": 90.0}, words=words, photo=said)), number)


@pytest.mark.parametrize(
    "asked",
    [ListQuestion(not_labels=("Cat",), limit=100), ListQuestion(prefix="zzz", limit=100)],
    ids=["records", "rows"],
)
def test_records_that_were_made_large_do_not_stretch_the_bound(asked: ListQuestion) -> None:
    table = MemoryTable()
    for number in range(1_000):
        commit(table, large(number))
    page, cost = page_of(table, asked)

    assert page.matches == ()
    # One bite may be under way when its size is seen.
    assert cost.records <= MAX_RECORDS + 100 * 9
    assert cost.rows <= MAX_READ_BUDGET // ROWS_OF_A_UNIT


def test_an_answer_says_that_it_ended_early(site: Site) -> None:
    for second in range(30):
        commit(site.table, photo(f"{second}.jpg", second=second))

    early = site.list(not_label="Cat", limit=2).json
    assert (early["images"], early["looked_at"]) == ([], 20)
    assert early["cursor"] is not None

    last = site.list(not_label="Cat", limit=2, cursor=early["cursor"]).json
    assert last == {"images": [], "cursor": None}
