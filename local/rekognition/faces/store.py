"""Where collections are kept: one SQLite file, whole after a `kill -9`, gone with the local place.

Collections belong to a region, as AWS's do. A face may belong to one user; from `counts_from` on it counts
when the user is searched for, as AWS works a user out anew after the call.
"""

import sqlite3
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from local.rekognition.faces.likeness import Descriptor

FACE_MODEL_VERSION = "7.0"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS collections (
    number INTEGER PRIMARY KEY AUTOINCREMENT, region TEXT, name TEXT, created REAL, UNIQUE (region, name));
CREATE TABLE IF NOT EXISTS users (
    number INTEGER PRIMARY KEY AUTOINCREMENT, collection INTEGER REFERENCES collections ON DELETE CASCADE,
    name TEXT, settled REAL, UNIQUE (collection, name));
CREATE TABLE IF NOT EXISTS faces (
    number INTEGER PRIMARY KEY AUTOINCREMENT, collection INTEGER REFERENCES collections ON DELETE CASCADE,
    id TEXT, image TEXT, external_image TEXT,
    box_left REAL, box_top REAL, box_width REAL, box_height REAL, confidence REAL, descriptor BLOB,
    user TEXT, counts_from REAL, UNIQUE (collection, id));
CREATE INDEX IF NOT EXISTS faces_of_images ON faces (collection, image);
CREATE INDEX IF NOT EXISTS faces_of_users ON faces (collection, user);
CREATE TABLE IF NOT EXISTS tokens (
    collection INTEGER REFERENCES collections ON DELETE CASCADE, operation TEXT, token TEXT,
    request TEXT, answer TEXT, at REAL, PRIMARY KEY (collection, operation, token));
"""


_FACE = "id, image, external_image, box_left, box_top, box_width, box_height, confidence, descriptor"
_TOKEN_SECONDS = 24 * 3600.0


Box = tuple[float, float, float, float]
"""Left, top, width and height as parts of the picture."""


class StoredCollection(NamedTuple):
    """A collection; `created` in seconds since 1970."""

    number: int
    name: str
    created: float


class StoredFace(NamedTuple):
    """A face of a collection; `user` is whose it is, if anybody's."""

    number: int
    id: str
    image: str
    external_image: str | None
    box: Box
    confidence: float
    descriptor: Descriptor
    user: str | None = None
    counts_from: float = 0.0


class StoredUser(NamedTuple):
    """A user; until `settled` it is being worked out anew."""

    number: int
    name: str
    settled: float
    faces: int


class AnsweredRequest(NamedTuple):
    """What a request with a ClientRequestToken asked, and what it was answered, both in JSON."""

    request: str
    answer: str


class FaceStore:
    """The collections of all regions. Safe to share between threads; one transaction at a time.

    Without a `path` they are kept in memory. `settle_seconds` is how long a user is UPDATING after a change.
    """

    def __init__(
        self, path: Path | None = None, settle_seconds: float = 0.5, clock: Callable[[], float] = time.time
    ) -> None:
        self.settle_seconds = settle_seconds
        self.clock = clock
        self.path = path
        self._turn = threading.RLock()
        self._database: sqlite3.Connection | None = None
        if path is not None and path.exists():
            self._open()  # a broken file is told at the start

    def _open(self) -> sqlite3.Connection:
        """Return the database, made by the first who needs it. Raises `OSError`, `sqlite3.Error`."""
        if self._database is None:
            if self.path is not None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.touch(mode=0o600)  # what a face is known by is for its owner alone
            database = sqlite3.connect(
                ":memory:" if self.path is None else self.path,
                check_same_thread=False,
                isolation_level=None,
            )
            database.execute("PRAGMA foreign_keys = ON")
            database.execute("PRAGMA secure_delete = ON")  # what was deleted is not left in the file
            database.executescript(_SCHEMA)
            self._database = database
        return self._database

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of a block or nothing, while nobody else reads or writes."""
        with self._turn:
            database = self._open()
            database.execute("BEGIN IMMEDIATE")
            try:
                yield
                database.execute("COMMIT")
            finally:
                if database.in_transaction:  # the work failed, or the disk is full
                    database.execute("ROLLBACK")

    def close(self) -> None:
        with self._turn:
            if self._database is not None:
                self._database.close()

    def add_collection(self, region: str, name: str) -> None:
        self._run(
            "INSERT INTO collections (region, name, created) VALUES (?, ?, ?)", region, name, self.clock()
        )

    def collection(self, region: str, name: str) -> StoredCollection | None:
        rows = self._run(
            "SELECT number, name, created FROM collections WHERE region = ? AND name = ?", region, name
        )
        return StoredCollection(*rows[0]) if rows else None

    def collections(self, region: str, after: int, limit: int) -> list[StoredCollection]:
        """Return those made after one, in this order."""
        query = (
            "SELECT number, name, created FROM collections WHERE region = ? AND number > ?"
            " ORDER BY number LIMIT ?"
        )
        return [StoredCollection(*row) for row in self._run(query, region, after, limit)]

    def delete_collection(self, number: int) -> None:
        """Remove it, with its faces and users."""
        self._run("DELETE FROM collections WHERE number = ?", number)

    def add_face(self, collection: int, face: StoredFace) -> None:
        self._run(
            f"INSERT INTO faces (collection, {_FACE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608  # ours
            *(collection, face.id, face.image, face.external_image, *face.box, face.confidence),
            array("f", face.descriptor).tobytes(),
        )

    def face(self, collection: int, face_id: str) -> StoredFace | None:
        return next(iter(self._faces("collection = ? AND id = ?", collection, face_id)), None)

    def faces(self, collection: int) -> list[StoredFace]:
        return self._faces("collection = ? ORDER BY number", collection)

    def faces_of_image(self, collection: int, image: str) -> list[StoredFace]:
        return self._faces("collection = ? AND image = ? ORDER BY number", collection, image)

    def faces_of_user(self, collection: int, user: str) -> list[StoredFace]:
        return self._faces("collection = ? AND user = ? ORDER BY number", collection, user)

    def faces_of_users(self, collection: int) -> list[StoredFace]:
        return self._faces("collection = ? AND user IS NOT NULL ORDER BY user, number", collection)

    def delete_face(self, number: int) -> None:
        self._run("DELETE FROM faces WHERE number = ?", number)

    def give_face(self, number: int, user: str | None, counts_from: float = 0.0) -> None:
        """Make a face a user's, or nobody's."""
        self._run("UPDATE faces SET user = ?, counts_from = ? WHERE number = ?", user, counts_from, number)

    def face_count(self, collection: int) -> int:
        return int(self._run("SELECT COUNT(*) FROM faces WHERE collection = ?", collection)[0][0])

    def add_user(self, collection: int, name: str) -> None:
        self._run("INSERT INTO users (collection, name, settled) VALUES (?, ?, 0)", collection, name)

    def user(self, collection: int, name: str) -> StoredUser | None:
        return next(iter(self._users("users.name = ?", collection, name)), None)

    def users(self, collection: int, after: int = 0, limit: int = -1) -> list[StoredUser]:
        """Return those made after one, in this order."""
        return self._users("users.number > ? ORDER BY users.number LIMIT ?", collection, after, limit)

    def touch_user(self, number: int) -> float:
        """Let a user be UPDATING for a while; return until when."""
        settled = self.clock() + self.settle_seconds
        self._run("UPDATE users SET settled = ? WHERE number = ?", settled, number)
        return settled

    def delete_user(self, number: int) -> None:
        self._run("DELETE FROM users WHERE number = ?", number)

    def user_count(self, collection: int) -> int:
        return int(self._run("SELECT COUNT(*) FROM users WHERE collection = ?", collection)[0][0])

    def saved(self, collection: int, operation: str, token: str) -> AnsweredRequest | None:
        """Return what a token was used for in the last day."""
        query = (
            "SELECT request, answer FROM tokens"
            " WHERE collection = ? AND operation = ? AND token = ? AND at > ?"
        )
        rows = self._run(query, collection, operation, token, self.clock() - _TOKEN_SECONDS)
        return AnsweredRequest(*rows[0]) if rows else None

    def save(self, collection: int, operation: str, token: str, saved: AnsweredRequest) -> None:
        self._run("DELETE FROM tokens WHERE at <= ?", self.clock() - _TOKEN_SECONDS)
        self._run(
            "INSERT OR REPLACE INTO tokens VALUES (?, ?, ?, ?, ?, ?)",
            *(collection, operation, token, *saved, self.clock()),
        )

    def _faces(self, where: str, *values: object) -> list[StoredFace]:
        query = f"SELECT number, {_FACE}, user, counts_from FROM faces WHERE {where}"  # noqa: S608  # ours
        found = []
        for row in self._run(query, *values):
            number, face, image, external, left, top, width, height, sure, numbers, user, since = row
            box = left, top, width, height
            descriptor = _numbers(numbers)
            found.append(StoredFace(number, face, image, external, box, sure, descriptor, user, since or 0.0))
        return found

    def _users(self, where: str, collection: int, *values: object) -> list[StoredUser]:
        query = (
            "SELECT users.number, users.name, users.settled, (SELECT COUNT(*) FROM faces"  # noqa: S608
            " WHERE faces.collection = users.collection AND faces.user = users.name)"
            f" FROM users WHERE users.collection = ? AND {where}"
        )
        return [StoredUser(*row) for row in self._run(query, collection, *values)]

    def _run(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._turn:
            return self._open().execute(query, values).fetchall()


def _numbers(packed: bytes) -> Descriptor:
    numbers = array("f")
    numbers.frombytes(packed)
    return tuple(numbers)
