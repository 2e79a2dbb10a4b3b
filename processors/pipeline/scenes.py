"""Photos of one scene: of a burst, the sharpest is asked about, and the others have its answers.

Only photos of one batch are put together, which in a backlog follow each other as they were listed. An
answer that was inherited is kept by a name of its own: it says whose it is, and where this is switched off
again, it is no answer to what is asked then. A share of the others is asked about all the same, to measure
what is lost.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, NamedTuple

from contract.photos import PhotoFacts
from contract.records import Result, ResultName
from contract.scenes import in_a_scene

# What follows within this time, and differs in so few of 64 bits, is the same scene.
SCENE_SECONDS = 3.0
SCENE_BITS = 8
# One in so many is asked about though it would inherit.
COMPARED_ONE_IN = 20
# Labels less sure than this come and go between two pictures of one thing.
SURE_PERCENT = 80.0
SCENE = "Scene"


class Scene(NamedTuple):
    """The contents of one scene: which one is asked about, which ones inherit, which are compared with it."""

    asked: str
    inheriting: tuple[str, ...]
    compared: tuple[str, ...]


class _Shot(NamedTuple):
    camera: str
    at: float
    content_id: str
    bits: int
    sharpness: float


def scenes_of(photos: Mapping[str, PhotoFacts]) -> list[Scene]:
    """Put photos together, by content id. Those whose file does not say when and with what are left alone."""
    shots = sorted(
        _Shot(
            photo.camera,
            datetime.fromisoformat(photo.taken_at).timestamp(),
            content_id,
            int(photo.hash, 16),
            photo.sharpness or 0.0,
        )
        for content_id, photo in photos.items()
        if photo.camera and photo.taken_at and photo.hash
    )
    bursts: list[list[_Shot]] = []
    for shot in shots:
        if bursts and _continues(bursts[-1], shot):
            bursts[-1].append(shot)
        else:
            bursts.append([shot])
    return [_scene(burst) for burst in bursts if len(burst) > 1]


def _continues(burst: Sequence[_Shot], shot: _Shot) -> bool:
    """Return whether a shot follows the last one, and still shows what the first one does."""
    first, last = burst[0], burst[-1]
    return (
        shot.camera == last.camera
        and shot.at - last.at <= SCENE_SECONDS
        and (shot.bits ^ first.bits).bit_count() <= SCENE_BITS
    )


def _scene(burst: Sequence[_Shot]) -> Scene:
    sharpest = max(burst, key=lambda shot: (shot.sharpness, shot.content_id)).content_id
    others = [shot.content_id for shot in burst if shot.content_id != sharpest]
    compared = tuple(content_id for content_id in others if _is_compared(content_id))
    return Scene(sharpest, tuple(other for other in others if other not in compared), compared)


def _is_compared(content_id: str) -> bool:
    """Draw by the content itself, so that whoever works on it draws the same."""
    digest = blake2b(content_id.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % COMPARED_ONE_IN == 0


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
