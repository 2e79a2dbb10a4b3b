"""What `like` and `similar_to` of `/images` ask for, as a vector."""

from contextlib import suppress
from typing import NamedTuple

from contract.meaning import OF_MEANING, Vector, space_of, vector_in
from contract.records import Status
from query_api.http import messages
from query_api.http.parameters import QueryParams
from query_api.ports import DayUsedUpError, Details, TableReader, Wording
from query_api.search.questions import ListQuestion
from query_api.search.similar import SimilarImages


class Meanings(NamedTuple):
    """What answers questions of meaning: images near a vector, and vectors of words."""

    images: SimilarImages
    wording: Wording


def vector_asked(
    question: ListQuestion, params: QueryParams, table: TableReader, meanings: Meanings
) -> Vector:
    """Return the vector of what is asked for. Raise ProblemError where a photo has none."""
    if question.similar_to is None:
        try:
            return meanings.wording(question.like or "")
        except DayUsedUpError as error:
            raise messages.day_used_up(error.retry_after_seconds) from error
    details = table.details(question.similar_to, corrected=False)
    found = None if details is None else vector_of(details, meanings.images.neighbors.space)
    if found is not None:
        return found
    if details is None or details.record.status is Status.DELETED:
        reason = "nothing is known of this key"
    else:
        reason = "this photo has no vector: nothing was recognized in it, or not since photos get one"
    params.blame("similar_to", reason)
    raise params.problem()


def vector_of(details: Details, space: str) -> Vector | None:
    """Return the vector of a photo in a space; None where it has none there, or none of our form."""
    for name in OF_MEANING:
        result = details.results.get(name)
        if result is not None and space_of(result.name.fingerprint) == space:
            with suppress(KeyError, TypeError, ValueError):
                return vector_in(result.response)
    return None
