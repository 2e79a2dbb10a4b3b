"""What is too much for memory, on disk for as long as a command runs."""

import hashlib
import sqlite3
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Self

_DIGEST_BYTES = 12
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


class SeenContents(TemporaryDatabase):
    """Which bytes a listing has shown already: ten million of them are some 400 MB on disk."""

    name = "contents"
    schema = "CREATE TABLE contents (digest BLOB PRIMARY KEY) WITHOUT ROWID;"

    def first_seen(self, content_ids: Iterable[str]) -> list[str]:
        """Take content ids in; return those that were not there before, each once and in order."""
        return [content_id for content_id in content_ids if self._is_new(content_id)]

    def _is_new(self, content_id: str) -> bool:
        digest = hashlib.blake2b(content_id.encode(), digest_size=_DIGEST_BYTES).digest()
        taken_in = self._database.execute("INSERT OR IGNORE INTO contents VALUES (?)", (digest,))
        return taken_in.rowcount == 1
