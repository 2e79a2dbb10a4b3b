"""Looking for persons in films with faces, once all else is known of them: by frames, or by jobs.

A job takes a while, and meanwhile somebody may be enrolled: the one that is under way is good enough, as an
answer is, unless an operator wants a later revision searched. What no job takes is looked at by frames.
docs/decisions/0044-persons-in-films-are-a-choice.md
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contract import errors
from contract.face_search import UNREADABLE_NOW, SearchScope
from contract.film_jobs import FORMATS, JobVerdict
from contract.film_persons import answer_name, persons_seen, revision_of
from contract.records import Findings
from contract.results import Result, ResultName
from processors.detectors import UNREADABLE
from processors.pipeline.detection import Answer, SupersededError
from processors.pipeline.film_jobs import FilmJobRecognizer, verdict_in
from processors.pipeline.frame_persons import FramePersonSearch, Kept, SearchedFilm
from processors.pipeline.objects import StoredObject
from processors.rate_limit import Lane
from processors.runtime import Deadline

if TYPE_CHECKING:
    from processors.adapters.face_answers import FaceAnswers

Found = Findings | errors.ImagepipeError | SupersededError


@dataclass(frozen=True)
class FilmPersonSearch:
    """Says who is in a film, or why nobody can tell as yet; `jobs` is None where there are none."""

    kept: "FaceAnswers"
    frames: FramePersonSearch
    jobs: FilmJobRecognizer | None

    def search(
        self,
        film: StoredObject,
        content_id: str,
        findings: Findings,
        scope: SearchScope,
        during: tuple[Lane, Deadline],
    ) -> Found:
        """Return the findings with who is in a film. `scope` names somebody who is looked for."""
        assert findings.photo is not None
        kept = self.kept.of_contents([content_id])[content_id]
        searched = SearchedFilm(film.version, content_id, findings.photo, scope, kept)
        answer: Answer | None = _newest(kept, scope)
        if answer is None and film.obstacle is not None:
            return replace(findings, persons={}, searched=UNREADABLE_NOW)
        if answer is None:
            answer = self._asked(searched, *during)
        if not isinstance(answer, Result):
            return answer
        revision = revision_of(answer.name)
        assert revision is not None
        try:
            persons = persons_seen(answer.response, scope.persons)
        except UNREADABLE as fault:
            lacking = f"the answer about persons in {film.version.key} lacks {fault!r}"
            return errors.TransientError("UnexpectedAnswer", lacking)
        return replace(findings, persons=persons, searched=revision)

    def _asked(self, film: SearchedFilm, lane: Lane, deadline: Deadline) -> Answer:
        if lane is Lane.LIVE:
            said = f"persons in {film.version.key} are looked for in the bulk lane"
            return errors.LongWorkError("FilmIsLong", said, retry_within_seconds=0)
        by_job = None if self.jobs is None else _by_job(self.jobs, film)
        return self.frames.answer(film, lane, deadline) if by_job is None else by_job


def _by_job(jobs: FilmJobRecognizer, film: SearchedFilm) -> Answer | None:
    """Return what a job says, or why it says nothing as yet; None where none takes the film."""
    if film.facts.format not in FORMATS or _is_refused(film.kept, film.scope):
        return None
    name = answer_name(film.content_id, film.scope.revision)
    verdict = verdict_in(film.kept.get(JobVerdict.name_for(name)))
    if isinstance(verdict, errors.ImagepipeError):
        return verdict

    def is_as_good(other: ResultName) -> bool:
        return other.content_id == name.content_id and _is_wanted(other, film.scope)

    return jobs.asked(film.version, film.facts, name, verdict, is_as_good)


def _is_wanted(name: ResultName, scope: SearchScope) -> bool:
    revision = revision_of(name)
    return revision is not None and revision >= scope.wanted


def _newest(kept: Kept, scope: SearchScope) -> Result | errors.ImagepipeError | None:
    """Return the answer about the film that is of the last revision, if that is wanted."""
    known = [name for name in kept if _is_wanted(name, scope)]
    return kept[max(known, key=lambda name: revision_of(name) or 0)] if known else None


def _is_refused(kept: Kept, scope: SearchScope) -> bool:
    """Return whether a job was tried for what is wanted, and cannot read the film."""
    verdicts = {JobVerdict.about(name): answer for name, answer in kept.items()}
    return any(
        name is not None
        and _is_wanted(name, scope)
        and isinstance(verdict, Result)
        and JobVerdict.from_json(verdict.response).by_frames
        for name, verdict in verdicts.items()
    )
