"""Photos of one scene: of a burst, the sharpest is asked about, and the others have its answers.

Only photos of one batch are put together, which in a backlog follow each other as they were listed. An
answer that was inherited is kept by a name of its own: it says whose it is, and where this is switched off
again, it is no answer to what is asked then. A share of the others is asked about all the same, to measure
what is lost.
"""

from collections.abc import Mapping
from typing import Any

from contract.results import Result, ResultName
from contract.scenes import SCENE, in_a_scene

# Labels less sure than this come and go between two pictures of one thing.
SURE_PERCENT = 80.0


def inherited(name: ResultName, answer: Result) -> Result:
    """Return the answer about another content of the scene as that of this one, saying whose it is."""
    response = {**answer.response, SCENE: {"ContentId": answer.name.content_id}}
    return Result(in_a_scene(name), response, answer.called_at)


def scene_of(response: Mapping[str, Any]) -> str | None:
    """Return the content that was asked about instead; None where this one was."""
    found = response.get(SCENE)
    return None if found is None else str(found["ContentId"])


def differing(mine: Mapping[str, float], others: Mapping[str, float]) -> tuple[int, int]:
    """Return how many sure labels either has, and how many of them the other does not have at all."""
    either = {
        name for labels in (mine, others) for name, confidence in labels.items() if confidence >= SURE_PERCENT
    }
    return len(either), sum(name not in mine or name not in others for name in either)
