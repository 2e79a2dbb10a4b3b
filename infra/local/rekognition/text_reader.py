"""Where there is text, and what it says: PP-OCRv6, small, as RapidOCR runs it.

A heat map of text, whose islands are lines (Liao et al., Real-time Scene Text Detection with Differentiable
Binarization, 2020); each is cut out, laid flat and read character by character. The package brings both
networks; given their paths it fetches nothing and writes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from infra.local.rekognition.models.sessions import installed_path
from infra.local.rekognition.pictures import Picture

_LONGEST_SIDE_PIXELS = 1280
_SEARCHED_SIDE_PIXELS = 800
"""Lines are looked for at this size, in half the time that RapidOCR's own 736 for the short side takes, and
read at the size above."""
_MIN_SCORE = 0.5
_UPRIGHT_FROM = 1.5
"""RapidOCR turns what is so many times higher than wide, and reads it downwards."""

Corner = tuple[float, float]
Corners = tuple[Corner, Corner, Corner, Corner]
"""Where a line begins above, ends above, ends below, begins below, as ratios of the picture: for upright text
that is top left, top right, bottom right, bottom left."""


@dataclass(frozen=True)
class Line:
    """A line of text, how sure it is (0..1), and its corners in reading order."""

    text: str
    score: float
    corners: Corners


@dataclass(frozen=True)
class TextReader:
    """Reads pictures; safe to share between threads, each run on one core."""

    engine: Callable[..., Any]  # a rapidocr.RapidOCR, whose answers have no types

    @classmethod
    def load(cls) -> Self:
        """Load both networks. Raises `MissingModelsError`."""
        detector, recognizer = installed_path("pp-ocr-detector"), installed_path("pp-ocr-recognizer")
        import cv2
        from rapidocr import RapidOCR

        cv2.setNumThreads(1)
        return cls(
            RapidOCR(
                params={
                    "Global.log_level": "error",
                    "Global.use_cls": False,
                    "Global.max_side_len": _LONGEST_SIDE_PIXELS,
                    "Global.text_score": _MIN_SCORE,
                    "Det.limit_type": "max",
                    "Det.limit_side_len": _SEARCHED_SIDE_PIXELS,
                    "Det.model_path": str(detector),
                    "Rec.model_path": str(recognizer),
                    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                }
            )
        )

    def read(self, picture: Picture) -> list[Line]:
        """The lines, from top to bottom."""
        pixels = np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])  # it wants BGR
        found = self.engine(pixels)
        if found.txts is None or found.boxes is None:
            return []
        size = np.array(picture.size, dtype=np.float64)
        return [
            Line(text.strip(), float(score), _corners(np.asarray(box, dtype=np.float64), size))
            for text, score, box in zip(found.txts, found.scores, found.boxes, strict=True)
            if text.strip()
        ]


def _corners(box: Any, size: Any) -> Corners:
    """The four corners (4, 2) in pixels, begun where reading begins."""
    width = max(np.linalg.norm(box[0] - box[1]), np.linalg.norm(box[3] - box[2]))
    height = max(np.linalg.norm(box[0] - box[3]), np.linalg.norm(box[1] - box[2]))
    turned = np.roll(box, -1, axis=0) if height >= _UPRIGHT_FROM * width else box
    one, two, three, four = ((float(x), float(y)) for x, y in np.clip(turned / size, 0.0, 1.0).tolist())
    return one, two, three, four
