"""Persons who agreed to be looked for, as they are found in films: by jobs of Rekognition, or by frames.

| item   | pk                     | sk                                      | says                         |
|--------|------------------------|-----------------------------------------|------------------------------|
| answer | `content#<content id>` | `people#film<percent>.<revision>.whole` | who is like which face, when |

Frames are searched face by face, as photos are, and what is answered about each is kept by itself
(contract/face_search.py); then the film has one answer, too. A job searches the faces of the collection, not
its users. Whose a face is says its external id, so nothing is to be looked up. Of what a job has said, who is
like which face is kept, and when: no face that is like nobody's, no id of a face, no place in the picture.
docs/decisions/0044-persons-in-films-are-a-choice.md
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from contract.face_search import FACES_ANSWERED, LEAST_SIMILARITY_PERCENT, FaceAnswerName, assigned
from contract.film_jobs import JobSpec, step_ms
from contract.films import MOST_ANSWER_BYTES, Frame, Interval
from contract.people import owner_of
from contract.records import PersonMatch
from contract.results import ResultName, pack

# What the answer is kept by, in place of a detector: as answers about faces of photos are.
PERSONS_JOBS: Mapping[str, JobSpec] = {
    FACES_ANSWERED: JobSpec(
        "StartFaceSearch", "GetFaceSearch", "Persons", "Person", False, ("CollectionId", "FaceMatchThreshold")
    )
}
IN_FILM = "PersonsInFilm"
# A stack has one collection; which one is no part of the name, so that readers need not know it.
_QUESTION = f"film{LEAST_SIMILARITY_PERCENT:g}"
_WHOLE = "whole"
# A minute of a job costs as much as so many searches.
SEARCHES_A_MINUTE = 100
# Who turns away for no longer than this many steps is seen without a break.
_BRIDGED_STEPS = 2
# What is kept of a film where all of it is too much: matches a face, faces a step, decimals of percents.
_THINNED = ((5, 100, 2), (1, 100, 2), (1, 100, 0), (1, 20, 0), (1, 5, 0), (1, 1, 0))

Alike = Mapping[str, float]


def question_parameters(collection: str) -> dict[str, Any]:
    """Return what a job is asked beside the film. Matches are kept from where those of photos are."""
    return {"CollectionId": collection, "FaceMatchThreshold": LEAST_SIMILARITY_PERCENT}


def answer_name(content_id: str, revision: int) -> ResultName:
    """Return what the answer about a film is kept by, of a revision of the collection."""
    return FaceAnswerName(_QUESTION, revision, _WHOLE).of(content_id)


def revision_of(name: ResultName) -> int | None:
    """Return the revision that an answer about a film is of; None where it is about something else."""
    read = FaceAnswerName.read(name) if name.detector == FACES_ANSWERED else None
    return read.revision if read is not None and (read.question, read.face) == (_QUESTION, _WHOLE) else None


def persons_answer(results: Iterable[Mapping[str, Any]], duration_ms: int, frame: str) -> dict[str, Any]:
    """Return what is kept of what a job has said, step by step; `frame` is the key of the film's poster.

    Of the same face in one step, what it was likest. Raise KeyError, TypeError or ValueError for what is no
    answer of a job.
    """
    step = step_ms(duration_ms)
    found: dict[int, dict[int, dict[str, float]]] = {}
    for result in results:
        place, index = int(result["Timestamp"]) // step, int(result["Person"]["Index"])
        for match in result.get("FaceMatches", ()):
            person, similarity = (
                owner_of(match["Face"].get("ExternalImageId", "")),
                float(match["Similarity"]),
            )
            if person and similarity >= LEAST_SIMILARITY_PERCENT:
                alike = found.setdefault(place, {}).setdefault(index, {})
                alike[person] = max(similarity, alike.get(person, 0.0))
    seen = (
        (Frame(place * step, min((place + 1) * step, max(duration_ms, 1)), place * step, ""), frame, faces)
        for place, by_index in sorted(found.items())
        for faces in [list(by_index.values())]
    )
    return film_persons_answer(seen, bridged_ms=_BRIDGED_STEPS * step)


def most_searched(frame: Frame) -> int:
    """Return how many faces of a frame are searched at most: no more than a job would cost for its span."""
    return max(1, SEARCHES_A_MINUTE * (frame.end - frame.first) // 60_000)


def film_persons_answer(
    seen: Iterable[tuple[Frame, str, Sequence[Alike]]], bridged_ms: int = 0
) -> dict[str, Any]:
    """Return what is kept of a film: who each face is like, by the part of the film and the key of its frame.

    Who is away for no longer than `bridged_ms` is seen without a break.
    """
    steps = [(frame, key, [alike for alike in faces if alike]) for frame, key, faces in seen]

    def thinned(matches: int, faces: int, decimals: int) -> dict[str, Any]:
        kept = []
        for frame, key, alikes in steps:
            likest = [_likest(alike, matches, decimals) for alike in alikes]
            likest.sort(key=lambda alike: -max(alike.values()))
            kept.append([frame.first, frame.end, frame.at, key, likest[:faces]])
        return {IN_FILM: [step for step in kept if step[-1]], "Bridged": bridged_ms}

    for how in _THINNED:
        answer = thinned(*how)
        if len(pack(answer)) <= MOST_ANSWER_BYTES:
            break
    return answer


def _likest(alike: Alike, most: int, decimals: int) -> dict[str, float]:
    first = sorted(alike.items(), key=lambda each: (-each[1], each[0]))[:most]
    return {person: round(similarity, decimals) for person, similarity in first}


def persons_in(answer: Mapping[str, Any]) -> set[str]:
    """Return the ids of all persons that an answer about a film names."""
    return {person for *_, faces in answer[IN_FILM] for alike in faces for person in alike}


def without_persons(answer: Mapping[str, Any], persons: Collection[str]) -> dict[str, Any]:
    """Return an answer about a film as if these had never been looked for."""
    steps = []
    for *where, faces in answer[IN_FILM]:
        left = [_only(alike, alike.keys() - set(persons)) for alike in faces]
        if any(left):
            steps.append([*where, [alike for alike in left if alike]])
    return {**answer, IN_FILM: steps}


def _only(alike: Alike, persons: Collection[str]) -> dict[str, float]:
    return {person: similarity for person, similarity in alike.items() if person in persons}


def persons_seen(answer: Mapping[str, Any], persons: Collection[str]) -> dict[str, PersonMatch]:
    """Return which of these persons are in a film, each as like as where it is likest, and on no face."""
    found: dict[str, PersonMatch] = {}
    for *_, seen in _by_steps(answer, persons):
        for person, similarity in seen.items():
            if person not in found or similarity > found[person].similarity:
                found[person] = PersonMatch(similarity, None)
    return found


def person_intervals(
    answer: Mapping[str, Any], persons: Collection[str], least_percent: float
) -> list[Interval]:
    """Return when these persons are seen, at least so like; an interval's name is the person's id."""
    found: list[Interval] = []
    last: dict[str, int] = {}
    for first, end, at, key, seen in _by_steps(answer, persons):
        for person, similarity in seen.items():
            if similarity < least_percent:
                continue
            now = Interval("person", person, first, end, at, key, similarity)
            before = found[last[person]] if person in last else None
            if before is None or first - before.end > answer["Bridged"]:
                last[person] = len(found)
                found.append(now)
            else:
                likest = now if similarity > (before.confidence or 0.0) else before
                found[last[person]] = likest._replace(first=before.first, end=end)
    return found


def _by_steps(
    answer: Mapping[str, Any], persons: Collection[str]
) -> Iterator[tuple[int, int, int, str, dict[str, float]]]:
    """Yield who is seen in each step: a person once, and a face as one person's, as on photos."""
    for first, end, at, key, faces in answer[IN_FILM]:
        seen = assigned(dict(enumerate(_only(alike, persons) for alike in faces)))
        similarities = {person: match.similarity for person, match in seen.items()}
        yield int(first), int(end), int(at), str(key), similarities
