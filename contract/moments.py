"""Times as text: ISO 8601 in UTC with milliseconds, so that text order is time order."""

from datetime import UTC, datetime


def to_text(at: datetime | float) -> str:
    """Return a time as text; a number is in seconds since 1970."""
    moment = at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_seconds(text: str) -> float:
    """Read a time; one without an offset is in UTC. Raise ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def day_of(at: float) -> str:
    """Return the day (UTC) of a time in seconds since 1970, as ISO 8601."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()
