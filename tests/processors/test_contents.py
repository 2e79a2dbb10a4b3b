"""Two who change what names a content, one broken into at each of its steps by the other, or by a kill."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from contract.records import ImageRecord, Status
from contract.table import record_key
from contract.timing import RESULTS_GRACE_SECONDS
from processors.adapters.dynamodb_counting import CountingTable
from tests.fakes.calls import nothing
from tests.fakes.dynamodb import TABLE
from tests.processors.test_tallying import KilledError, TallyWorld, a_record

CONTENT = "c1-7"

# What happens to a key, and what it is then of; None is deleted.
Happening = tuple[str, str | None]
BEFORE: tuple[tuple[Happening, ...], ...] = (
    (),
    (("a.jpg", "c1"),),
    (("a.jpg", "c1"), ("a.jpg", None)),
    (("a.jpg", "c1"), ("b.jpg", "c1")),
    (("a.jpg", "c1"), ("b.jpg", "c1"), ("a.jpg", None), ("b.jpg", "c2")),
)
HAPPENINGS: tuple[Happening, ...] = (
    ("a.jpg", None),
    ("a.jpg", "c1"),
    ("a.jpg", "c2"),
    ("b.jpg", "c1"),
    ("b.jpg", None),
)


class Following:
    """A tally that is told what happens to keys."""

    def __init__(self, before: Sequence[Happening], *, has_results: bool = True) -> None:
        self.world = TallyWorld()
        if has_results:
            self.world.store.results[CONTENT] = None
        self.count_up = 0
        self.keys: list[str] = []
        for happening in before:
            self.happen(happening)
            self.deliver(happening[0])

    def happen(self, happening: Happening) -> None:
        key, etag = happening
        self.count_up += 1
        status = Status.DELETED if etag is None else Status.RECOGNIZED
        self.world.store.records[key] = a_record(key, self.count_up, status, (), etag or "")
        self.keys.append(key)

    def deliver(self, *keys: str) -> None:
        self.world.tally.bring_in_line(keys)

    def step_in(self, place: int, is_after: bool, act: Callable[[], None]) -> list[bool]:
        """Act once at some step from now on; the list that is returned says whether it came to that."""
        calls, steps, acted = self.world.store.calls, iter(range(1, 1000)), [False]

        def step(_operation: str) -> None:
            if next(steps) == place:
                calls.before = calls.after = nothing
                acted[0] = True
                act()

        calls.before, calls.after = (nothing, step) if is_after else (step, nothing)
        return acted

    def is_in_line(self) -> None:
        store = self.world.store
        store.calls.before = store.calls.after = nothing
        is_named = any(_is_of_content(record) for record in store.records.values())
        was_named = CONTENT in store.ever_named
        expected = None if is_named or not was_named else int(self.world.now) + RESULTS_GRACE_SECONDS
        assert store.results.get(CONTENT, expected) == expected
        names = {name.key for name in store.names.values() if name.content_id == CONTENT}
        if not is_named:
            assert not names
        assert names >= {key for key, record in store.records.items() if _is_of_content(record)}


def _is_of_content(record: ImageRecord) -> bool:
    return record.status is not Status.DELETED and record.version.content_id == CONTENT


def steps() -> Iterator[tuple[int, bool]]:
    """Every step of a delivery, before and after it, up to more than there are."""
    yield from ((place, is_after) for place in range(1, 40) for is_after in (False, True))


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("first", HAPPENINGS)
@pytest.mark.parametrize("second", HAPPENINGS)
@pytest.mark.parametrize("has_results", [True, False])
def test_the_one_breaks_in_on_the_other(
    before: tuple[Happening, ...], first: Happening, second: Happening, has_results: bool
) -> None:
    for place, is_after in steps():
        following = Following(before, has_results=has_results)

        def break_in(following: Following = following) -> None:
            following.happen(second)
            following.deliver(second[0])

        following.happen(first)
        acted = following.step_in(place, is_after, break_in)
        following.deliver(first[0])
        following.is_in_line()
        if not acted[0]:
            return
    pytest.fail("there are more steps than were tried")


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("first", HAPPENINGS)
@pytest.mark.parametrize("second", HAPPENINGS)
def test_who_is_killed_begins_again_whatever_has_happened_meanwhile(
    before: tuple[Happening, ...], first: Happening, second: Happening
) -> None:
    def kill() -> None:
        raise KilledError

    for place, is_after in steps():
        following = Following(before)
        following.happen(first)
        acted = following.step_in(place, is_after, kill)
        try:
            following.deliver(first[0])
        except KilledError:
            following.happen(second)
            following.deliver(second[0])
            following.deliver(first[0])
        following.is_in_line()
        if not acted[0]:
            return
    pytest.fail("there are more steps than were tried")


def test_results_that_are_not_shared_go_with_the_record_that_they_are_of() -> None:
    world = TallyWorld()
    records = {
        key: replace(a_record(key, 1, Status.RECOGNIZED, (), "c1"), shares_answers=False)
        for key in ("a.jpg", "b.jpg")
    }
    world.store.records.update(records)
    world.store.results.update(dict.fromkeys((record.content_id for record in records.values()), None))
    world.tally.bring_in_line(records)

    world.store.records["a.jpg"] = a_record("a.jpg", 2, Status.DELETED, (), "")
    world.tally.bring_in_line(["a.jpg"])

    assert world.store.results == {
        records["a.jpg"].content_id: int(world.now) + RESULTS_GRACE_SECONDS,
        records["b.jpg"].content_id: None,
    }


def test_an_expiry_that_stands_is_not_put_off_by_a_repetition() -> None:
    following = Following((("a.jpg", "c1"), ("a.jpg", None)))
    expires_at = following.world.store.results[CONTENT]
    following.world.now += 3600
    following.deliver("a.jpg")
    following.world.contents.settle(CONTENT)

    assert following.world.store.results[CONTENT] == expires_at


def test_a_name_that_is_there_is_not_written_again() -> None:
    following = Following((("a.jpg", "c1"),))
    written = following.world.store.calls.made["write names"]

    following.deliver("a.jpg")

    assert following.world.store.calls.made["write names"] == written == 1


def test_a_page_of_the_table_says_where_the_next_begins() -> None:
    class Paged:
        def scan(self, *, ExclusiveStartKey: Any = None, **_: Any) -> Any:  # noqa: N803
            assert ExclusiveStartKey == {"pk": {"S": "image#a.jpg"}, "sk": {"S": "record"}}
            at = {"pk": {"S": "image#b.jpg"}, "sk": {"S": "record"}}
            return {"Items": [at], "LastEvaluatedKey": at}

    paged: Any = Paged()
    page = CountingTable(paged, TABLE).keys(record_key("a.jpg"))

    assert (page.found, page.cursor) == (["b.jpg"], record_key("b.jpg"))
