"""How alike two faces are, as a percentage like Rekognition's. Needs no network and no numpy.

The descriptors of two photos of one person are 0.2 to 0.43 apart, those of two persons 0.5 and more
(docs/local.md says on which photos). The curve is laid so that Rekognition's usual threshold of 80 % is
at 0.477, its 75 % for adding a face to a user at 0.487 and its 99 % at 0.367.
"""

import math
from collections.abc import Sequence

Descriptor = tuple[float, ...]
_STEEPNESS, _EVEN = 29.0, 0.525


def similarity(one: Descriptor, other: Descriptor) -> float:
    """Return the percentage."""
    return 100 / (1 + math.exp(_STEEPNESS * (math.dist(one, other) - _EVEN)))


def middle_of(faces: Sequence[Descriptor]) -> Descriptor:
    """Return what stands for a person of whom there are several faces: their mean, as long as they are.

    A mean is shorter than what it is the mean of, and so nearer to everybody, strangers too.
    """
    mean = [sum(values) / len(faces) for values in zip(*faces, strict=True)]
    length = math.hypot(*mean)
    wanted = sum(math.hypot(*face) for face in faces) / len(faces)
    return tuple(value * wanted / length for value in mean) if length else tuple(mean)
