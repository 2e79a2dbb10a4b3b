"""What questions need of the world outside, and what they tell it. Adapters provide it, tests in memory."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from aws.queue_depths import QueueDepth
from contract.meaning import Vector
from contract.records import ImageRecord, ImageVersion
from contract.results import Result
from contract.table import IndexRow

if TYPE_CHECKING:
    from contract.corrections import Corrections
    from contract.dead_letters import DeadLetter
    from contract.pipeline_status import PipelineStatus
    from query_api.search.postings import RowRange

VALID_SECONDS = 900


class QueryMetric(StrEnum):
    """The metrics of the query API, all of them counts; docs/metrics.md is generated from the comments."""

    # Requests to the API that were answered
    ANSWERED = "QuestionsAnswered"
    # Requests that were refused with a 4xx
    REFUSED = "QuestionsRefused"
    # Requests that ended with a 5xx
    FAILED = "QuestionsFailed"
    # Index rows read for answers
    ROWS_READ = "IndexRowsRead"
    # Index rows that were not true any more; many, for long, mean that nobody sweeps
    ROWS_SKIPPED = "IndexRowsSkipped"
    # Items of the table left out of answers, because they cannot be read
    ITEMS_UNREADABLE = "ItemsUnreadable"


Counting = Callable[[QueryMetric, int], None]


class RequestLog(Protocol):
    """Where sentences for operators go."""

    def exception(self, msg: object) -> None:
        """Log what went wrong, with the exception being handled."""


class Details(NamedTuple):
    """One image. `results` are by detector; one is missing only if it was removed from the table.

    `said` is what people say of it; None where nobody did, it cannot be read, or nobody has asked.
    `in_film` says when persons are seen in a film that names some; it is none of the raw results.
    """

    record: ImageRecord
    results: Mapping[str, Result]
    said: "Corrections | None" = None
    in_film: Result | None = None


class TableReader(Protocol):
    """Reads index rows, records and raw results as they are now; rows by rank, as they were a moment ago."""

    def rows(self, ranges: "Sequence[RowRange]", limit: int) -> Sequence[Sequence[IndexRow]]:
        """Read the first rows of each range, up to `limit`, in its order.

        A range that has fewer than `limit` rows left has no more.
        """

    def records(self, keys: Sequence[str]) -> Mapping[str, ImageRecord]:
        """Read the records of up to 100 different keys, tombstones too. Keys without one are left out."""

    def details(self, key: str, *, corrected: bool) -> Details | None:
        """Read what is known of a key, and if `corrected` what people say of it; None if it has no record."""

    def check(self) -> None:
        """Raise ImagepipeError if no question can be answered."""


class Narrowing(NamedTuple):
    """Where to look for neighbors: every part leaves out only images that cannot match.

    Keys begin with one of `prefixes`, times of upload and capture are within spans (both ends belong to
    them); None where all are meant. `part` is which of how many parts that all keys are spread over.
    """

    prefixes: tuple[str, ...] | None = None
    uploaded: tuple[str, str] | None = None
    captured: tuple[str, str] | None = None
    part: tuple[int, int] | None = None

    @property
    def has_ranges(self) -> bool:
        """Whether more than equality is asked for."""
        return any(span is not None for span in (self.prefixes, self.uploaded, self.captured))


class Neighbor(NamedTuple):
    """An image whose vector is near, as of a revision of its record: how near, from 1 down to -1."""

    key: str
    revision: str
    similarity: float


class RangesRefusedError(Exception):
    """The index takes no ranges: what they would leave out has to be left out afterwards."""


class DayUsedUpError(Exception):
    """What a question would cost is not allowed any more today; it is in so many seconds."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(f"no more today; ask again in {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


class Neighbors(Protocol):
    """Finds vectors of one space that are near another, as they were a moment ago.

    `takes_ranges` says whether prefixes and times may narrow, as far as is known.
    """

    @property
    def space(self) -> str: ...

    @property
    def takes_ranges(self) -> bool: ...

    def nearest(self, vector: Vector, within: Sequence[Narrowing], most: int) -> Sequence[Sequence[Neighbor]]:
        """Return up to `most` (100 at most) within each, the nearest first; one may be missed.

        Raise RangesRefusedError where ranges turn out to be refused: `takes_ranges` says so from then on.
        """


Wording = Callable[[str], Vector]


class LabelCounts(NamedTuple):
    """How many recognized images carry each label, by its name as Rekognition writes it.

    `looked_at` is set where not all images were counted: so many of the newest were. `at_most` are the names,
    in lower case, of which the count is only the most that it can be.
    """

    by_name: Mapping[str, int]
    looked_at: int | None = None
    at_most: frozenset[str] = frozenset()


class Counts(Protocol):
    """Reads what was counted."""

    def labels(self) -> LabelCounts: ...

    def statuses_and_days(
        self, days: Sequence[str]
    ) -> tuple[Mapping[str, int], Mapping[str, Mapping[str, int]]]:
        """Read how many images there are by status, and what the processor counted on these days, by day."""


class Backlog(NamedTuple):
    """What waits, and for how many messages there was no hope."""

    images: QueueDepth
    bulk: QueueDepth
    dead_letters: int


class Queues(Protocol):
    """Reads the depth of the queues."""

    def backlog(self) -> Backlog: ...


class LettersSeen(NamedTuple):
    """Dead letters that were looked at. `is_all` says that there were no more, here and in other hands."""

    letters: "Sequence[DeadLetter]"
    is_all: bool


class SentBack(NamedTuple):
    """What came of sending dead letters back. `twice` were sent, and are still there too."""

    looked_at: int
    sent: "Sequence[DeadLetter]"
    refused: int
    twice: int
    is_all: bool


class Standing(Protocol):
    """Reads how the pipeline stands."""

    def status(self) -> "PipelineStatus": ...


class Content(NamedTuple):
    """The one content that may be put under a key. `sha256` is in base64, as S3 writes it."""

    key: str
    content_type: str
    size_bytes: int
    sha256: str


class UploadGrant(NamedTuple):
    """A PUT of one content: where to, and the headers that have to go with it."""

    url: str
    headers: Mapping[str, str]
    expires_in_seconds: int


class Signer(Protocol):
    """Signs for objects of our buckets."""

    def photo(self, version: ImageVersion, form: str | None = None) -> str:
        """Return a URL that shows this version of an object, for up to VALID_SECONDS.

        `form` is its format, None where nobody has read it. It is not checked that the version exists.
        """

    def rendition(self, key: str) -> str:
        """Return a URL that shows what was made of a photo, by its key in the bucket of renditions."""

    def upload(self, content: Content, *, replace: bool) -> UploadGrant:
        """Return the PUT of exactly this content, for up to VALID_SECONDS.

        Unless `replace`, the bucket itself refuses it where the key has an object.
        """
