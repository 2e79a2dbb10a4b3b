"""`imagepipe dlq`: what was given up, why, and sending it back."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Annotated

import typer

from contract.terminal import as_json
from operations import terminal
from operations.commands import dead_letter_view, options
from operations.dead_letters.letters import DeadLetter, DeadLetterFilter, Summary
from operations.dead_letters.reader import DeadLetterReader
from operations.dead_letters.redrive import Redrive
from operations.faults import OperatorError
from operations.messages import Pace
from operations.wiring import DeployedPipeline, connect

app = typer.Typer(
    help="Dead letters of both queues: what was given up, why, and sending it back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.command()
def summary(
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    json: options.Json = False,
) -> None:
    """Count dead letters by cause, with the oldest and one example of each."""
    pipeline = connect(stack, local, directory)
    counted = Summary()
    with _all_letters(pipeline, "reading dead letters") as (display, letters):
        for letter in letters:
            counted.add(letter)
    if json:
        terminal.print_json(counted.to_json())
    else:
        terminal.results().print(dead_letter_view.summary(counted, time.time()))
        for line in dead_letter_view.where_to_look(counted):
            typer.echo(line)
    display.raise_if_interrupted(f"{counted.total:,} dead letters were counted, not all; nothing was changed")


@app.command("list")
def list_(
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    cause: options.Cause = None,
    prefix: options.Prefix = None,
    since: options.Since = None,
    limit: options.Limit = None,
    json: options.Json = False,
) -> None:
    """List dead letters as they are read; with --json one document a line."""
    chosen = options.dead_letter_filter(cause, prefix, since)
    pipeline = connect(stack, local, directory)
    shown = 0
    with _all_letters(pipeline, "reading dead letters") as (display, letters):
        for letter in letters:
            if chosen.matches(letter):
                _print_one(letter, json)
                shown += 1
            if shown == limit:
                break
    if not json:
        typer.echo(f"{shown:,} dead letters", err=True)
    display.raise_if_interrupted(f"{shown:,} dead letters were listed, not all; nothing was changed")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="KEY|MESSAGE-ID")],
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    json: options.Json = False,
) -> None:
    """Show all that is known of the dead letters of a key, or of one by its message id."""
    pipeline = connect(stack, local, directory)
    found: list[DeadLetter] = []
    with _all_letters(pipeline, "looking for it") as (display, letters):
        for letter in letters:
            if letter.is_called(name):
                found.append(letter)
            if letter.id == name:
                break
    display.raise_if_interrupted(f"{len(found)} found, not all were looked at; nothing was changed")
    if not found:
        raise OperatorError(f"no dead letter has the key or message id {name!r}; see: imagepipe dlq list")
    if json:
        terminal.print_json({"letters": [letter.to_json() for letter in found]})
    else:
        for letter in found:
            typer.echo(dead_letter_view.everything(letter))


@app.command()
def redrive(
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    cause: options.Cause = None,
    prefix: options.Prefix = None,
    since: options.Since = None,
    limit: options.Limit = None,
    rate: options.Rate = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be sent back.")] = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Send dead letters back to the queues they came from.

    What cannot be read is sent back only if --cause names it.
    """
    chosen = options.dead_letter_filter(cause, prefix, since)
    if not dry_run:
        terminal.require_consent_possible(yes, "redrive")
    pipeline = connect(stack, local, directory)
    question = "" if dry_run else _question(pipeline, chosen, limit)
    if not terminal.consents(yes or dry_run, question, "nothing was sent back"):
        return 1
    work = Redrive(chosen, limit, Pace(rate, time.monotonic, time.sleep), dry_run)
    done, expected = work.done, 0
    with terminal.stepwise("looking" if dry_run else "sending back") as display:
        for lane in pipeline.lanes:
            if work.is_full or display.is_interrupted:
                break
            with DeadLetterReader(lane.dead_letters, lane.name, pipeline.names.bucket) as reader:
                expected += reader.before.visible
                for letters in display.until_interrupted(work.run(reader, lane.queue)):
                    display.show(done=done.looked_at, total=max(expected, done.looked_at))
                    for letter in letters if dry_run else ():
                        _print_one(letter, json)
    if json and not dry_run:
        terminal.print_json(done.to_json())
    for line in dead_letter_view.redriven(done, dry_run=dry_run):
        typer.echo(line, err=True)
    display.raise_if_interrupted(f"{done.sent:,} were sent back before, the others are where they were")
    return 1 if done.refused else 0


@contextmanager
def _all_letters(
    pipeline: DeployedPipeline, title: str
) -> Iterator[tuple[terminal.StepDisplay, Iterator[DeadLetter]]]:
    """Read the letters of both queues while the block lasts, until Ctrl-C."""
    with terminal.stepwise(title) as display, closing(_read(pipeline, display)) as letters:
        yield display, letters


def _read(pipeline: DeployedPipeline, display: terminal.StepDisplay) -> Generator[DeadLetter, None, None]:
    count, expected = 0, 0
    for lane in pipeline.lanes:
        if display.is_interrupted:
            return
        with DeadLetterReader(lane.dead_letters, lane.name, pipeline.names.bucket) as reader:
            expected += reader.before.visible
            for letters in display.until_interrupted(reader.batches()):
                count += len(letters)
                # A queue knows only nearly how many it holds.
                display.show(done=count, total=max(expected, count))
                yield from letters
        for line in dead_letter_view.unseen(reader):
            print(line, file=sys.stderr)


def _print_one(letter: DeadLetter, json: bool) -> None:
    # By print, which the progress display lets through above its line; what is echoed would end up on it.
    print(as_json(letter.to_json()) if json else dead_letter_view.one(letter))


def _question(pipeline: DeployedPipeline, chosen: DeadLetterFilter, limit: int | None) -> str:
    there = sum(lane.dead_letters.depth().visible for lane in pipeline.lanes)
    asked = {name: value for name, value in vars(chosen).items() if value is not None}
    named = ", ".join(f"{name} {terminal.printable(value)}" for name, value in asked.items())
    most = f"up to {limit:,}" if limit else "all"
    return f"Send back {most} of about {there:,} dead letters ({named or 'any'})?"
