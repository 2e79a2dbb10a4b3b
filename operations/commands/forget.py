"""`imagepipe forget`: everything that is known of a photo, gone for good."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from operations import terminal
from operations.commands import options
from operations.forgetting import WHAT_REMAINS, Chosen, Forgetting, Found
from operations.moments import to_text
from operations.terminal import OperatorError
from operations.wiring import DeployedPipeline, connect

LEFT = 1


def forget(
    *,
    key: Annotated[str | None, typer.Argument(metavar="KEY", show_default=False)] = None,
    prefix: Annotated[str | None, typer.Option("--prefix", help="All keys with this prefix.")] = None,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    patience: options.Patience = 300.0,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Remove photos with all versions, and all that is known of them. It cannot be undone.

    It reads the whole table, twice at least: half a dollar for a million photos, for one key as for many.

    Exit code 1 if something was found left, or nothing was removed.
    """
    chosen = _chosen(key, prefix)
    terminal.require_consent_possible(yes, "forget")
    pipeline = connect(stack, local, directory)
    work = _forgetting(pipeline, chosen, patience)
    found = _follow("looking", work.look())
    if not json:
        _print(found)
    question = f"Forget {chosen} in s3://{pipeline.names.bucket} for good?"
    if not terminal.consents(yes, question, "nothing was removed"):
        return LEFT
    left = _follow("forgetting", work.run())
    if json:
        terminal.print_json({"found": found.counts(), "left": left, "remains": list(WHAT_REMAINS)})
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


def _follow(title: str, steps: terminal.Steps[terminal.Value]) -> terminal.Value:
    with terminal.stepwise(title) as display:
        return display.follow(steps, "not all is forgotten; run the command again to finish")


def _forgetting(pipeline: DeployedPipeline, chosen: Chosen, patience: float) -> Forgetting:
    queues = {lane.name: lane.queue for lane in pipeline.lanes}
    dead_letters = {f"{lane.name} dead letters": lane.dead_letters for lane in pipeline.lanes}
    return Forgetting(
        chosen=chosen,
        bucket_name=pipeline.names.bucket,
        objects=pipeline.bucket,
        traces=pipeline.traces,
        queues={**queues, **dead_letters},
        bulk=pipeline.bulk.queue,
        executor=pipeline.executor,
        clock=time.monotonic,
        now=lambda: to_text(time.time()),
        sleep=time.sleep,
        patience_seconds=patience,
    )


def _print(found: Found) -> None:
    counts = found.counts().items()
    terminal.print_table(("Found", "#How many"), [(what, f"{count:,}") for what, count in counts])


def _tell(left: list[str]) -> None:
    for what in left:
        typer.echo(f"Left: {terminal.printable(what)}", err=True)
    if not left:
        typer.echo("A last search of bucket, table and queues found nothing.", err=True)
    typer.echo("What no command can reach:", err=True)
    for what in WHAT_REMAINS:
        typer.echo(f"- {what}", err=True)
