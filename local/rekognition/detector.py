"""Which things are where, and what a picture or a part of it shows.

CenterNet and the 80 classes of COCO: Zhou et al., Objects as Points, 2019: a heat map a class, whose peaks
are centres, and four distances from each centre to the sides of its box, in pixels of the input.
EfficientNet-Lite0 and its 1000 classes for a view as a whole.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from local.rekognition.models.sessions import Floats, Network
from local.rekognition.pictures import Picture

CLASSIFIER_SIDE = 224
_RESIZED_SIDE = 256
_TEMPERATURE = 0.8
"""The network was trained with label smoothing, which leaves a tenth of the certainty unsaid."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as ratios of the picture."""


def bounding_box(box: Box) -> dict[str, float]:
    left, top, right, bottom = box
    return {"Left": left, "Top": top, "Width": right - left, "Height": bottom - top}


def centre_view(picture: Picture) -> Picture:
    """Return the middle of the picture as the network was trained to see it: 224 of 256 pixels."""
    width, height = picture.size
    side = min(width, height) * CLASSIFIER_SIDE / _RESIZED_SIDE
    left, top = (width - side) / 2, (height - side) / 2
    return _view(picture, (left, top, left + side, top + side))


def whole_view(picture: Picture) -> Picture:
    return _view(picture, (0, 0, *picture.size))


def box_view(picture: Picture, box: Box) -> Picture:
    """Return a square around a box, a tenth larger, kept inside the picture."""
    width, height = picture.size
    left, top, right, bottom = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    side = min(1.1 * max(right - left, bottom - top), width, height)
    x = min(max((left + right - side) / 2, 0), width - side)
    y = min(max((top + bottom - side) / 2, 0), height - side)
    return _view(picture, (x, y, x + side, y + side))


def _view(picture: Picture, pixels: tuple[float, float, float, float]) -> Picture:
    return picture.resize(
        (CLASSIFIER_SIDE, CLASSIFIER_SIDE), Image.Resampling.BICUBIC, box=pixels, reducing_gap=1.5
    )


def classify(network: Network, views: list[Picture]) -> Floats:
    """Return the probabilities (views, 1000) of ImageNet's classes."""
    values = np.stack([np.asarray(view, dtype=np.float32) for view in views])
    batch = np.ascontiguousarray(((values - 127.0) / 128.0).transpose(0, 3, 1, 2))
    logits = network.run(batch)["logits"] / _TEMPERATURE
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: Floats = exponents / exponents.sum(axis=1, keepdims=True)
    return probabilities


SIDE = 416
"""The network was trained at 512; this takes 30 ms in place of 45 and finds the same large things."""
MIN_SCORE = 0.25
_MAX_PEAKS = 100
_MAX_OVERLAP = 0.5


@dataclass(frozen=True)
class Detection:
    """A thing: its COCO class, its score (0..1) and its box."""

    index: int
    score: float
    box: Box

    @property
    def area(self) -> float:
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top)


def overlap(one: Box, other: Box) -> float:
    """Return intersection over union of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)  # of the smallest numbers, 0 as well
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return shared / (areas - shared) if shared else 0.0


def _peaks(heat: Floats) -> list[tuple[int, int, int]]:
    """Return class, row and column of every local maximum, best first; `heat` is (80, H, W)."""
    padded = np.pad(heat, ((0, 0), (1, 1), (1, 1)))
    classes, rows, columns = np.nonzero(heat > MIN_SCORE)
    scores = heat[classes, rows, columns]
    around = np.stack([padded[classes, rows + y, columns + x] for y in range(3) for x in range(3)])
    chosen = np.flatnonzero(scores >= around.max(axis=0)) if scores.size else np.empty(0, dtype=int)
    chosen = chosen[np.argsort(-scores[chosen], kind="stable")][:_MAX_PEAKS]
    return [(int(classes[place]), int(rows[place]), int(columns[place])) for place in chosen]


def detect(network: Network, picture: Picture) -> list[Detection]:
    view = picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    batch = np.ascontiguousarray(np.asarray(view, dtype=np.float32).transpose(2, 0, 1)[None])
    answer = network.run(batch)
    heat, distances = answer["tower_0/keypoints"][0], answer["tower_0/wh"][0]
    cell = SIDE / heat.shape[1]
    found: list[Detection] = []
    for index, row, column in _peaks(heat):
        left, top, right, bottom = (float(value) for value in distances[:, row, column])
        box = (
            max(0.0, (column * cell - left) / SIDE),
            max(0.0, (row * cell - top) / SIDE),
            min(1.0, (column * cell + right) / SIDE),
            min(1.0, (row * cell + bottom) / SIDE),
        )
        candidate = Detection(index, float(heat[index, row, column]), box)
        if candidate.area > 0 and not any(
            other.index == index and overlap(other.box, box) > _MAX_OVERLAP for other in found
        ):
            found.append(candidate)
    return found
