"""Times as text: ISO 8601 in UTC with milliseconds, so that text order is time order."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from contract.timing import DAY_SECONDS
from operations.terminal import OperatorError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def to_text(seconds: float) -> str:
    """Return seconds since 1970 as text."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_seconds(text: str) -> float:
    """Read a time; one without an offset is in UTC. Raise ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


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


def age_in_words(text: str, now: float) -> str:
    """Return how long ago a time was, in its largest unit."""
    seconds = max(0.0, now - to_seconds(text))
    for length, unit in ((DAY_SECONDS, "d"), (3_600, "h"), (60, "m")):
        if seconds >= length:
            return f"{int(seconds // length)}{unit}"
    return f"{int(seconds)}s"
