"""`imagepipe dlq`: what was given up, why, and sending it back."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Annotated

import typer

from operations.commands import lines
from operations.commands.options import Cause, Directory, Json, Limit, Local, Prefix, Since, Stack, Yes
from operations.commands.watching import Watch, all_letters, if_stopped, look_at, watched
from operations.dead_letters.choosing import Choice, is_called
from operations.dead_letters.letters import DeadLetter
from operations.dead_letters.pacing import Pace
from operations.dead_letters.redriving import Redrive, Redriven
from operations.dead_letters.summing_up import Summary
from operations.faults import OperatorError
from operations.interrupting import Stopping
from operations.moments import read_since
from operations.terminal import (
    consents,
    print_json,
    printable,
    remarks,
    require_consent_possible,
    results,
)
from operations.wiring import Pipeline, connect

app = typer.Typer(
    help="Dead letters of both queues: what was given up, why, and sending it back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.command()
def summary(
    *, stack: Stack = None, local: Local = None, directory: Directory = None, json: Json = False
) -> None:
    """Count dead letters by cause, with the oldest and one example of each."""
    pipeline = connect(stack, local, directory)
    counted = Summary()
    with (
        watched("reading dead letters") as (watch, stopping),
        closing(all_letters(pipeline, stopping, watch)) as letters,
    ):
        for letter in letters:
            counted.add(letter)
    if json:
        print_json(counted.to_json())
    else:
        results().print(lines.summary(counted, time.time()))
    if_stopped(stopping, f"{counted.total:,} dead letters were counted, not all; nothing was changed")


@app.command("list")
def list_(
    *,
    stack: Stack = None,
    local: Local = None,
    directory: Directory = None,
    cause: Cause = None,
    prefix: Prefix = None,
    since: Since = None,
    limit: Limit = None,
    json: Json = False,
) -> None:
    """List dead letters as they are read; with --json one document a line."""
    choice = _choice(cause, prefix, since)
    pipeline = connect(stack, local, directory)
    shown = 0
    with (
        watched("reading dead letters") as (watch, stopping),
        closing(all_letters(pipeline, stopping, watch)) as letters,
    ):
        for letter in letters:
            if choice.takes(letter):
                watch.print_letter(letter, json)
                shown += 1
            if shown == limit:
                break
    if not json:
        remarks().print(f"{shown:,} dead letters", highlight=False)
    if_stopped(stopping, f"{shown:,} dead letters were listed, not all; nothing was changed")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="KEY|MESSAGE-ID")],
    *,
    stack: Stack = None,
    local: Local = None,
    directory: Directory = None,
    json: Json = False,
) -> None:
    """Show all that is known of the dead letters of a key, or of one by its message id."""
    pipeline = connect(stack, local, directory)
    found: list[DeadLetter] = []
    with (
        watched("looking for it") as (watch, stopping),
        closing(all_letters(pipeline, stopping, watch)) as letters,
    ):
        for letter in letters:
            if is_called(letter, name):
                found.append(letter)
            if letter.id == name:
                break
    if_stopped(stopping, f"{len(found)} found, not all were looked at; nothing was changed")
    if not found:
        raise OperatorError(f"no dead letter has the key or message id {name!r}; see: imagepipe dlq list")
    if json:
        print_json({"letters": [letter.to_json() for letter in found]})
    else:
        for letter in found:
            results().print(lines.everything(letter), highlight=False, markup=False, soft_wrap=True)


@app.command()
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
    choice = _choice(cause, prefix, since)
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


def _choice(cause: str | None, prefix: str | None, since: str | None) -> Choice:
    return Choice(cause, prefix, read_since(since, time.time()) if since else None)


def _question(pipeline: Pipeline, choice: Choice, limit: int | None) -> str:
    there = sum(queue.dead_letters.depth().visible for queue in (pipeline.images, pipeline.bulk))
    chosen = ", ".join(
        f"{name} {printable(str(value))}" for name, value in vars(choice).items() if value is not None
    )
    most = f"up to {limit:,}" if limit else "all"
    return f"Send back {most} of about {there:,} dead letters ({chosen or 'any'})?"
