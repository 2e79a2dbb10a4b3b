"""Which bytes a listing has shown already, on disk: ten million of them are some 400 MB there."""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

_DIGEST_BYTES = 12
_CACHE_KIBIBYTES = 32 * 1024
_SCHEMA = f"""
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -{_CACHE_KIBIBYTES};
CREATE TABLE contents (digest BLOB PRIMARY KEY) WITHOUT ROWID;
"""


class Contents:
    """A temporary database of content ids, gone when the block ends."""

    def __enter__(self) -> Contents:
        self._directory = tempfile.TemporaryDirectory(prefix="imagepipe-contents-")
        self._database = sqlite3.connect(Path(self._directory.name) / "contents.sqlite", isolation_level=None)
        self._database.executescript(_SCHEMA)
        self._database.execute("BEGIN")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()
        self._directory.cleanup()

    def first_seen(self, content_ids: Iterable[str]) -> list[str]:
        """Take content ids in; give those that were not there before, each once and in order."""
        return [content_id for content_id in content_ids if self._is_new(content_id)]

    def _is_new(self, content_id: str) -> bool:
        digest = hashlib.blake2b(content_id.encode(), digest_size=_DIGEST_BYTES).digest()
        taken_in = self._database.execute("INSERT OR IGNORE INTO contents VALUES (?)", (digest,))
        return taken_in.rowcount == 1
