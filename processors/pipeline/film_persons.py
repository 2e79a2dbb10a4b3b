"""Looking for persons in films, by jobs of Rekognition: begun once all else is known of a film with faces.

A job takes a while, and meanwhile somebody may be enrolled: the one that is under way is good enough, as an
answer is, unless an operator wants a later revision searched.
docs/decisions/0044-persons-in-films-are-a-choice.md
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contract import errors
from contract.face_search import UNREADABLE_NOW, SearchScope
from contract.film_jobs import FORMATS, JobVerdict
from contract.film_persons import answer_name, persons_seen, revision_of
from contract.records import Findings, ImageVersion
from contract.results import Result, ResultName
from processors.detectors import UNREADABLE
from processors.pipeline.detection import Answer, SupersededError
from processors.pipeline.film_jobs import FilmJobRecognizer, verdict_in
from processors.pipeline.objects import StoredObject
from processors.rate_limit import Lane

if TYPE_CHECKING:
    from processors.adapters.face_answers import FaceAnswers

Kept = Mapping[ResultName, Result | errors.ImagepipeError]
Found = Findings | errors.ImagepipeError | SupersededError


@dataclass(frozen=True)
class FilmPersonSearch:
    """Says who is in a film, or why nobody can tell as yet."""

    jobs: FilmJobRecognizer
    kept: "FaceAnswers"

    def search(
        self, film: StoredObject, content_id: str, findings: Findings, scope: SearchScope, lane: Lane
    ) -> Found:
        """Return the findings with who is in a film. `scope` names somebody who is looked for.

        Where no job takes the film, nobody is found in it.
        """
        kept = self.kept.of_contents([content_id])[content_id]
        answer: Answer | int | None = _newest(kept, scope)
        if answer is None:
            answer = _unasked(film, findings, scope, kept, lane)
        if answer is None:
            answer = self._asked(film.version, answer_name(content_id, scope.revision), findings, scope, kept)
        if isinstance(answer, int):
            return replace(findings, persons={}, searched=answer)
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

    def _asked(
        self,
        version: ImageVersion,
        name: ResultName,
        findings: Findings,
        scope: SearchScope,
        kept: Kept,
    ) -> Answer | int:
        """Return what a job says, or as of which revision nobody is in the film."""
        verdict = verdict_in(kept.get(JobVerdict.name_for(name)))
        if isinstance(verdict, errors.ImagepipeError):
            return verdict
        assert findings.photo is not None

        def is_as_good(other: ResultName) -> bool:
            return other.content_id == name.content_id and _is_wanted(other, scope)

        answer = self.jobs.asked(version, findings.photo, name, verdict, is_as_good)
        return scope.revision if answer is None else answer


def _unasked(
    film: StoredObject, findings: Findings, scope: SearchScope, kept: Kept, lane: Lane
) -> errors.LongWorkError | int | None:
    """Return as of which revision nobody is in a film that no job is begun on, or that it goes another way.

    None where a job is to be asked.
    """
    if film.obstacle is not None:
        return UNREADABLE_NOW
    if findings.photo is None or findings.photo.format not in FORMATS or _is_refused(kept, scope):
        return scope.revision
    if lane is Lane.LIVE:
        said = f"persons in {film.version.key} are looked for in the bulk lane"
        return errors.LongWorkError("FilmIsLong", said, retry_within_seconds=0)
    return None


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
