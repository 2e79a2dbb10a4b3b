"""Finding a process again: its pid, and when it started, so that a later one with the same pid is spared."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

# Clocks of processes are read to a hundredth of a second.
_SAME_START_SECONDS = 1.0


@dataclass(frozen=True)
class PidFile:
    """What a pid file says of a process that leads a group of its own. `identity` names what it runs."""

    pid: int
    started_at: float
    identity: str

    @classmethod
    def of(cls, pid: int, identity: str) -> PidFile:
        """Describe a process that runs now."""
        return cls(pid, psutil.Process(pid).create_time(), identity)

    def process(self) -> psutil.Process | None:
        """Return the process, if it is the same one and still runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started_at) < _SAME_START_SECONDS
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None

    def kill_group(self) -> None:
        """Kill what is left of the group that the process led. An older or other group is spared."""
        for process in psutil.process_iter():
            try:
                of_the_group = os.getpgid(process.pid) == self.pid
                if of_the_group and process.create_time() >= self.started_at - _SAME_START_SECONDS:
                    process.kill()
            except (ProcessLookupError, PermissionError, psutil.Error):
                continue

    def write(self, path: Path) -> None:
        """Write a pid file; whoever reads it sees the old one or the new one, whole."""
        scratch = path.with_suffix(".partial")
        scratch.write_text(json.dumps(asdict(self)))
        scratch.replace(path)

    @classmethod
    def read(cls, path: Path) -> PidFile | None:
        """Read a pid file; None if there is none that can be read."""
        try:
            return cls(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None
