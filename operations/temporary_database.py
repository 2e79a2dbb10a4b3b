"""What is too much for memory, on disk for as long as a command runs."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from typing import ClassVar, Self

_CACHE_KIBIBYTES = 32 * 1024
_SETTINGS = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -{_CACHE_KIBIBYTES};
"""


class TemporaryDatabase:
    """A database in SQLite, gone when the block ends. Lost with the program: everything can be found anew."""

    name: ClassVar[str]
    schema: ClassVar[str]

    def __enter__(self) -> Self:
        self._directory = tempfile.TemporaryDirectory(prefix=f"imagepipe-{self.name}-")
        self._database = sqlite3.connect(Path(self._directory.name) / "data.sqlite", isolation_level=None)
        self._database.executescript(_SETTINGS + self.schema)
        self._database.execute("BEGIN")
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
        self._directory.cleanup()
