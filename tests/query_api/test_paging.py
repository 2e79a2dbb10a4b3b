"""Whatever happens to the photos while somebody leafs through them, each page is true and none is missing."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from contract import table
from contract.records import Findings, ImageRecord, Status
from query_api.search.listing import Listing
from query_api.search.questions import ListQuestion, Page
from tests.query_api.memory_table import MemoryTable
from tests.query_api.photos import commit, photo, tombstone

CONFIDENCES = st.sampled_from([50.0, 80.0, 95.0])
LABELS = st.sampled_from(["Cat", "cat", "Dog"])


@dataclass
class Album:
    """Photos in a table, and what happened to them. `left_alone` are those nothing happened to."""

    store: MemoryTable = field(default_factory=MemoryTable)
    records: dict[str, ImageRecord] = field(default_factory=dict)
    left_alone: set[str] = field(default_factory=set)
    second: int = 1000

    def add(self, second: int, label: str, confidence: float) -> None:
        key = f"photo-{len(self.records)}.jpg"
        self._commit(photo(key, second=second, labels={label: confidence}), sweeps=True)
        self.left_alone.add(key)

    def upload(self, key: str, *, sweeps: bool) -> None:
        """Upload a photo, new or over an old one: it is the newest of all."""
        self.second += 1
        generation = self.records[key].generation + 1 if key in self.records else 1
        self._commit(photo(key, second=self.second, generation=generation), sweeps=sweeps)

    def recognize_again(self, key: str, *, sweeps: bool) -> None:
        """Give the same upload another revision."""
        record = self.records[key]
        if record.status is Status.RECOGNIZED:
            self._commit(replace(record, generation=record.generation + 1), sweeps=sweeps)

    def relabel(self, key: str, *, sweeps: bool) -> None:
        """Find something else on the same upload."""
        record = self.records[key]
        if record.status is Status.RECOGNIZED:
            other = Findings({"Dog": 70.0})
            self._commit(replace(record, generation=record.generation + 1, findings=other), sweeps=sweeps)

    def delete(self, key: str, *, sweeps: bool) -> None:
        self._commit(tombstone(self.records[key]), sweeps=sweeps)

    def _commit(self, record: ImageRecord, *, sweeps: bool) -> None:
        old = self.records.get(record.key)
        commit(self.store, record)
        self.records[record.key] = record
        self.left_alone.discard(record.key)
        if old is not None and sweeps:
            for row in set(table.index_rows(old)) - set(table.index_rows(record)):
                self.store.remove(row.at)

    def happen(self, happening: tuple[str, int, bool]) -> None:
        what, which, sweeps = happening
        if what == "arrive" or not self.records:
            self.upload(f"arrived-{self.second}.jpg", sweeps=sweeps)
        else:
            keys = sorted(self.records)
            getattr(self, what)(keys[which % len(keys)], sweeps=sweeps)

    def carries(self, record: ImageRecord, question: ListQuestion) -> bool:
        found = {table.label_term(name): value for name, value in record.findings.labels.items()}
        return found.get(table.label_term(question.labels[0]), -1.0) >= question.min_confidence_percent


HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from(["arrive", "upload", "recognize_again", "relabel", "delete"]),
        st.integers(0, 30),
        st.booleans(),
    ),
    max_size=4,
)
ALBUMS = st.lists(st.tuples(st.integers(0, 8), LABELS, CONFIDENCES), max_size=30)


def album_of(photos: list[tuple[int, str, float]], before: list[tuple[str, int, bool]]) -> Album:
    album = Album()
    for second, label, confidence in photos:
        album.add(second, label, confidence)
    for happening in before:
        album.happen(happening)
    album.left_alone = set(album.records)
    return album


def leaf_through(album: Album, question: ListQuestion, max_rows: int) -> Iterator[Page]:
    listing = Listing(album.store, max_read_budget=max_rows)
    page = listing.page(question)
    yield page
    while page.next_after is not None:
        page = listing.page(question._replace(after=page.next_after))
        yield page


@settings(max_examples=300)
@given(
    photos=ALBUMS,
    before=HAPPENINGS,
    meanwhile=st.lists(HAPPENINGS, max_size=12),
    limit=st.integers(1, 12),
    least=st.sampled_from([0.0, 80.0]),
    max_rows=st.sampled_from([1, 3, 10_000]),
)
def test_leafing_through_shows_each_photo_once_none_stale_and_none_missing(
    *,
    photos: list[tuple[int, str, float]],
    before: list[tuple[str, int, bool]],
    meanwhile: list[list[tuple[str, int, bool]]],
    limit: int,
    least: float,
    max_rows: int,
) -> None:
    album = album_of(photos, before)
    question = ListQuestion(labels=("Cat",), min_confidence_percent=least, limit=limit)
    shown: list[ImageRecord] = []
    for page in leaf_through(album, question, max_rows):
        assert len(page.matches) == limit or page.next_after is None or max_rows < 10_000
        for match in page.matches:
            assert match.record == album.records[match.record.key]
            assert album.carries(match.record, question)
            assert match.confidence in match.record.findings.labels.values()
            shown.append(match.record)
        for happening in meanwhile.pop() if meanwhile else []:
            album.happen(happening)

    keys = [record.key for record in shown]
    assert len(set(keys)) == len(keys)
    wanted = {key for key in album.left_alone if album.carries(album.records[key], question)}
    assert wanted <= set(keys)
    uploads = [record.version.uploaded_at for record in shown]
    assert uploads == sorted(uploads, reverse=True)


@settings(max_examples=100)
@given(photos=ALBUMS, before=HAPPENINGS, limit=st.integers(1, 12))
def test_in_a_quiet_album_the_pages_are_exactly_what_carries_the_label(
    photos: list[tuple[int, str, float]], before: list[tuple[str, int, bool]], limit: int
) -> None:
    album = album_of(photos, before)
    question = ListQuestion(labels=("Cat",), limit=limit)

    shown = [match.record for page in leaf_through(album, question, 10_000) for match in page.matches]

    assert {record.key for record in shown} == {
        key for key, record in album.records.items() if album.carries(record, question)
    }
