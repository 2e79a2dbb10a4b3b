"""Whether photos would go on being found if questions were asked of another space of vectors from now on."""

from collections.abc import Callable, Iterator

from contract.errors import ConfigurationError
from contract.meaning import space_by
from operations.checking.findings import Finding, Fit
from operations.checking.wanted import Wanted
from operations.filling_spaces import SpaceFilling

_SUBJECT = "search by meaning"


def meaning_findings(
    wanted: Wanted, asked: str, fill: Callable[[str, str], SpaceFilling]
) -> Iterator[Finding]:
    """Compare what is to be asked with what the stack asks now; `asked` is empty where it asks nothing.

    `fill` counts who is found by vectors of one, and has none of the other.
    """
    if not (wanted.meaning and asked) or space_by(asked) == space_by(wanted.meaning):
        return
    try:
        filling = fill(asked, wanted.meaning)
    except ConfigurationError as refusal:
        advice = f"you may not read the table: see by imagepipe status that {wanted.meaning} is complete"
        yield Finding(_SUBJECT, refusal.code, Fit.HINT, advice)
        return
    if not filling.lacking:
        yield _complete(wanted, asked, filling)
        return
    yield Finding(
        _SUBJECT,
        filling.in_words(),
        Fit.HINT,
        f"they would be found by nothing that they mean until they get one: leave meaning at {asked}, set "
        f"meaning_next, run imagepipe backfill, and switch when imagepipe status says that none is lacking",
        {"meaning": asked, "meaning_next": wanted.meaning},
    )


def _complete(wanted: Wanted, asked: str, filling: SpaceFilling) -> Finding:
    """Return that nobody would be lost, and how no question is refused on the way."""
    if wanted.meaning_next and space_by(wanted.meaning_next) == space_by(asked):
        return Finding(_SUBJECT, filling.in_words(), Fit.YES)
    advice = (
        f"questions would be refused for some seconds while it is deployed: set meaning_next to {asked}, "
        "and leave it out the next time"
    )
    return Finding(_SUBJECT, filling.in_words(), Fit.HINT, advice, {"meaning_next": asked})
