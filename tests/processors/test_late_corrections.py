"""A copy that was named only after its content was corrected is looked at again, whoever comes first."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from contract.records import ImageRecord, Status
from contract.tallies import Name
from processors.adapters.calls import retry_policy
from processors.counting.contents import ContentNames
from processors.counting.label_counter import LabelCounter
from processors.counting.late_corrections import LateCorrections
from tests.fakes.calls import nothing
from tests.fakes.tallies import FakeContents, FakeTallies
from tests.processors.test_tallying import Silence, a_record, cat

NOW = 1_000_000.0
CONTENT = cat("a.jpg").content_id


class Counting:
    """The tally of one table, and the keys that it asked to be looked at again."""

    def __init__(self) -> None:
        self.table = FakeTallies(complete=True)
        self.asked: list[str] = []
        retry = retry_policy(lambda _seconds: None)
        contents = ContentNames(FakeContents(self.table), retry, lambda: NOW)
        late = LateCorrections(self.table, retry, self._ask)
        log = cast("Any", Silence())
        self.tally = LabelCounter(
            self.table, contents, retry, lambda _what, _by: None, log, lambda: NOW, late
        )

    def _ask(self, keys: Sequence[str]) -> None:
        assert len(keys) <= 10
        self.asked += keys

    def count(self, *records: ImageRecord) -> None:
        self.table.records |= {record.key: record for record in records}
        self.tally.bring_in_line([record.key for record in records])

    def named(self) -> set[str]:
        return {name.key for name in self.table.names.values() if isinstance(name, Name)}


def test_a_photo_that_lacks_what_people_say_of_its_content_is_asked_for() -> None:
    counting = Counting()
    counting.table.corrected = {CONTENT: 2}

    counting.count(
        cat("old.jpg"), replace(cat("new.jpg"), corrections=2), a_record("bad", 1, Status.REJECTED)
    )

    assert counting.asked == ["old.jpg"]


def test_what_nobody_has_corrected_costs_no_second_read() -> None:
    counting = Counting()
    counting.count(cat("a.jpg"))
    reads = counting.table.calls.made["read records"]

    counting.count(cat("b.jpg"))

    assert counting.asked == []
    assert counting.table.calls.made["read corrections"] == 2
    assert counting.table.calls.made["read records"] == 2 * reads


def test_many_are_asked_for_in_messages_of_ten() -> None:
    counting = Counting()
    counting.table.corrected = {CONTENT: 1}

    counting.count(*(cat(f"{number:02}.jpg") for number in range(25)))

    assert counting.asked == [f"{number:02}.jpg" for number in range(25)]


@pytest.mark.parametrize("at", range(1, 15))
def test_whoever_corrects_at_any_moment_meets_the_copy_or_is_met(at: int) -> None:
    """Those who correct write first and read names then; the tally writes names first and reads then."""
    counting = Counting()
    countdown = iter(range(at, 0, -1))
    told: set[str] = set()

    def correct(_operation: str) -> None:
        if next(countdown, 0) == 1:
            counting.table.calls.before = nothing
            counting.table.corrected = {CONTENT: 1}
            told.update(counting.named())

    counting.table.calls.before = correct
    counting.count(cat("copy.jpg"))

    has_corrected = bool(counting.table.corrected)
    assert not has_corrected or "copy.jpg" in {*told, *counting.asked}
