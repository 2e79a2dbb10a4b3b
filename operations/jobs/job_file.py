"""The file of one job: its manifest's lines, the photos that they name, and how far it is.

It is a database in SQLite, in the state directory of whoever started the job, so that any size fits on disk
and little is in memory, and a command that was killed goes on: a step is there or is not.
"""

import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple, Self

from operations.backfilling import Progress
from operations.inventory import Listed
from operations.terminal import OperatorError

PAGE = 1000
# What Rekognition's own jobs may be called.
# https://docs.aws.amazon.com/rekognition/latest/APIReference/API_StartMediaAnalysisJob.html
NAME = re.compile(r"[a-zA-Z0-9_.\-]{1,64}")
_ID = re.compile(r"[a-zA-Z0-9_.\-]{1,80}")
_SCHEMA = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS lines (
    number INTEGER PRIMARY KEY, source_ref TEXT, key TEXT, code TEXT, message TEXT
);
CREATE TABLE IF NOT EXISTS objects (
    key TEXT PRIMARY KEY, line INTEGER, etag TEXT, size_bytes INTEGER, modified_at REAL,
    storage_class TEXT, is_restored INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""


class JobLine(NamedTuple):
    """A line of the manifest: the photo that it names, or why it cannot be used."""

    number: int
    source_ref: str | None
    key: str | None
    code: str | None = None
    message: str | None = None


class LineCounts(NamedTuple):
    """The lines of a manifest; `photos` are the different ones that valid lines name."""

    total: int
    valid: int
    photos: int

    @property
    def invalid(self) -> int:
        return self.total - self.valid

    @property
    def repeated(self) -> int:
        """Lines that name a photo of an earlier line."""
        return self.valid - self.photos


@dataclass(frozen=True)
class JobState:
    """What a job is, and how far. `manifest` and `output` are places in S3, or paths.

    `detectors` are those whose answers the results are to hold. `is_checked` says that the whole manifest has
    been read and looked up, `is_queued` that all of it is queued.
    """

    bucket: str
    table: str
    manifest: str
    created_at: str
    detectors: tuple[str, ...]
    output: str | None = None
    lane: str = "bulk"
    is_checked: bool = False
    is_queued: bool = False
    dollars: float = 0.0
    progress: Progress = field(default_factory=Progress)

    @classmethod
    def from_json(cls, text: str) -> "JobState":
        """Read what `to_json` wrote. Raise KeyError, TypeError or ValueError."""
        read = json.loads(text)
        return cls(
            **{**read, "detectors": tuple(read["detectors"]), "progress": Progress(**read["progress"])}
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self))


class JobFile:
    """One job's file, while the block lasts."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def id(self) -> str:
        return self.path.stem

    def __enter__(self) -> Self:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self.path, isolation_level=None)
            self._database.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise OperatorError(
                f"{self.path} cannot be used ({error}); choose another place by XDG_STATE_HOME"
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def state(self) -> JobState | None:
        """Return how far the job is; None where it has just been made. Raise OperatorError."""
        row = self._database.execute("SELECT value FROM state WHERE name = 'job'").fetchone()
        try:
            return JobState.from_json(row[0]) if row else None
        except (KeyError, TypeError, ValueError) as error:
            raise OperatorError(f"{self.path} cannot be read ({error}); remove it, and begin anew") from error

    def write(self, state: JobState) -> None:
        """Keep how far the job is, with all that was written since."""
        self._database.execute("INSERT OR REPLACE INTO state VALUES ('job', ?)", (state.to_json(),))
        self.keep()

    def keep(self) -> None:
        """End a step: what was written is there from now on, whatever happens."""
        if self._database.in_transaction:
            self._database.execute("COMMIT")

    def clear(self) -> None:
        """Forget the lines, to read the manifest from its beginning."""
        self._begin()
        self._database.execute("DELETE FROM lines")
        self._database.execute("DELETE FROM objects")

    def add(self, line: JobLine) -> int | None:
        """Take a line in. Return the line that names the same photo before, if there is one."""
        self._begin()
        self._database.execute("INSERT INTO lines VALUES (?, ?, ?, ?, ?)", line)
        if line.key is None:
            return None
        taken_in = self._database.execute(
            "INSERT OR IGNORE INTO objects (key, line) VALUES (?, ?)", (line.key, line.number)
        )
        if taken_in.rowcount:
            return None
        row = self._database.execute("SELECT line FROM objects WHERE key = ?", (line.key,)).fetchone()
        return int(row[0])

    def named(self) -> Iterator[Sequence[tuple[str, int]]]:
        """Yield all keys that lines name, with the first line of each, in the order of keys."""
        after = ""
        while page := self._database.execute(
            "SELECT key, line FROM objects WHERE key > ? ORDER BY key LIMIT ?", (after, PAGE)
        ).fetchall():
            yield page
            after = page[-1][0]

    def found(self, listed: Sequence[Listed]) -> None:
        """Note the objects that there are."""
        self._begin()
        self._database.executemany(
            "UPDATE objects SET etag = ?, size_bytes = ?, modified_at = ?, storage_class = ?, "
            "is_restored = ? WHERE key = ?",
            [
                (each.etag, each.size_bytes, each.modified_at, each.storage_class, each.is_restored, each.key)
                for each in listed
            ],
        )

    def blame_missing(self, code: str, message: str) -> None:
        """Note on every line whose object is not there that this is so."""
        self._begin()
        self._database.execute(
            "UPDATE lines SET code = ?, message = ? "
            "WHERE key IN (SELECT key FROM objects WHERE etag IS NULL)",
            (code, message),
        )

    def objects(self, after: str = "") -> Iterator[Sequence[Listed]]:
        """Yield the objects that there are, as they were when they were looked up, in the order of keys."""
        while page := self._database.execute(
            "SELECT key, etag, size_bytes, modified_at, storage_class, is_restored FROM objects "
            "WHERE key > ? AND etag IS NOT NULL ORDER BY key LIMIT ?",
            (after, PAGE),
        ).fetchall():
            yield [_listed(row) for row in page]
            after = page[-1][0]

    def listed(self, keys: Sequence[str]) -> Mapping[str, Listed]:
        """Return the objects of these keys as they were when they were looked up."""
        marks = ", ".join("?" * len(keys))
        found = self._database.execute(
            "SELECT key, etag, size_bytes, modified_at, storage_class, is_restored FROM objects "  # noqa: S608
            f"WHERE etag IS NOT NULL AND key IN ({marks})",
            list(keys),
        )
        return {row[0]: _listed(row) for row in found}

    def lines(self, page: int = 100) -> Iterator[Sequence[JobLine]]:
        """Yield the lines in their order, so many at a time."""
        after = 0
        while found := self._database.execute(
            "SELECT * FROM lines WHERE number > ? ORDER BY number LIMIT ?", (after, page)
        ).fetchall():
            yield [JobLine(*row) for row in found]
            after = found[-1][0]

    def faults(self, most: int) -> list[JobLine]:
        """Return the first lines that cannot be used."""
        found = self._database.execute(
            "SELECT * FROM lines WHERE code IS NOT NULL ORDER BY number LIMIT ?", (most,)
        )
        return [JobLine(*row) for row in found]

    def counts(self) -> LineCounts:
        total, valid = self._database.execute(
            "SELECT COUNT(*), COALESCE(SUM(code IS NULL), 0) FROM lines"
        ).fetchone()
        (photos,) = self._database.execute("SELECT COUNT(*) FROM objects WHERE etag IS NOT NULL").fetchone()
        return LineCounts(total, valid, photos)

    def remove(self) -> None:
        """Remove the file, which must not be in use."""
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink(missing_ok=True)

    def _begin(self) -> None:
        if not self._database.in_transaction:
            self._database.execute("BEGIN")


def _listed(row: tuple[str, str, int, float, str, int]) -> Listed:
    return Listed(row[0], row[1], row[2], row[3], row[4], bool(row[5]))


def job_file(directory: Path, name: str, about: Mapping[str, str]) -> JobFile:
    """Return the file of the job that is about this, made or not: the same again for the same."""
    if not NAME.fullmatch(name):
        raise OperatorError(f"--name {name!r} is not of 1 to 64 letters, digits and _ . -")
    digest = blake2b(json.dumps(about, sort_keys=True).encode(), digest_size=5).hexdigest()
    return JobFile(directory / f"{name}-{digest}.sqlite")


def existing_job(directory: Path, job_id: str) -> JobFile:
    """Return the file of a job that was started on this machine. Raise OperatorError."""
    path = directory / f"{job_id}.sqlite"
    if not _ID.fullmatch(job_id) or not path.is_file():
        raise OperatorError(f"no job {job_id!r} was started on this machine; imagepipe job list shows all")
    return JobFile(path)


def all_jobs(directory: Path) -> list[tuple[str, JobState, LineCounts]]:
    """Return the jobs that were started on this machine, the newest first."""
    found = []
    for path in directory.glob("*.sqlite"):
        with JobFile(path) as file:
            if state := file.state():
                found.append((file.id, state, file.counts()))
    return sorted(found, key=lambda job: job[1].created_at, reverse=True)
