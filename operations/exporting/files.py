"""The files of an export: parts that grow and can be cut back, and the checkpoint that says how far they are.

A page of photos is written to its parts and then noted in the checkpoint. What was written and not noted is
cut off when the export goes on, so that no photo is in it twice. Only what is finished gets its own name.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from operations.terminal import OperatorError


@dataclass(frozen=True)
class ExportProgress:
    """How far an export is: `written` photos, up to where the API's `cursor` goes on.

    `asked` is what it is an export of. `parts` are the sizes of its files in bytes, by name, and `numbers`
    what else its format goes on with. `left_out` counts by reason. `is_all` says that all was written.
    """

    asked: Mapping[str, Any]
    cursor: str | None = None
    written: int = 0
    parts: Mapping[str, int] = field(default_factory=dict)
    numbers: Mapping[str, Any] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    is_all: bool = False


@dataclass(frozen=True)
class ExportCheckpoint:
    """The file beside an export that says how far it is."""

    file: Path

    @classmethod
    def of(cls, output: Path) -> "ExportCheckpoint":
        return cls(output.with_name(f"{output.name}.checkpoint"))

    def read(self, asked: Mapping[str, Any]) -> ExportProgress | None:
        """Read what an ended run has left; None if there is nothing. Raise OperatorError.

        What is unfinished of another question is no beginning of this one.
        """
        try:
            progress = ExportProgress(**json.loads(self.file.read_text()))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError, TypeError) as error:
            raise OperatorError(f"{self.file} cannot be read ({error}); begin anew with --restart") from error
        if progress.asked != dict(asked):
            raise OperatorError(
                f"{self.file} is of an unfinished export of something else ({_told(progress.asked)}); finish "
                "it with the same options, write to another place, or begin anew with --restart"
            )
        return progress

    def write(self, progress: ExportProgress) -> None:
        """Write it; whoever reads it sees the old or the new one, whole. Raise OperatorError."""
        partial = self.file.with_name(f"{self.file.name}.partial")
        with told_of(self.file):
            partial.write_text(json.dumps(asdict(progress)) + "\n")
            partial.replace(self.file)

    def remove(self) -> None:
        self.file.unlink(missing_ok=True)


class ExportPart:
    """A file that is appended to, from a size on that it had. Raise OperatorError where it has less."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self.path = path
        with told_of(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            if path.stat().st_size < size_bytes:
                raise OperatorError(
                    f"{path} is shorter than what its checkpoint knows of; begin anew with --restart"
                )
            self._file: BinaryIO = path.open("r+b")
            self._file.truncate(size_bytes)
            self._file.seek(size_bytes)

    def write(self, text: str) -> None:
        with told_of(self.path):
            self._file.write(text.encode(errors="backslashreplace"))

    def sync(self) -> int:
        """Have all of it on disk; return its size in bytes."""
        with told_of(self.path):
            self._file.flush()
            os.fsync(self._file.fileno())
            return self._file.tell()

    def close(self) -> None:
        self._file.close()


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    """Raise OperatorError for what the system says of a file."""
    try:
        yield
    except OSError as error:
        raise OperatorError(f"{path} cannot be written: {error.strerror or error}") from error


def partial_of(output: Path, name: str = "") -> Path:
    """Return where what is unfinished of an output stands."""
    return output.with_name(f"{output.name}{name}.partial")


def _told(asked: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in asked.items())
