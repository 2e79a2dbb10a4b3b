"""Sweeping never removes an index row that is about to be true."""

from dataclasses import replace
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from contract.items import to_wire
from contract.records import ImageRecord
from contract.table import RECORD, index_rows
from contract.timing import PROCESSOR_TIMEOUT_SECONDS
from operations.commands import reconcile
from operations.commands.reconcile import GRACE_SECONDS
from operations.spool import DifferenceKind
from tests.operations.test_reconciling import copy_rows, recognized
from tests.operations.world import OperatedWorld
from tests.processors.world import World


def test_the_grace_is_longer_than_any_worker_lives() -> None:
    assert GRACE_SECONDS > PROCESSOR_TIMEOUT_SECONDS


def test_rows_marked_by_an_earlier_sweep_go_at_once() -> None:
    operated = recognized("a")
    rows = copy_rows(operated.world, "a", "0123456789abcdef")
    for place in rows:
        operated.world.table.items[place]["suspected_at"] = {"N": str(int(operated.now) - GRACE_SECONDS - 2)}
    began = operated.now

    with operated.surveyed() as (spool, _):
        assert operated.fix(spool).rows_removed == len(rows)
    assert operated.now == began


def test_a_row_that_became_true_before_it_was_marked_stays() -> None:
    operated = recognized("a")
    rows = copy_rows(operated.world, "a", "0123456789abcdef")

    with operated.surveyed() as (spool, _):
        operated.world.table.items["image#a", RECORD]["revision"] = {"S": "0123456789abcdef"}
        fixed = operated.fix(spool)

    assert (fixed.rows_removed, fixed.rows_left) == (0, 0)
    assert rows <= operated.world.table.items.keys()


def test_rows_are_removed_page_by_page_and_counted_together() -> None:
    operated = recognized("a")
    rows = copy_rows(operated.world, "a", "0123456789abcdef")
    assert len(rows) > 1

    with patch("operations.spool.PAGE", 1), operated.surveyed() as (spool, _):
        assert operated.fix(spool).rows_removed == len(rows)


def test_a_sweep_killed_while_it_waits_leaves_what_readers_see_as_it_was() -> None:
    operated = recognized("a")
    copy_rows(operated.world, "a", "0123456789abcdef")
    before = operated.world.visible_terms("a")

    def kill() -> None:
        raise KeyboardInterrupt

    operated.before_sleep = kill
    try:
        with operated.surveyed() as (spool, _):
            operated.fix(spool)
    except KeyboardInterrupt:
        operated.before_sleep = lambda: None
    operated.now += GRACE_SECONDS + 2

    assert operated.world.visible_terms("a") == before
    began = operated.now
    with operated.surveyed() as (spool, _):
        operated.fix(spool)
    assert operated.now == began
    assert operated.found()[DifferenceKind.ORPHANED_ROWS] == []


class Worker:
    """An invocation that writes the rows of a record at one moment, and the record itself at a later one."""

    def __init__(self, operated: OperatedWorld, record: ImageRecord, writes_at: int, commits_at: int) -> None:
        self.operated, self.record = operated, record
        self.writes_at, self.commits_at = writes_at, commits_at
        self.wrote_at: float | None = None
        self.steps = 0

    def step(self) -> None:
        """Act if it is time; a worker that has lived too long acts no more."""
        world = self.operated.world
        if self.steps == self.writes_at:
            self.wrote_at = self.operated.now
            write_rows(world, self.record)
        if self.steps == self.commits_at and self._is_alive():
            commit(world, self.record)
        self.steps += 1

    def _is_alive(self) -> bool:
        return self.wrote_at is not None and self.operated.now - self.wrote_at <= PROCESSOR_TIMEOUT_SECONDS


def write_rows(world: World, record: ImageRecord) -> None:
    for row in index_rows(record):
        world.table.items[row.at.pk, row.at.sk] = to_wire(row.to_item())


def commit(world: World, record: ImageRecord) -> None:
    world.table.items[f"image#{record.key}", "record"] = to_wire(
        {"pk": f"image#{record.key}", "sk": "record", **record.to_item()}
    )


@settings(max_examples=300)
@given(
    moments=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=3),
    crashed_before=st.booleans(),
)
def test_whatever_a_worker_does_meanwhile_a_record_keeps_all_its_rows(
    moments: list[tuple[int, int]], crashed_before: bool
) -> None:
    """The same work is tried again and again beside the sweep: same record, same rows."""
    operated = recognized("a")
    world = operated.world
    seen = world.record("a")
    assert seen is not None
    record = replace(seen, sequencer="FFFF", generation=seen.generation + 1)
    if crashed_before:
        write_rows(world, record)
    workers = [Worker(operated, record, min(pair), max(pair)) for pair in moments]
    for worker in workers:
        worker.step()

    def step(_: str = "") -> None:
        for worker in workers:
            worker.step()

    # Few and long waits, so that what happens between two calls is tried as often as what happens in a wait.
    with operated.surveyed() as (spool, _), patch.object(reconcile, "_WAIT_SECONDS", 15.0):
        world.calls.before = step
        operated.before_sleep = step
        operated.fix(spool)
        world.calls.before = lambda _: None

    standing = world.record("a")
    assert standing is not None
    assert {(row.at.pk, row.at.sk) for row in index_rows(standing)} <= world.table.items.keys()
