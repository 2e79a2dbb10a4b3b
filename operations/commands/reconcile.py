"""`imagepipe reconcile`: the bucket against the table, and putting right what differs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated

import typer

from operations.commands import differences
from operations.commands.options import Directory, Json, Local, Stack, Yes
from operations.faults import StoppedError
from operations.interrupting import Stopping, orderly
from operations.moments import to_text
from operations.reconciling.findings import LOOKED_AT_AGAIN, Kind
from operations.reconciling.fixing import Fix, Fixed
from operations.reconciling.spool import Spool
from operations.reconciling.surveying import Counted, Survey
from operations.reconciling.sweeping import Sweep
from operations.terminal import (
    consents,
    print_json,
    printable,
    progress,
    remarks,
    require_consent_possible,
)
from operations.wiring import Pipeline, connect

FOUND = 1


def reconcile(
    *,
    stack: Stack = None,
    local: Local = None,
    directory: Directory = None,
    prefix: Annotated[str, typer.Option("--prefix", help="Only keys that begin so.")] = "",
    min_age: Annotated[
        float, typer.Option("--min-age", min=0, help="Younger photos count as in flight, in seconds.")
    ] = 60.0,
    show: Annotated[int, typer.Option("--show", min=0, help="How many keys to name of each kind.")] = 10,
    fix: Annotated[bool, typer.Option("--fix", help="Queue what differs, and sweep index rows.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> int:
    """Compare the bucket with the table. Exit code 1 if they differ and that was not fixed."""
    if fix:
        require_consent_possible(yes, "--fix")
    pipeline = connect(stack, local, directory)
    waiting = sum(queue.queue.depth().total for queue in (pipeline.images, pipeline.bulk))
    with Spool() as spool:
        counted = _survey(pipeline, spool, prefix, min_age)
        found = {kind: spool.count(kind) for kind in Kind}
        keys = {kind: spool.first_keys(kind, show) for kind in Kind}
        if not json:
            differences.show(counted, found, keys, waiting)
        fixed: Fixed | None = None
        if fix and any(found.values()):
            if consents(yes, "Queue these photos to be looked at again, and sweep the index rows?"):
                fixed = _fix(pipeline, spool, found)
            else:
                remarks().print("nothing was changed")
        if json:
            print_json(differences.document(counted, found, keys, waiting, fixed))
    unfixed = any(found.values()) and (fixed is None or fixed.not_taken)
    return FOUND if unfixed else 0


def _survey(pipeline: Pipeline, spool: Spool, prefix: str, min_age: float) -> Counted:
    counted = Counted()
    with progress() as display, orderly(remarks().print) as stopping:
        task = display.add_task("comparing", total=None)

        def tell(now: Counted) -> None:
            display.update(
                task,
                completed=now.objects + now.records + now.tombstones + now.rows,
                description=f"{now.objects:,} photos, {now.records:,} records, {now.rows:,} index rows",
            )

        Survey(
            bucket=pipeline.bucket,
            table=pipeline.table,
            spool=spool,
            executor=pipeline.executor,
            clock=time.time,
            stopping=stopping,
            tell=tell,
            min_age_seconds=min_age,
            counted=counted,
        ).run(prefix)
    if stopping():
        raise StoppedError(
            f"{counted.objects:,} photos and {counted.records:,} records were compared, not all; "
            "nothing was changed"
        )
    return counted


def _fix(pipeline: Pipeline, spool: Spool, found: Mapping[Kind, int]) -> Fixed:
    fixed = Fixed()
    with progress() as display, orderly(remarks().print) as stopping:
        task = display.add_task("queueing", total=sum(found[kind] for kind in LOOKED_AT_AGAIN))
        Fix(
            bucket_name=pipeline.names.bucket,
            queue=pipeline.bulk.queue,
            spool=spool,
            now=lambda: to_text(time.time()),
            stopping=stopping,
            tell=lambda now: display.update(task, completed=now.queued + now.not_taken),
            fixed=fixed,
        ).run()
        sweeping = display.add_task("index rows", total=found[Kind.ORPHANED_ROWS])
        Sweep(
            table=pipeline.table,
            spool=spool,
            executor=pipeline.executor,
            clock=time.time,
            sleep=time.sleep,
            stopping=stopping,
            tell=lambda what: display.update(sweeping, completed=fixed.rows_removed, description=what),
            fixed=fixed,
        ).run()
    _tell_fixed(fixed, stopping)
    return fixed


def _tell_fixed(fixed: Fixed, stopping: Stopping) -> None:
    said = f"{fixed.queued:,} keys were queued, {fixed.rows_removed:,} index rows removed"
    if stopping():
        raise StoppedError(f"{said}, not all; run it again for the rest")
    remarks().print(said, highlight=False)
    if fixed.not_taken:
        remarks().print(
            f"{fixed.not_taken:,} keys were not taken by SQS: {printable(fixed.last_refusal)}",
            highlight=False,
            markup=False,
        )
