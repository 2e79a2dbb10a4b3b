"""Dead letters as lines and tables for people."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from contract.terminal import as_json
from operations.dead_letters import causes
from operations.dead_letters.letters import DeadLetter
from operations.dead_letters.redriving import Redriven
from operations.dead_letters.summing_up import Summary
from operations.moments import age_in_words
from operations.terminal import printable, table


def summary(counted: Summary, now: float) -> Table | str:
    """Lay out the causes, the most frequent first."""
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
    return [line for cause in by_code.values() for line in causes.advice(cause)]


def one(letter: DeadLetter) -> str:
    """Write a letter on one line: id, queue, cause, attempts, time, keys."""
    keys = " ".join(printable(key) for key in letter.keys[:1]) or "-"
    more = f" (+{len(letter.keys) - 1})" if len(letter.keys) > 1 else ""
    cause = printable(str(letter.cause))
    return f"{letter.id}  {letter.queue:<6}  {letter.at[:19]}Z  {letter.attempts:>3}x  {cause}  {keys}{more}"


def as_json_line(letter: DeadLetter) -> str:
    """Write a letter as one line of JSON."""
    return as_json(letter.to_json())


def everything(letter: DeadLetter) -> str:
    """Write all that is known of a letter."""
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
    if advice := causes.advice(letter.cause):
        facts["where to look"] = "\n".join(advice)
    return "\n".join(_fact(name, value) for name, value in facts.items()) + "\n"


def redriven(done: Redriven, *, dry_run: bool) -> list[str]:
    """Return what was done, and what was not."""
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
    first, *rest = value.split("\n")
    return "\n".join([f"{name:<14} {printable(first)}", *(f"{'':<14} {printable(line)}" for line in rest)])
