"""`imagepipe forget`: everything that is known of a photo, gone for good."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.markup import escape

from operations.commands.options import Directory, Json, Local, Patience, Stack, Yes
from operations.faults import OperatorError
from operations.forgetting.forgetting import WHAT_REMAINS, Chosen, Forgetting, Found
from operations.interrupting import orderly
from operations.moments import to_text
from operations.terminal import (
    consents,
    print_json,
    printable,
    progress,
    remarks,
    require_consent_possible,
    results,
    table,
)
from operations.wiring import Pipeline, connect

LEFT = 1


def forget(
    *,
    key: Annotated[str | None, typer.Argument(metavar="KEY", show_default=False)] = None,
    prefix: Annotated[str | None, typer.Option("--prefix", help="All keys that begin so.")] = None,
    stack: Stack = None,
    local: Local = None,
    directory: Directory = None,
    patience: Patience = 300.0,
    yes: Yes = False,
    json: Json = False,
) -> int:
    """Remove photos with all versions, and all that is known of them. It cannot be undone.

    It reads the whole table, twice at least: half a dollar for a million photos, for one key as for many.

    Exit code 1 if something was found left, or nothing was removed.
    """
    chosen = _chosen(key, prefix)
    require_consent_possible(yes, "forget")
    pipeline = connect(stack, local, directory)
    with progress() as display, orderly(remarks().print) as stopping:
        task = display.add_task("looking", total=None)
        work = _forgetting(pipeline, chosen, patience)
        work.stopping = stopping
        work.tell = lambda what: display.update(task, description=escape(printable(what)))
        found = work.look()
    if not json:
        _print(found)
    if not consents(yes, f"Forget {chosen} in s3://{pipeline.names.bucket} for good?"):
        remarks().print("nothing was removed")
        return LEFT
    with progress() as display, orderly(remarks().print) as stopping:
        task = display.add_task("forgetting", total=None)
        work.stopping = stopping
        work.tell = lambda what: display.update(task, description=escape(printable(what)))
        left = work.run()
    if json:
        print_json({"found": found.counts(), "left": left, "remains": list(WHAT_REMAINS)})
    _tell(left)
    return LEFT if left else 0


def _chosen(key: str | None, prefix: str | None) -> Chosen:
    """Return what is meant. Raise OperatorError where that is nothing, both, or all there is."""
    if (key is None) == (prefix is None):
        raise OperatorError("name one KEY, or keys by --prefix")
    chosen = Chosen(key or prefix or "", prefix is not None)
    if not chosen.text:
        raise OperatorError("nothing is named; to remove everything, empty the bucket and delete the stack")
    return chosen


def _forgetting(pipeline: Pipeline, chosen: Chosen, patience: float) -> Forgetting:
    queues = {work.name: work.queue for work in (pipeline.images, pipeline.bulk)}
    dead_letters = {
        f"{work.name} dead letters": work.dead_letters for work in (pipeline.images, pipeline.bulk)
    }
    return Forgetting(
        chosen=chosen,
        bucket_name=pipeline.names.bucket,
        objects=pipeline.objects,
        traces=pipeline.traces,
        queues={**queues, **dead_letters},
        bulk=pipeline.bulk.queue,
        executor=pipeline.executor,
        clock=time.monotonic,
        now=lambda: to_text(time.time()),
        sleep=time.sleep,
        stopping=lambda: False,
        tell=lambda _what: None,
        patience_seconds=patience,
    )


def _print(found: Found) -> None:
    laid_out = table("Found", "#How many")
    for what, count in found.counts().items():
        laid_out.add_row(what, f"{count:,}")
    results().print(laid_out)


def _tell(left: list[str]) -> None:
    for what in left:
        remarks().print(f"Left: {printable(what)}", highlight=False, markup=False)
    if not left:
        remarks().print("A last search of bucket, table and queues found nothing.", highlight=False)
    remarks().print("What no command can reach:", highlight=False)
    for what in WHAT_REMAINS:
        remarks().print(f"- {what}", highlight=False, markup=False)
