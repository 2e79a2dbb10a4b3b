"""What the functions said when something went wrong."""

from __future__ import annotations

from pathlib import Path

_ALARMING = (
    '"level":"WARNING"',
    '"level":"ERROR"',
    '"level":"CRITICAL"',
    "Worker init failed",
    "Traceback",
    " failed processing ",
)
_MOST_BYTES = 1_000_000


def last_errors(log: Path, offset: int, count: int = 4) -> list[str]:
    """Give the last alarming lines of a log after a byte offset, each cut to a readable length."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        end = file.seek(0, 2)
        file.seek(max(offset, end - _MOST_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    alarming = [line.strip()[:600] for line in lines if any(word in line for word in _ALARMING)]
    return list(dict.fromkeys(alarming))[-count:]
