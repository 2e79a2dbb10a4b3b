"""How far a backfill has come, in a small file: a run that was ended, in whatever way, goes on from there."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from operations.faults import OperatorError

_LETTERS_OF_NAMES = 16


@dataclass(frozen=True)
class Progress:
    """How far it is: all keys up to `after` are queued, or were not to be. `after` is empty at the beginning.

    `since` (seconds since 1970) is what `--since` meant when the first run began. What is `queued` adds up
    over all runs, with the `records` to be made of it, and the `calls` by detector.
    """

    after: str = ""
    since: float | None = None
    queued: int = 0
    records: int = 0
    calls: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Bookmark:
    """The file of one backfill: of one pipeline's bucket and table, and the same arguments."""

    file: Path

    @classmethod
    def of(cls, directory: Path, names: Mapping[str, object]) -> Bookmark:
        """Name the file by what the backfill is about."""
        text = json.dumps(names, sort_keys=True)
        digest = hashlib.blake2b(text.encode(), digest_size=_LETTERS_OF_NAMES // 2).hexdigest()
        return cls(directory / f"{names['bucket']}-{digest}.json")

    def read(self) -> Progress | None:
        """Read what the last run has left; None if there is nothing to go on with. Raises OperatorError."""
        try:
            return Progress(**json.loads(self.file.read_text()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as fault:
            raise OperatorError(f"{self.file} cannot be read ({fault}); begin anew with --restart") from fault

    def write(self, progress: Progress) -> None:
        """Write it; whoever reads it sees the old or the new one, whole. Raises OperatorError."""
        partial = self.file.with_suffix(".partial")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(asdict(progress)) + "\n")
            partial.replace(self.file)
        except OSError as fault:
            raise OperatorError(
                f"{self.file} cannot be written ({fault}); choose another place by XDG_STATE_HOME"
            ) from fault

    def remove(self) -> None:
        """Remove it: there is nothing to go on with."""
        self.file.unlink(missing_ok=True)


def directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where bookmarks are kept. https://specifications.freedesktop.org/basedir-spec/latest/"""
    home = environment.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / "imagepipe" / "backfill"
