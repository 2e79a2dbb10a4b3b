"""`imagepipe dlq`: what was given up, why, and sending it back."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Annotated

import typer

from operations.commands import lines
from operations.commands.options import Cause, Directory, Json, Limit, Local, Prefix, Since, Stack, chosen
from operations.commands.redrive import redrive
from operations.commands.watching import all_letters, if_stopped, watched
from operations.dead_letters.choosing import is_called
from operations.dead_letters.letters import DeadLetter
from operations.dead_letters.summing_up import Summary
from operations.faults import OperatorError
from operations.terminal import print_json, remarks, results
from operations.wiring import connect

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
        out = results()
        out.print(lines.summary(counted, time.time()))
        for line in lines.where_to_look(counted):
            out.print(line, highlight=False, markup=False)
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
    choice = chosen(cause, prefix, since)
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


app.command()(redrive)
