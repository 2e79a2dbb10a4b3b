"""Dead letters as lines and tables for people."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from operations.dead_letters.letters import DeadLetter, Summary, advice
from operations.dead_letters.reader import LOOK_SECONDS, DeadLetterReader
from operations.dead_letters.redrive import Redriven
from operations.moments import age_in_words
from operations.terminal import printable, table


def summary(counted: Summary, now: float) -> Table | str:
    """Return a table of the causes, the most frequent first."""
    if not counted.groups:
        return "No dead letters."
    laid_out = table("#Count", "Cause", "Queue", "#Oldest", "Example")
    for group in counted.largest_first():
        example = group.example_key if group.example_key is not None else f"message {group.example_id}"
        laid_out.add_row(
            f"{group.count:,}",
            Text(printable(str(group.cause))),
            group.queue,
            age_in_words(group.oldest_at, now),
            Text(printable(example)),
        )
    return laid_out


def where_to_look(counted: Summary) -> list[str]:
    """Return what may be behind those causes that do not say it themselves, and where to look."""
    by_code = {group.cause.code: group.cause for group in counted.largest_first()}
    return [line for cause in by_code.values() for line in advice(cause)]


def one(letter: DeadLetter) -> str:
    """Return a letter as one line: id, queue, cause, attempts, time, keys."""
    keys = " ".join(printable(key) for key in letter.keys[:1]) or "-"
    more = f" (+{len(letter.keys) - 1})" if len(letter.keys) > 1 else ""
    cause = printable(str(letter.cause))
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


def redriven(done: Redriven, *, dry_run: bool) -> list[str]:
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


def unseen(reader: DeadLetterReader) -> list[str]:
    said = []
    if reader.before.in_flight:
        said.append(
            f"{reader.before.in_flight:,} more ({reader.name}) are in other hands, "
            f"and can be seen in {LOOK_SECONDS // 60} minutes at the latest"
        )
    if reader.cut_short:
        said.append(f"there are more ({reader.name}); SQS lets no more be looked at in one go")
    return said


def _fact(name: str, value: str) -> str:
    first, *rest = value.split("\n")
    return "\n".join([f"{name:<14} {printable(first)}", *(f"{'':<14} {printable(line)}" for line in rest)])
