"""Weighing what was seen."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from local.rekognition.classifier import Box

_EVEN_SCORE, _STEEPNESS = 0.42, 18.0
"""A detection of this score is as likely right as wrong; at 0.54 nine in ten are right."""
_MIN_SHOWN = 0.4
_MOST_WITNESSES = 6


@dataclass(frozen=True)
class Instance:
    """One thing and where it is; confidence 0..1."""

    confidence: float
    box: Box


@dataclass(frozen=True)
class Label:
    """A name, how sure it is (0..1), and where its instances are."""

    name: str
    confidence: float
    instances: tuple[Instance, ...] = field(default=())


def likelihood(score: float) -> float:
    """How likely a detection of this score is right, 0..1."""
    return 1.0 / (1.0 + math.exp(-_STEEPNESS * (score - _EVEN_SCORE)))


def either(chances: Iterable[float]) -> float:
    """The chance that at least one holds, if they are independent."""
    return 1.0 - math.prod(1.0 - chance for chance in chances)


def witnessed(instances: list[Instance]) -> float:
    """The chance that a thing is there at all, from its six surest instances."""
    chances = sorted((instance.confidence for instance in instances), reverse=True)
    return either(chances[:_MOST_WITNESSES])


def shown(instances: list[Instance]) -> tuple[Instance, ...]:
    """The instances that are sure enough to be told, surest first."""
    sure = [instance for instance in instances if instance.confidence >= _MIN_SHOWN]
    return tuple(sorted(sure, key=lambda instance: -instance.confidence))
