"""What a job has found of persons in a film, kept only of those who are looked for at that moment.

A job may last longer than forgetting somebody does. So who is looked for is read right before its answer is
kept, and once more afterwards: whoever forgets marks the person first, and is met by one of both.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.face_search import SearchScope
from contract.film_jobs import OpenJob
from contract.film_persons import persons_answer, persons_in, without_persons
from contract.results import Result

if TYPE_CHECKING:
    from processors.adapters.dynamodb import ImageTable


@dataclass(frozen=True)
class PersonsFound:
    """Keeps answers of jobs about persons. `now` gives ISO 8601 times in UTC."""

    kept: "ImageTable"
    scope: Callable[[], SearchScope]
    now: Callable[[], str]

    def read(self, job: OpenJob, results: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
        """Return what is worth keeping, whoever it is. Raise what reading anything else raises."""
        return persons_answer(results, job.duration_ms, job.poster)

    def keep(self, job: OpenJob, answer: Mapping[str, Any]) -> None:
        """Keep an answer. Raise a word for failure where somebody may be in it who must not."""
        answer = self._kept(job, answer)
        if persons_in(answer) - self.scope().persons.keys():
            self._kept(job, answer)

    def _kept(self, job: OpenJob, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = without_persons(answer, persons_in(answer) - self.scope().persons.keys())
        for failure in self.kept.save_results([Result(job.name, answer, self.now())]).values():
            raise failure
        return answer
