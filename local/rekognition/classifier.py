"""What the whole picture shows: EfficientNet-Lite0 and its 1000 classes."""

import numpy as np
from PIL import Image

from local.rekognition.models.sessions import Floats, Network
from local.rekognition.pictures import Picture

SIDE = 224
_RESIZED_SIDE = 256
_TEMPERATURE = 0.8
"""The network was trained with label smoothing, which leaves a tenth of the certainty unsaid."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as ratios of the picture."""


def centre_view(picture: Picture) -> Picture:
    """The middle of the picture as the network was trained to see it: 224 of 256 pixels."""
    width, height = picture.size
    side = min(width, height) * SIDE / _RESIZED_SIDE
    left, top = (width - side) / 2, (height - side) / 2
    return _view(picture, (left, top, left + side, top + side))


def whole_view(picture: Picture) -> Picture:
    """Everything, its sides made equal."""
    return _view(picture, (0, 0, *picture.size))


def box_view(picture: Picture, box: Box) -> Picture:
    """A square around a box, a tenth larger, kept inside the picture."""
    width, height = picture.size
    left, top, right, bottom = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    side = min(1.1 * max(right - left, bottom - top), width, height)
    x = min(max((left + right - side) / 2, 0), width - side)
    y = min(max((top + bottom - side) / 2, 0), height - side)
    return _view(picture, (x, y, x + side, y + side))


def _view(picture: Picture, pixels: tuple[float, float, float, float]) -> Picture:
    return picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=pixels, reducing_gap=1.5)


def classify(network: Network, views: list[Picture]) -> Floats:
    """The probabilities (views, 1000) of ImageNet's classes."""
    values = np.stack([np.asarray(view, dtype=np.float32) for view in views])
    batch = np.ascontiguousarray(((values - 127.0) / 128.0).transpose(0, 3, 1, 2))
    logits = network.run(batch)["logits"] / _TEMPERATURE
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities: Floats = exponents / exponents.sum(axis=1, keepdims=True)
    return probabilities
