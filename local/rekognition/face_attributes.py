"""Age, gender and emotions of a face: the networks `faceres` and `emotion` of @vladmandic/human."""

from dataclasses import dataclass

import numpy as np

from local.rekognition.face_detector import Face
from local.rekognition.face_geometry import square_around
from local.rekognition.models.sessions import Network
from local.rekognition.pictures import Picture

_AGE_SIDE, _AGE_FACTOR = 224, 1.2
_EMOTION_SIDE, _EMOTION_FACTOR = 64, 1.2
_EMOTIONS = ("ANGRY", "DISGUSTED", "FEAR", "HAPPY", "SAD", "SURPRISED", "CALM")
_LUMINANCE = np.array([0.2989, 0.587, 0.114], dtype=np.float32)
_AGE_QUANTILES = (0.25, 0.75)
"""The middle half of what the network thinks possible: about ten years, as Rekognition's ranges are."""


@dataclass(frozen=True)
class Attributes:
    """An age range in years, the chance of being female (0..1), emotions with their chances (0..1)."""

    age_low: int
    age_high: int
    female: float
    emotions: dict[str, float]


@dataclass(frozen=True)
class AttributeNetworks:
    """`age_gender` takes RGB 0..255, 224 pixels; `emotion` grey -1..1, 64 pixels."""

    age_gender: Network
    emotion: Network

    def look_at(self, faces: list[Face], picture: Picture) -> list[Attributes]:
        """The attributes of each face; nothing is computed for none."""
        return [self._look_at(face, picture) for face in faces]

    def _look_at(self, face: Face, picture: Picture) -> Attributes:
        view = np.asarray(square_around(face, picture, _AGE_FACTOR, _AGE_SIDE), dtype=np.float32)
        answer = self.age_gender.run(
            np.ascontiguousarray(view.transpose(2, 0, 1)[None]), ["gender_pred/Sigmoid", "age_pred/Softmax"]
        )
        reached = np.cumsum(answer["age_pred/Softmax"][0])
        low, high = (int(np.searchsorted(reached, quantile * reached[-1])) for quantile in _AGE_QUANTILES)
        small = np.asarray(square_around(face, picture, _EMOTION_FACTOR, _EMOTION_SIDE), dtype=np.float32)
        grey = (((small / 255 * _LUMINANCE).sum(axis=2) - 0.5) * 2).astype(np.float32)
        chances = self.emotion.run(grey[None, None])["Identity"][0]
        return Attributes(
            age_low=low,
            age_high=max(high, low + 1),
            female=1.0 - float(answer["gender_pred/Sigmoid"][0, 0]),
            emotions=dict(zip(_EMOTIONS, (float(chance) for chance in chances), strict=True)),
        )
