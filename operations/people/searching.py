"""Looking for persons on photos and films that were there before them: what it costs, and asking for it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple

from aws.queues import Outgoing, SqsQueue
from contract.face_search import SearchScope
from contract.film_jobs import FORMATS
from contract.film_persons import most_searched
from contract.films import IN_FRAMES, Frame
from contract.notifications import look_again_parts
from contract.prices import FILM_JOB_MINUTE, dollars_for_calls
from operations.adapters.dynamodb_searches import DynamoDBSearches, SearchedRecord
from operations.terminal import Steps


class SearchPlan(NamedTuple):
    """What there is to be searched: photos with faces, and faces, of which the gate leaves some out.

    Of `keys`, so many are `films` with faces: `faces` has those of their frames, but for films that jobs
    search, which are of so many minutes together.
    """

    scope: SearchScope
    keys: tuple[str, ...]
    faces: int
    films: int = 0
    film_minutes: float = 0.0

    def plus(
        self, records: Sequence[SearchedRecord], in_frames: Mapping[str, int], *, by_jobs: bool
    ) -> "SearchPlan":
        """Return the plan with these too; `in_frames` says how many faces films have, by key."""
        films = [record for record in records if record.is_film]
        timed = [film for film in films if by_jobs and film.photo and film.photo.format in FORMATS]
        photos = sum(record.faces for record in records if not record.is_film)
        frames = sum(in_frames[film.key] for film in films if film not in timed)
        seconds = sum(ceil(film.photo.duration_seconds or 0) for film in timed if film.photo)
        return SearchPlan(
            self.scope,
            (*self.keys, *(record.key for record in records)),
            self.faces + photos + frames,
            self.films + len(films),
            self.film_minutes + seconds / 60,
        )

    @property
    def photos(self) -> int:
        return len(self.keys) - self.films

    @property
    def dollars(self) -> float:
        """What it costs at most, in the first million calls of a month."""
        return dollars_for_calls(self.faces) + self.film_minutes * FILM_JOB_MINUTE


@dataclass(frozen=True)
class PersonSearch:
    """Has workers look for all persons on photos that were looked at before one was added.

    `in_films` says whether they are looked for in films, and `by_jobs` whether by jobs, where these can be.
    """

    table: DynamoDBSearches
    queue: SqsQueue
    bucket: str
    now: Callable[[], str]
    in_films: bool = False
    by_jobs: bool = False

    def plan(self) -> Steps[SearchPlan]:
        """Read which photos are behind. Nothing is changed."""
        scope = self.table.scope(self.now())
        plan = SearchPlan(scope, (), 0)
        for records in self._behind(scope):
            plan = plan.plus(records, self._in_frames(records), by_jobs=self.by_jobs)
            yield f"{len(plan.keys):,} photos are to be searched"
        return plan

    def _in_frames(self, records: Sequence[SearchedRecord]) -> Mapping[str, int]:
        """Return how many faces the frames of films have, by key; one that comes again counts once."""
        films = {record.key: record.answer for record in records if record.is_film}
        answers = self.table.answers([*films.values()])
        return {
            key: sum(_faces_by_frame(answers[name].response).values()) if name in answers else 0
            for key, name in films.items()
        }

    def ask(self, plan: SearchPlan) -> Steps[int]:
        """Have the photos looked at again, and their faces searched at the plan's revision.

        Whoever is stopped runs it again: what was searched meanwhile is not searched twice.
        """
        self.table.want(plan.scope.revision)
        queued = 0
        for keys, body in look_again_parts(self.bucket, plan.keys, self.now()):
            for error in self.queue.send([Outgoing("0", body)]).values():
                raise error
            queued += len(keys)
            yield f"{queued:,} of {len(plan.keys):,} photos are queued"
        return queued

    def _behind(self, scope: SearchScope) -> Iterator[list[SearchedRecord]]:
        for records in self.table.with_faces():
            yield [
                record
                for record in records
                if record.searched < scope.revision and (self.in_films or not record.is_film)
            ]


def _faces_by_frame(answer: Mapping[str, Any]) -> dict[str, int]:
    """Return by the name of a frame how many of its faces are searched at most."""
    rows = ((Frame.from_json(frame), short) for *frame, _, short in answer.get(IN_FRAMES, []))
    return {frame.name: min(int(short.get("faces", 0)), most_searched(frame)) for frame, short in rows}
