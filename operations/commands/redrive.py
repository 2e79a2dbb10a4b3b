"""`imagepipe dlq redrive`: sending dead letters back."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from operations.commands import lines
from operations.commands.options import (
    Cause,
    Directory,
    Json,
    Limit,
    Local,
    Prefix,
    Since,
    Stack,
    Yes,
    chosen,
)
from operations.commands.watching import Watch, if_stopped, look_at, watched
from operations.dead_letters.choosing import Choice
from operations.dead_letters.letters import DeadLetter
from operations.dead_letters.redriving import Redrive, Redriven
from operations.interrupting import Stopping
from operations.pacing import Pace
from operations.terminal import consents, print_json, printable, remarks, require_consent_possible
from operations.wiring import Pipeline, connect


def redrive(
    *,
    stack: Stack = None,
    local: Local = None,
    directory: Directory = None,
    cause: Cause = None,
    prefix: Prefix = None,
    since: Since = None,
    limit: Limit = None,
    rate: Annotated[
        float | None,
        typer.Option("--rate", min=0.01, help="At most so many a second; else as fast as it goes."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be sent back.")] = False,
    yes: Yes = False,
    json: Json = False,
) -> int:
    """Send dead letters back to the queues they came from.

    What cannot be read is sent back only if --cause names it.
    """
    choice = chosen(cause, prefix, since)
    if not dry_run:
        require_consent_possible(yes, "redrive")
    pipeline = connect(stack, local, directory)
    if not dry_run and not consents(yes, _question(pipeline, choice, limit)):
        remarks().print("nothing was sent back")
        return 1
    done = Redriven()
    with watched("looking" if dry_run else "sending back") as (watch, stopping):

        def tell(letter: DeadLetter) -> None:
            watch.seen(done.looked_at)
            if dry_run:
                watch.print_letter(letter, json)

        pace = Pace(rate, time.monotonic, time.sleep)
        _redrive(pipeline, Redrive(choice, limit, pace, dry_run, done, tell), watch, stopping)
    if json and not dry_run:
        print_json(done.to_json())
    for line in lines.redriven(done, dry_run=dry_run):
        remarks().print(line, highlight=False, markup=False)
    if_stopped(stopping, f"{done.sent:,} were sent back before, the others are where they were")
    return 1 if done.refused else 0


def _redrive(pipeline: Pipeline, work: Redrive, watch: Watch, stopping: Stopping) -> None:
    for queue in (pipeline.images, pipeline.bulk):
        if work.is_full or stopping():
            return
        with look_at(pipeline, queue, stopping) as look:
            watch.expect(look.before.visible)
            work.run(look, queue.queue, queue.dead_letters)


def _question(pipeline: Pipeline, choice: Choice, limit: int | None) -> str:
    there = sum(queue.dead_letters.depth().visible for queue in (pipeline.images, pipeline.bulk))
    chosen = ", ".join(
        f"{name} {printable(str(value))}" for name, value in vars(choice).items() if value is not None
    )
    most = f"up to {limit:,}" if limit else "all"
    return f"Send back {most} of about {there:,} dead letters ({chosen or 'any'})?"
