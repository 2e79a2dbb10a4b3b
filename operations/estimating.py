"""What was counted of a listing, and what that comes to: hours and dollars."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from contract.meaning import MEANING_SEEN
from contract.picture_usage import PictureWork
from operations.costs import Bill, dollars_of_files
from operations.film_hours import NO_FILMS, FilmHours, FilmLength
from operations.inventory import TIERED, Listed
from operations.planning import Assessed, Assessor, ObjectFilter, ObjectKind
from operations.pricing import Pricing, hours


@dataclass
class Totals:
    """What was counted. Objects that the filter leaves out are in none of the other numbers.

    `calls` are by detector, for what is `to_do`; `repeated` are objects whose bytes were listed before,
    `known` those of which all answers are there already. `archived` cannot be read, have no current record,
    and are not `to_do`; of the others without a record, `tiered` may turn out to be archived. `read` are the
    files that have to be looked at, `converted` those of them of which a view is to be made, by their names,
    and `meant` are vectors to be made, by detector. `of_cameras` are to be asked about as far as they show
    something new, which their pictures alone tell: `calls` are those of all. `recorded` were
    recognized before, `without_vector` those of them whose record lacks one, by detector. `not_counted` are
    photos whose faces nobody has looked for, while persons are: their searches in `calls` are reckoned.
    Of films, `films` has what is to be asked, by the second, and nothing else here; `of_unknown_length` are
    those that nobody has opened.
    """

    objects: int = 0
    size_bytes: int = 0
    left_out: int = 0
    current: int = 0
    to_do: int = 0
    repeated: int = 0
    known: int = 0
    archived: int = 0
    tiered: int = 0
    read: int = 0
    converted: int = 0
    of_cameras: int = 0
    meant: Counter[str] = field(default_factory=Counter)
    recorded: int = 0
    without_vector: Counter[str] = field(default_factory=Counter)
    not_counted: int = 0
    films: FilmHours = NO_FILMS
    films_to_do: int = 0
    of_unknown_length: int = 0
    kinds: dict[ObjectKind, int] = field(default_factory=lambda: dict.fromkeys(ObjectKind, 0))
    calls: Counter[str] = field(default_factory=Counter)

    def add(self, assessed: Assessed) -> None:
        self.objects += 1
        self.size_bytes += assessed.listed.size_bytes
        self.kinds[assessed.kind] += 1
        self.recorded += assessed.is_recorded
        self.without_vector.update(assessed.without_vector)
        if assessed.is_current:
            self.current += 1
        elif assessed.has_to_wait:
            self.archived += 1
        else:
            self.to_do += 1
            self.tiered += assessed.listed.storage_class == TIERED
            self.repeated += assessed.is_repeated
            self.known += assessed.kind.can_be_asked_about and not assessed.calls and not assessed.is_repeated
            self.meant.update(assessed.meant)
            if assessed.film is not None:
                self._add_film(assessed, assessed.film)
                return
            self.calls.update(assessed.counted_calls)
            self.not_counted += not assessed.faces.is_known
            self.of_cameras += assessed.is_of_camera and bool(assessed.calls)
            self.read += assessed.is_read
            self.converted += assessed.is_read and assessed.is_converted

    def _add_film(self, assessed: Assessed, film: FilmLength) -> None:
        self.films_to_do += 1
        if assessed.is_looked_at:
            self.of_unknown_length += not film.is_known
            self.films = self.films.plus(film, assessed.calls)

    def to_json(self) -> dict[str, object]:
        return {
            "objects": self.objects,
            "bytes": self.size_bytes,
            "left_out": self.left_out,
            "current": self.current,
            "to_do": self.to_do,
            "repeated_bytes": self.repeated,
            "answered_before": self.known,
            "archived": self.archived,
            "maybe_archived": self.tiered,
            "files_to_read": self.read,
            "files_to_convert": self.converted,
            "of_cameras": self.of_cameras,
            **({"vectors_to_make": dict(self.meant)} if self.meant else {}),
            **({"faces_not_counted": self.not_counted} if self.not_counted else {}),
            "kinds": {str(kind): count for kind, count in self.kinds.items()},
            "calls": dict(self.calls),
        }


@dataclass
class Assessment:
    """Adds up what all listed objects would take, or the first `limit`. `onlookers` are shown each page."""

    assessor: Assessor
    filter: ObjectFilter
    limit: int | None = None
    onlookers: Sequence[Callable[[Sequence[Assessed]], None]] = ()
    totals: Totals = field(default_factory=Totals)
    is_all: bool = False

    def run(self, pages: Iterable[Sequence[Listed]]) -> Iterator[Totals]:
        """Yield the totals after each page. Only when all pages were taken in, `is_all` is true."""
        for page in pages:
            chosen = [listed for listed in page if self.filter.matches(listed)]
            room = None if self.limit is None else self.limit - self.totals.objects
            self.totals.left_out += len(page) - len(chosen)
            found = self.assessor.assess(chosen[:room])
            for assessed in found:
                self.totals.add(assessed)
            for look in self.onlookers:
                look(found)
            yield self.totals
            if room is not None and len(chosen) > room:
                return
        self.is_all = True


@dataclass(frozen=True)
class Estimate:
    """The answer of `imagepipe plan`. `is_all` says that all was listed."""

    totals: Totals
    pricing: Pricing
    bill: Bill
    is_all: bool

    @property
    def seconds(self) -> float:
        return self.pricing.seconds(self.totals.calls, self.totals.meant[MEANING_SEEN], self.totals.films)

    @property
    def calls(self) -> Mapping[str, int]:
        """Return the calls by detector, those about frames of films among them."""
        return self.pricing.calls_of(self.totals.calls, self.totals.films)

    @property
    def dollars_of_films(self) -> tuple[float, float]:
        """Return what films cost by frames, and by jobs."""
        by_frames, by_jobs = (self.totals.films.bill(by_jobs=by_jobs).total for by_jobs in (False, True))
        return by_frames, by_jobs

    @property
    def picture_work(self) -> PictureWork | None:
        return self.pricing.picture_work(self.totals.to_do, self.totals.read, self.totals.converted)

    def to_json(self) -> dict[str, object]:
        return {
            **self.totals.to_json(),
            "calls": dict(self.calls),
            **({"films": self._films()} if self.totals.films_to_do else {}),
            "is_all": self.is_all,
            "quotas": dict(self.pricing.quotas),
            "daily_limits": dict(self.pricing.daily_limits),
            "hours": hours(self.seconds),
            "dollars": self.bill.to_json(),
            **({"dollars_of_files": dollars_of_files(work)} if (work := self.picture_work) else {}),
        }

    def _films(self) -> dict[str, object]:
        by_frames, by_jobs = self.dollars_of_films
        return {
            "to_do": self.totals.films_to_do,
            "of_unknown_length": self.totals.of_unknown_length,
            "hours": round(self.totals.films.hours, 3),
            "frames": self.totals.films.frames(by_jobs=False),
            "job_minutes": round(self.totals.films.job_minutes(), 1),
            "dollars_by_frames": round(by_frames, 4),
            "dollars_by_jobs": round(by_jobs, 4),
            "is_by_jobs": self.pricing.begins_jobs,
        }
