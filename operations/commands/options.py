"""Options that several commands share."""

import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from contract.dead_letters import DeadLetterFilter
from contract.moments import to_seconds, to_text
from operations.planning import ObjectFilter
from operations.terminal import OperatorError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

Stack = Annotated[
    str | None,
    typer.Option("--stack", help="The CloudFormation stack; without it, IMAGEPIPE_STACK, or imagepipe."),
]
Local = Annotated[
    bool | None,
    typer.Option("--local", help="The pipeline that `make run` started here; also IMAGEPIPE_LOCAL=1."),
]
Directory = Annotated[
    Path | None,
    typer.Option("--directory", help="Where the local environment keeps its state.", show_default=".local"),
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON to stdout, and nothing else there.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
Patience = Annotated[float, typer.Option("--patience", min=0, help="How long to wait, in seconds.")]
Cause = Annotated[
    str | None,
    typer.Option("--cause", help="Only this cause, as `dlq summary` shows it, or this code or kind."),
]
Prefix = Annotated[str | None, typer.Option("--prefix", help="Only those with a key of this prefix.")]
Since = Annotated[
    str | None,
    typer.Option("--since", help="Only those since 30m, 2h, 7d ago, or since 2026-01-31T08:00 (UTC)."),
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most this many.")]

Rate = Annotated[
    float | None,
    typer.Option("--rate", min=0.01, help="At most this many a second; without it, as fast as possible."),
]

# What a run has that goes on where the last one ended.
QueueLimit = Annotated[
    int | None, typer.Option("--limit", min=1, help="Queue at most this many in this run.")
]
MaxCost = Annotated[
    float | None, typer.Option("--max-cost", min=0, help="Stop before this many dollars, over all runs.")
]
Restart = Annotated[bool, typer.Option("--restart", help="Start over, not where the last run ended.")]

PlaceArgument = Annotated[str, typer.Argument(metavar="s3://BUCKET/PREFIX", show_default=False)]
ModifiedSince = Annotated[
    str | None,
    typer.Option("--since", help="Only objects modified since 2h, 7d ago, or since 2026-01-31T08:00 (UTC)."),
]
Suffix = Annotated[
    str | None, typer.Option("--suffix", help="Only keys with these endings, in any case: .jpg,.jpeg,.png")
]


def dead_letter_filter(cause: str | None, prefix: str | None, since: str | None) -> DeadLetterFilter:
    """Return which dead letters are meant. Raise OperatorError."""
    return DeadLetterFilter(cause, prefix, read_since(since, time.time()) if since else None)


def object_filter(since: str | None, suffix: str | None) -> ObjectFilter:
    """Return which objects are meant. Raise OperatorError."""
    suffixes = tuple(part.strip().lower() for part in (suffix or "").split(",") if part.strip())
    moment = to_seconds(read_since(since, time.time())) if since else None
    return ObjectFilter(moment, suffixes or None)


def read_since(text: str, now: float) -> str:
    """Read `--since`: an age like `90s`, `30m`, `2h`, `7d`, or a time. Raise OperatorError."""
    age = re.fullmatch(r"(\d{1,6})([smhdw])", text.strip())
    try:
        if age:
            return to_text(now - timedelta(**{_UNITS[age[2]]: int(age[1])}).total_seconds())
        return to_text(to_seconds(text.strip()))
    except (ValueError, OverflowError) as error:
        raise OperatorError(
            f"--since {text!r} is neither an age like 30m, 2h, 7d nor a time like 2026-01-31T08:00"
        ) from error
