"""`imagepipe reconcile`: the bucket against the table, and putting right what differs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated

import typer

from operations import terminal
from operations.commands import options
from operations.reconciling.fix import Fix, Fixed
from operations.reconciling.survey import LOOKED_AT_AGAIN, DifferenceKind, Spool, Survey, SurveyCounts
from operations.terminal import printable
from operations.wiring import DeployedPipeline, connect

FOUND = 1


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
        bool, typer.Option("--fix", help="Queue what differs, and remove orphaned index rows.")
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
            question = "Queue these photos to be looked at again, and sweep the index rows?"
            if terminal.consents(yes, question, "nothing was changed"):
                fixed = _fix(pipeline, spool, found)
        if json:
            terminal.print_json(document(counted, found, keys, waiting, fixed))
    unfixed = any(found.values()) and (fixed is None or fixed.not_taken)
    return FOUND if unfixed else 0


def _survey(pipeline: DeployedPipeline, spool: Spool, prefix: str, min_age: float) -> SurveyCounts:
    survey = Survey(pipeline.bucket, pipeline.table, spool, pipeline.executor, time.time, min_age)
    counted = survey.counted
    with terminal.stepwise("comparing") as display:
        for now in display.until_interrupted(survey.run(prefix)):
            display.show(
                f"{now.objects:,} photos, {now.records:,} records, {now.rows:,} index rows",
                done=now.objects + now.records + now.tombstones + now.rows,
            )
    display.raise_if_interrupted(
        f"{counted.objects:,} photos and {counted.records:,} records were compared, not all; "
        "nothing was changed"
    )
    return counted


def _fix(pipeline: DeployedPipeline, spool: Spool, found: Mapping[DifferenceKind, int]) -> Fixed:
    fix = Fix(
        bucket_name=pipeline.names.bucket,
        queue=pipeline.bulk.queue,
        table=pipeline.table,
        spool=spool,
        executor=pipeline.executor,
        clock=time.time,
        sleep=time.sleep,
    )
    fixed = fix.fixed
    with terminal.stepwise("queueing", sum(found[kind] for kind in LOOKED_AT_AGAIN)) as display:
        for _ in display.until_interrupted(fix.queue_keys()):
            display.show(done=fixed.queued + fixed.not_taken)
        display.begin("index rows", found[DifferenceKind.ORPHANED_ROWS])
        for doing in display.until_interrupted(fix.sweep()):
            display.show(doing, done=fixed.rows_removed)
    said = f"{fixed.queued:,} keys were queued, {fixed.rows_removed:,} index rows removed"
    display.raise_if_interrupted(f"{said}, not all; run it again for the rest")
    typer.echo(said, err=True)
    if fixed.not_taken:
        typer.echo(
            f"{fixed.not_taken:,} keys were not taken by SQS: {terminal.printable(fixed.last_refusal)}",
            err=True,
        )
    return fixed


MEANING: Mapping[DifferenceKind, str] = {
    DifferenceKind.MISSING: "photos without a record",
    DifferenceKind.STALE: "records of another version",
    DifferenceKind.ORPHANED: "records without a photo",
    DifferenceKind.ORPHANED_ROWS: "index rows without a record (invisible)",
}


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
    )
    if counted.archived:
        typer.echo(
            f"{counted.archived:,} of the photos are archived and cannot be read: with --fix, those without "
            "a record are looked at once, and recorded as rejected"
        )
    for kind, meaning in MEANING.items():
        typer.echo(f"{kind.replace('_', ' '):<14}{found[kind]:>9,}  {meaning}")
        for key in keys[kind]:
            typer.echo(f"{'':<25}{printable(key)}")
    if waiting and any(found.values()):
        typer.echo(f"{waiting:,} messages wait in the queues, and may settle some of it")


def document(
    counted: SurveyCounts,
    found: Mapping[DifferenceKind, int],
    keys: Mapping[DifferenceKind, list[str]],
    waiting: int,
    fixed: Fixed | None,
) -> dict[str, object]:
    return {
        "objects": counted.objects,
        "archived": counted.archived,
        "heads": counted.records,
        "tombstones": counted.tombstones,
        "index_rows": counted.rows,
        "in_flight": counted.in_flight,
        "messages_waiting": waiting,
        **{str(kind): {"count": found[kind], "keys": keys[kind]} for kind in DifferenceKind},
        "fixed": fixed.to_json() if fixed else None,
    }
