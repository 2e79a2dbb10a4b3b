"""Looking for persons on photos and films that were there before them: what it costs, and asking for it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from aws.queues import Outgoing, SqsQueue
from contract.face_search import SearchScope
from contract.notifications import look_again_parts
from contract.prices import FILM_JOB_MINUTE, dollars_for_calls
from operations.adapters.dynamodb_searches import DynamoDBSearches, SearchedRecord
from operations.terminal import Steps


class SearchPlan(NamedTuple):
    """What there is to be searched: photos with faces, and faces, of which the gate leaves some out.

    Of `keys`, so many are `films` with faces, of so many minutes together.
    """

    scope: SearchScope
    keys: tuple[str, ...]
    faces: int
    films: int = 0
    film_minutes: float = 0.0

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

    `in_films` says whether jobs look for them in films; where they do not, films are left alone.
    """

    table: DynamoDBSearches
    queue: SqsQueue
    bucket: str
    now: Callable[[], str]
    in_films: bool = False

    def plan(self) -> Steps[SearchPlan]:
        """Read which photos are behind. Nothing is changed."""
        scope = self.table.scope(self.now())
        keys: list[str] = []
        faces = films = 0
        seconds = 0.0
        for records in self._behind(scope):
            keys += [record.key for record in records]
            lasting = [record.photo.duration_seconds for record in records if record.photo]
            lengths = [length for length in lasting if length is not None]
            films, seconds = films + len(lengths), seconds + sum(map(ceil, lengths))
            faces += sum(record.faces for record in records if not _is_film(record))
            yield f"{len(keys):,} photos are to be searched"
        return SearchPlan(scope, tuple(keys), faces, films, seconds / 60)

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
                if record.searched < scope.revision and (self.in_films or not _is_film(record))
            ]


def _is_film(record: SearchedRecord) -> bool:
    return record.photo is not None and record.photo.is_film
