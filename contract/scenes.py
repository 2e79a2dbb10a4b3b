"""Scenes: which photos are of one, and how a record says that it has another photo's answers.

Whoever recognizes photos and whoever reckons what that would take go by the same rule.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

from contract.photos import PhotoFacts
from contract.results import ResultName

_MARK = "~scene"
# Stands in an inherited answer, beside what Rekognition said, and names the content that it is about.
SCENE = "Scene"

# What follows within this time, and differs in so few of 64 bits, is the same scene.
SCENE_SECONDS = 3.0
SCENE_BITS = 8
# One in so many is asked about though it would inherit.
COMPARED_ONE_IN = 20


def in_a_scene(name: ResultName) -> ResultName:
    """Return what an inherited answer is kept by."""
    return ResultName(name.content_id, name.detector, marked(name.fingerprint))


def marked(fingerprint: str) -> str:
    return f"{fingerprint}{_MARK}"


def unmarked(detectors: Mapping[str, str]) -> dict[str, str]:
    """Return the fingerprints of what was asked, whether about this photo or another one of its scene."""
    return {name: fingerprint.removesuffix(_MARK) for name, fingerprint in detectors.items()}


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
