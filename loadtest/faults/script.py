"""What happens to the bucket during the run: uploads in waves, and changes to what was uploaded before."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

WAVES = 5
# Shares of the photos, in percent.
OVERWRITTEN_PERCENT = 10
DELETED_PERCENT = 8
COPIED_PERCENT = 5
LOOKED_AT_AGAIN_PERCENT = 12

_FOLDERS = ("2023/spring", "2023/höhle + see", "2024/a b", "2024/100% sharp", "inbox")


class Act(StrEnum):
    """What is done to a key."""

    UPLOAD = "upload"
    OVERWRITE = "overwrite"
    DELETE = "delete"
    COPY = "copy"
    LOOK_AGAIN = "look again"


@dataclass(frozen=True)
class Step:
    """One act. A copy is made of `source`."""

    act: Act
    key: str
    source: str = ""


def script_of(seed: int, photos: int) -> list[list[Step]]:
    """Write the script: some waves, each with new photos and changes to photos of this or an earlier wave.

    A key is changed at most once, after its upload; a copied one not at all, for its bytes are still needed.
    """
    dice = random.Random(f"{seed} script")
    keys = [f"{dice.choice(_FOLDERS)}/photo {number:04}.jpg" for number in range(photos)]
    waves: list[list[Step]] = [[] for _ in range(WAVES)]
    for number, key in enumerate(keys):
        waves[number * WAVES // photos].append(Step(Act.UPLOAD, key))
    chosen = iter(dice.sample(keys, photos))
    wave_of = {key: number * WAVES // photos for number, key in enumerate(keys)}
    for act, percent in (
        (Act.OVERWRITE, OVERWRITTEN_PERCENT),
        (Act.DELETE, DELETED_PERCENT),
        (Act.COPY, COPIED_PERCENT),
        (Act.LOOK_AGAIN, LOOKED_AT_AGAIN_PERCENT),
    ):
        for _ in range(photos * percent // 100):
            key = next(chosen)
            wave = waves[dice.randint(wave_of[key], WAVES - 1)]
            step = Step(act, f"copies/{key}", key) if act is Act.COPY else Step(act, key)
            wave.insert(dice.randint(_after(wave, key), len(wave)), step)
    return waves


def _after(wave: Sequence[Step], key: str) -> int:
    return next((place + 1 for place, step in enumerate(wave) if step.key == key), 0)
