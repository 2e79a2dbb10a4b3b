"""Looking for persons on photos that were there before them: what it costs, and asking for it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from aws.queues import Outgoing, SqsQueue
from contract.face_search import SearchScope
from contract.notifications import look_again_parts
from operations.adapters.dynamodb_searches import DynamoDBSearches, SearchedRecord
from operations.terminal import Steps


class SearchPlan(NamedTuple):
    """What there is to be searched: photos with faces, and faces, of which the gate leaves some out."""

    scope: SearchScope
    keys: tuple[str, ...]
    faces: int


@dataclass(frozen=True)
class PersonSearch:
    """Has workers look for all persons on photos that were looked at before one was added."""

    table: DynamoDBSearches
    queue: SqsQueue
    bucket: str
    now: Callable[[], str]

    def plan(self) -> Steps[SearchPlan]:
        """Read which photos are behind. Nothing is changed."""
        scope = self.table.scope(self.now())
        keys: list[str] = []
        faces = 0
        for records in self._behind(scope):
            keys += [record.key for record in records]
            faces += sum(record.faces for record in records)
            yield f"{len(keys):,} photos are to be searched"
        return SearchPlan(scope, tuple(keys), faces)

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
            yield [record for record in records if record.searched < scope.revision]
