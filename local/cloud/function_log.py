"""What the functions say when something goes wrong. MiniStack writes it into its own log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# Transient errors are warnings, and belong to everyday life.
_ALARMING = (
    '"level":"ERROR"',
    '"level":"CRITICAL"',
    "Worker init failed",
    "Traceback",
    " failed processing ",
)
_MOST_BYTES = 1_000_000
_MOST_CHARACTERS_A_LINE = 600


@dataclass(frozen=True)
class FunctionLog:
    """A log from a byte offset on."""

    path: Path
    offset: int

    @classmethod
    def from_now_on(cls, path: Path) -> FunctionLog:
        """Take notice of what is written from now on."""
        return cls(path, path.stat().st_size if path.exists() else 0)

    def last_errors(self, count: int = 4) -> list[str]:
        """Return the last alarming lines, without repeats, each cut to a readable length."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(self.offset, end - _MOST_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
        alarming = (line.strip() for line in lines if any(word in line for word in _ALARMING))
        return list(dict.fromkeys(line[:_MOST_CHARACTERS_A_LINE] for line in alarming))[-count:]
