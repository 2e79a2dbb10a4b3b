"""`imagepipe dlq`: what was given up, why, and sending it back."""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Annotated

import typer

from aws.queues import SqsQueue
from contract.dead_letters import DeadLetter, DeadLetterFilter, Summary, advice
from contract.terminal import as_json
from operations import terminal
from operations.adapters.sqs import Pace
from operations.commands import options
from operations.dead_letters import DeadLetterReader
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
        _print_summary(counted, time.time())
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
        terminal.remark(f"{shown:,} dead letters")
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
        raise terminal.OperatorError(
            f"no dead letter has the key or message id {name!r}; see: imagepipe dlq list"
        )
    if json:
        terminal.print_json({"letters": [letter.to_json() for letter in found]})
    else:
        for letter in found:
            typer.echo(everything(letter))


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
    for line in outcome(done, dry_run=dry_run):
        terminal.remark(line)
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
        for line in reader.unseen():
            terminal.remark(line)


def _print_one(letter: DeadLetter, json: bool) -> None:
    # By print, which the progress display lets through above its line; what is echoed would end up on it.
    print(as_json(letter.to_json()) if json else one_line(letter))


def _question(pipeline: DeployedPipeline, chosen: DeadLetterFilter, limit: int | None) -> str:
    there = sum(lane.dead_letters.depth().visible for lane in pipeline.lanes)
    asked = {name: value for name, value in chosen._asdict().items() if value is not None}
    named = ", ".join(f"{name} {value}" for name, value in asked.items())
    most = f"up to {limit:,}" if limit else "all"
    return f"Send back {most} of about {there:,} dead letters ({named or 'any'})?"


def _print_summary(counted: Summary, now: float) -> None:
    """Print the causes, the most frequent first, and what may be behind those that do not say it."""
    if not counted.groups:
        typer.echo("No dead letters.")
        return
    groups = counted.largest_first()
    terminal.print_table(
        ("#Count", "Cause", "Queue", "#Oldest", "Example"),
        [
            (
                f"{group.count:,}",
                str(group.cause),
                group.queue,
                terminal.age_in_words(group.oldest_at, now),
                f"message {group.example_id}" if group.example_key is None else group.example_key,
            )
            for group in groups
        ],
    )
    by_code = {group.cause.code: group.cause for group in groups}
    for line in (line for cause in by_code.values() for line in advice(cause)):
        typer.echo(line)


def one_line(letter: DeadLetter) -> str:
    """Return a letter as one line: id, queue, cause, attempts, time, keys."""
    keys = " ".join(terminal.printable(key) for key in letter.keys[:1]) or "-"
    more = f" (+{len(letter.keys) - 1})" if len(letter.keys) > 1 else ""
    cause = terminal.printable(str(letter.cause))
    return f"{letter.id}  {letter.queue:<6}  {letter.at[:19]}Z  {letter.attempts:>3}x  {cause}  {keys}{more}"


def everything(letter: DeadLetter) -> str:
    facts = {
        "message id": letter.id,
        "queue": letter.queue,
        "class": letter.cause.kind,
        "code": letter.cause.code,
        "message": letter.message,
        "detector": letter.cause.detector or "-",
        "keys": "\n".join(letter.keys) or "-",
        "attempts": str(letter.attempts),
        "first sent": letter.first_sent_at,
        "last failed": letter.last_failed_at or "not known",
        "body": letter.body,
    }
    if lines := advice(letter.cause):
        facts["where to look"] = "\n".join(lines)
    return "\n".join(_fact(name, value) for name, value in facts.items()) + "\n"


def outcome(done: "Redriven", *, dry_run: bool) -> list[str]:
    verb = "would be sent back" if dry_run else "were sent back"
    said = [f"{done.sent:,} of {done.looked_at:,} dead letters looked at {verb}"]
    if done.refused:
        said.append(f"{done.refused:,} were not taken and stay where they are: {done.last_refusal}")
    if done.twice:
        said.append(f"{done.twice:,} were sent back, but stay here too: sending them again does no harm")
    if done.unreadable:
        said.append(
            f"{done.unreadable:,} cannot be read and stay; --cause UnreadableMessage would send them back"
        )
    return said


def _fact(name: str, value: str) -> str:
    return f"{name:<14} " + f"\n{'':<15}".join(map(terminal.printable, value.split("\n")))


@dataclass
class Redriven:
    """What was done. `twice` were sent, and their originals could not be deleted."""

    looked_at: int = 0
    sent: int = 0
    refused: int = 0
    twice: int = 0
    unreadable: int = 0
    last_refusal: str = ""

    def to_json(self) -> dict[str, object]:
        return {
            "looked_at": self.looked_at,
            "sent": self.sent,
            "refused": self.refused,
            "sent_but_original_remains": self.twice,
            "unreadable_left": self.unreadable,
        }


@dataclass
class Redrive:
    """Sends back what the filter matches, over any number of queues, up to a limit.

    Not by SQS's own StartMessageMoveTask: that moves a whole queue without a filter, returns to its source
    only what SQS itself had moved (what the processor *sent* to the dead letters would need a destination
    named), one task at a time, with the reason still on it, and the local cloud does not have it.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html

    Killed in between, a letter is there twice, and the second is found done.
    """

    filter: DeadLetterFilter
    limit: int | None
    pace: Pace
    dry_run: bool
    done: Redriven = field(default_factory=Redriven)

    def run(self, reader: DeadLetterReader, source: SqsQueue) -> Iterator[Sequence[DeadLetter]]:
        """Work through one queue; yield the letters of each step that were sent, or would be.

        `reader` must be entered; what is not sent is let go of at its end.
        """
        for letters in reader.batches():
            self.done.looked_at += len(letters)
            chosen = [letter for letter in letters if self._is_chosen(letter)]
            for start in range(0, len(chosen), self.pace.at_once):
                some = chosen[start : start + self.pace.at_once][: self._room()]
                self._send(some, reader, source)
                yield some
                if self.is_full:
                    return
            if not chosen:
                yield []

    @property
    def is_full(self) -> bool:
        return self._room() == 0

    def _room(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.done.sent)

    def _is_chosen(self, letter: DeadLetter) -> bool:
        chosen = self.filter.sends_back(letter)
        if not chosen and self.filter.matches(letter):
            self.done.unreadable += 1
        return chosen

    def _send(self, letters: Sequence[DeadLetter], reader: DeadLetterReader, source: SqsQueue) -> None:
        if self.dry_run:
            self.done.sent += len(letters)
            return
        self.pace.wait(len(letters))
        moved = reader.move(letters, source)
        self.done.sent += len(moved.sent)
        self.done.refused += len(moved.refused)
        for error in moved.refused.values():
            self.done.last_refusal = error.message
        self.done.twice += len(moved.left)
