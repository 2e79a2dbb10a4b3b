"""`imagepipe reconcile`: the bucket against the table, and putting right what differs."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import typer

from aws.calls import MAX_ENTRIES
from aws.queues import Outgoing
from contract.moments import to_text
from contract.notifications import look_again_parts
from contract.quotas import KEYS_A_MESSAGE
from contract.timing import PROCESSOR_TIMEOUT_SECONDS
from operations import terminal
from operations.commands import options
from operations.renditions import RenditionFix
from operations.spool import LOOKED_AT_AGAIN, OF_RENDITIONS, Difference, DifferenceKind, Spool
from operations.survey import Survey, SurveyCounts
from operations.wiring import DeployedPipeline, connect

FOUND = 1
# Longer than any invocation of the processor, by what a write may take on its way and two clocks may differ.
GRACE_SECONDS = PROCESSOR_TIMEOUT_SECONDS + 30
_WAIT_SECONDS = 0.5
_KEYS_AT_ONCE = KEYS_A_MESSAGE * MAX_ENTRIES

MEANING: Mapping[DifferenceKind, str] = {
    DifferenceKind.MISSING: "photos without a record",
    DifferenceKind.STALE: "records of another version",
    DifferenceKind.ORPHANED: "records without a photo",
    DifferenceKind.ORPHANED_ROWS: "index rows without a record (invisible)",
    DifferenceKind.MISSING_RENDITIONS: "thumbnails and views that are not there",
    DifferenceKind.ORPHANED_RENDITIONS: "thumbnails and views that nothing names",
}


def reconcile(
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    prefix: Annotated[str, typer.Option("--prefix", help="Only keys with this prefix.")] = "",
    min_age: Annotated[
        float, typer.Option("--min-age", min=0, help="Younger photos count as in flight, in seconds.")
    ] = 60.0,
    show: Annotated[int, typer.Option("--show", min=0, help="How many keys to show of each kind.")] = 10,
    fix: Annotated[
        bool, typer.Option("--fix", help="Queue what differs, and remove what is left over.")
    ] = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Compare the bucket with the table. Exit code 1 if they differ and that was not fixed."""
    if fix:
        terminal.require_consent_possible(yes, "--fix")
    pipeline = connect(stack, local, directory)
    waiting = sum(queue.queue.depth().total for queue in pipeline.lanes)
    with Spool() as spool:
        counted = _survey(pipeline, spool, prefix, min_age)
        found = {kind: spool.count(kind) for kind in DifferenceKind}
        keys = {kind: spool.first_keys(kind, show) for kind in DifferenceKind}
        if not json:
            show_found(counted, found, keys, waiting)
        fixed: Fixed | None = None
        if fix and any(found.values()):
            question = "Queue these photos to be looked at again, and remove what is left over?"
            if terminal.consents(yes, question, "nothing was changed"):
                fixed = _fix(pipeline, spool, found)
        if json:
            terminal.print_json(document(counted, found, keys, waiting, fixed))
    unfixed = any(found.values()) and (fixed is None or fixed.not_taken)
    return FOUND if unfixed else 0


def _survey(pipeline: DeployedPipeline, spool: Spool, prefix: str, min_age: float) -> SurveyCounts:
    survey = Survey(pipeline, spool, time.time, min_age)
    counted = survey.counted
    with terminal.stepwise("comparing") as display:
        for now in display.until_interrupted(survey.run(prefix)):
            display.show(
                f"{now.objects:,} photos, {now.records:,} records, {now.rows:,} index rows",
                done=now.renditions + now.objects + now.records + now.tombstones + now.rows,
            )
    display.raise_if_interrupted(
        f"{counted.objects:,} photos and {counted.records:,} records were compared, not all; "
        "nothing was changed"
    )
    return counted


def _fix(pipeline: DeployedPipeline, spool: Spool, found: Mapping[DifferenceKind, int]) -> "Fixed":
    fix = Fix(pipeline, spool, time.time, time.sleep)
    fixed = fix.fixed
    queued = (*LOOKED_AT_AGAIN, DifferenceKind.MISSING_RENDITIONS)
    with terminal.stepwise("queueing", sum(found[kind] for kind in queued)) as display:
        for _ in display.until_interrupted(fix.queue_keys()):
            display.show(done=fixed.queued + fixed.not_taken)
        display.begin("index rows", found[DifferenceKind.ORPHANED_ROWS])
        for doing in display.until_interrupted(fix.sweep()):
            display.show(doing, done=fixed.rows_removed)
        display.begin("renditions", found[DifferenceKind.ORPHANED_RENDITIONS])
        for _ in display.until_interrupted(fix.remove_renditions()):
            display.show(done=fixed.renditions_removed)
    rows = f"{fixed.rows_removed:,} index rows removed"
    said = f"{fixed.queued:,} keys were queued, {rows}, {fixed.renditions_removed:,} renditions removed"
    display.raise_if_interrupted(f"{said}, not all; run it again for the rest")
    terminal.remark(said)
    if fixed.not_taken:
        terminal.remark(f"{fixed.not_taken:,} keys were not taken by SQS: {fixed.last_refusal}")
    return fixed


def show_found(
    counted: SurveyCounts,
    found: Mapping[DifferenceKind, int],
    keys: Mapping[DifferenceKind, list[str]],
    waiting: int,
) -> None:
    notes = f", and {counted.tombstones:,} notes of deleted ones" if counted.tombstones else ""
    typer.echo(
        f"{counted.objects:,} photos in the bucket; {counted.records:,} records{notes}; "
        f"{counted.rows:,} index rows compared; {counted.in_flight:,} in flight"
        f"{f'; {counted.renditions:,} thumbnails and views' if counted.renditions else ''}"
    )
    if counted.archived:
        typer.echo(
            f"{counted.archived:,} of the photos are archived and cannot be read: with --fix, those without "
            "a record are looked at once, and recorded as rejected"
        )
    for kind, meaning in MEANING.items():
        if kind not in OF_RENDITIONS or counted.renditions or found[kind]:
            typer.echo(f"{kind.replace('_', ' '):<20}{found[kind]:>9,}  {meaning}")
        for key in keys[kind]:
            typer.echo(f"{'':<31}{terminal.printable(key)}")
    if waiting and any(found.values()):
        typer.echo(f"{waiting:,} messages wait in the queues, and may settle some of it")


def document(
    counted: SurveyCounts,
    found: Mapping[DifferenceKind, int],
    keys: Mapping[DifferenceKind, list[str]],
    waiting: int,
    fixed: "Fixed | None",
) -> dict[str, object]:
    return {
        "objects": counted.objects,
        "archived": counted.archived,
        "heads": counted.records,
        "tombstones": counted.tombstones,
        "index_rows": counted.rows,
        "renditions": counted.renditions,
        "in_flight": counted.in_flight,
        "messages_waiting": waiting,
        **{str(kind): {"count": found[kind], "keys": keys[kind]} for kind in DifferenceKind},
        "fixed": fixed.to_json() if fixed else None,
    }


@dataclass
class Fixed:
    """What was put right, and what was not."""

    queued: int = 0
    not_taken: int = 0
    rows_removed: int = 0
    rows_left: int = 0
    renditions_removed: int = 0
    last_refusal: str = ""

    def to_json(self) -> dict[str, object]:
        return {
            "keys_queued": self.queued,
            "keys_not_taken": self.not_taken,
            "rows_removed": self.rows_removed,
            "rows_left": self.rows_left,
            "renditions_removed": self.renditions_removed,
        }


@dataclass
class Fix:
    """Puts right what a survey has found. Killed in between, the next survey finds the rest.

    Photos: the processor is asked to look at them again, for it alone writes records. What is missing or
    stale is recognized; a record without an object becomes a tombstone, its index rows go, and both are
    announced. The requests go to the bulk queue, so that no photo uploaded now waits behind them.

    Index rows that no record stands for are removed, without ever removing one that is about to be true. Rows
    are written before the record that makes them true, and a message that is tried again writes the very same
    rows again: a row may be old, and invisible, and true in a moment. So a row is marked first. Whoever
    writes it again replaces the whole item, and with it the mark. After GRACE_SECONDS every worker that may
    have written the row before it was marked has committed its record, or is no more. Then the record is
    read, and if it still does not stand for the row, the row is removed on condition that it has the mark
    still. Whoever commits the record after it was read has written the row after the mark, so the condition
    fails.

    Renditions: operations/renditions.py.

    Killed in between, marks stay behind; they change nothing, and the next sweep need not wait for them.

    `clock` gives seconds since 1970.
    """

    pipeline: DeployedPipeline
    spool: Spool
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    fixed: Fixed = field(default_factory=Fixed)

    def queue_keys(self) -> Iterator[Fixed]:
        """Queue all keys to be looked at again, step by step."""
        for kind in LOOKED_AT_AGAIN:
            for page in self.spool.pages(kind):
                for start in range(0, len(page), _KEYS_AT_ONCE):
                    self._send([finding.key for finding in page[start : start + _KEYS_AT_ONCE]])
                    yield self.fixed
        for page in self.spool.pages(DifferenceKind.MISSING_RENDITIONS):
            keys = self._renditions.have_made_again(page)
            for start in range(0, len(keys), _KEYS_AT_ONCE):
                self._send(keys[start : start + _KEYS_AT_ONCE])
            yield self.fixed

    def sweep(self) -> Iterator[str]:
        """Mark index rows, wait, remove them; yield what is being done."""
        for page in self.spool.pages(DifferenceKind.ORPHANED_ROWS):
            self._mark(page)
            yield "marking index rows"
        last_marked_at = self.spool.last_marked_at()
        if last_marked_at is not None:
            # A mark is in whole seconds, cut off.
            until = last_marked_at + 1 + GRACE_SECONDS
            while (left := until - self.clock()) > 0:
                yield f"waiting {left:.0f} s until no worker can know of the marked index rows"
                self.sleep(min(_WAIT_SECONDS, left))
        for page in self.spool.pages(DifferenceKind.ORPHANED_ROWS):
            self._remove(page)
            yield f"{self.fixed.rows_removed:,} index rows removed"

    def remove_renditions(self) -> Iterator[Fixed]:
        """Remove what nobody names, step by step."""
        for page in self.spool.pages(DifferenceKind.ORPHANED_RENDITIONS):
            self.fixed.renditions_removed += self._renditions.remove(page)
            yield self.fixed

    @property
    def _renditions(self) -> RenditionFix:
        assert self.pipeline.renditions is not None
        return RenditionFix(self.pipeline, self.pipeline.renditions)

    def _send(self, keys: list[str]) -> None:
        parts = look_again_parts(self.pipeline.names.bucket, keys, to_text(self.clock()))
        refused = self.pipeline.bulk.queue.send(
            [Outgoing(str(number), body) for number, (_, body) in enumerate(parts)]
        )
        for error in refused.values():
            self.fixed.last_refusal = error.message
        not_taken = sum(len(parts[int(number)][0]) for number in refused)
        self.fixed.not_taken += not_taken
        self.fixed.queued += len(keys) - not_taken

    def _mark(self, page: Sequence[Difference]) -> None:
        unmarked = [finding for finding in page if finding.suspected_at is None]
        now = int(self.clock())
        there = self.pipeline.executor.map(
            lambda finding: self.pipeline.table.mark(finding.at, now), unmarked
        )
        self.spool.strike([finding for finding, found in zip(unmarked, there, strict=True) if not found])
        self.spool.marked(unmarked, now)

    def _remove(self, page: Sequence[Difference]) -> None:
        records = self.pipeline.table.summaries(sorted({finding.key for finding in page}))
        orphaned = [finding for finding in page if not finding.is_settled_by(records.get(finding.key))]
        removed = sum(self.pipeline.executor.map(self._remove_one, orphaned))
        self.fixed.rows_removed += removed
        self.fixed.rows_left += len(orphaned) - removed

    def _remove_one(self, finding: Difference) -> bool:
        assert finding.suspected_at is not None
        return self.pipeline.table.remove_marked(finding.at, finding.suspected_at)
