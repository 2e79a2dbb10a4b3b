"""DetectText: where there is text, and what it says, by PP-OCRv6, small, as RapidOCR runs it.

https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectText.html. Words are cut out of lines
at their spaces, so a word has its line's confidence and its share of its line's box. Regions of interest that
are polygons are refused.

A heat map of text, whose islands are lines (Liao et al., Real-time Scene Text Detection with Differentiable
Binarization, 2020); each is cut out, laid flat and read character by character. The package brings both
networks; given their paths it fetches nothing and writes nothing.

What is much higher than wide is read three ways, and the surest reading counts: RapidOCR alone takes it for
a line that runs down, and so reads one that runs up upside down ("STOP" as "dOTP"), and a 1 on its side.
Rekognition reads text within 90 degrees of the horizontal, so both are its business; upside down is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from local.rekognition.detector import Box, bounding_box
from local.rekognition.models.sessions import LoadNetwork, installed_path
from local.rekognition.pictures import Picture
from local.rekognition.request import invalid_parameter

MODEL_VERSION = "3.0"
MAX_WORDS = 100
DEFAULT_MIN_CONFIDENCE = 80.0
"""Of a `WordFilter` that names none; without one all words are told.
https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectionFilter.html"""
_INSIDE = 0.5
"""The share of a word that has to be inside a region of interest."""


def box_around(corners: Corners) -> Box:
    across, down = [x for x, _ in corners], [y for _, y in corners]
    return min(across), min(down), max(across), max(down)


def words_of(line: TextLine) -> Iterator[TextLine]:
    """Return the words of a line, each with its share of the line by the places of its characters."""
    top_left, top_right, bottom_right, bottom_left = line.corners
    for word in re.finditer(r"\S+", line.text):
        begin, end = (place / len(line.text) for place in word.span())
        corners = (
            _between(top_left, top_right, begin),
            _between(top_left, top_right, end),
            _between(bottom_left, bottom_right, end),
            _between(bottom_left, bottom_right, begin),
        )
        yield TextLine(word[0], line.score, corners)


def _between(one: Corner, other: Corner, share: float) -> Corner:
    return one[0] + share * (other[0] - one[0]), one[1] + share * (other[1] - one[1])


@dataclass(frozen=True)
class WordFilter:
    """`Filters`: how sure and how large a word has to be, and in which regions; none are everywhere."""

    least_confidence: float
    least_width: float
    least_height: float
    regions: tuple[Box, ...]

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> Self:
        filters = request.get("Filters", {})
        word = filters.get("WordFilter", {"MinConfidence": 0.0})
        return cls(
            word.get("MinConfidence", DEFAULT_MIN_CONFIDENCE),
            word.get("MinBoundingBoxWidth", 0.0),
            word.get("MinBoundingBoxHeight", 0.0),
            tuple(_region(region) for region in filters.get("RegionsOfInterest", ())),
        )

    def lets_through(self, word: TextLine) -> bool:
        box = left, top, right, bottom = box_around(word.corners)
        return (
            word.score * 100 >= self.least_confidence
            and right - left >= self.least_width
            and bottom - top >= self.least_height
            and (not self.regions or any(_share(box, region) > _INSIDE for region in self.regions))
        )


def _region(region: Mapping[str, Any]) -> Box:
    if "Polygon" in region:
        raise invalid_parameter("regions that are polygons are not available in the local Rekognition")
    box = region.get("BoundingBox", {})
    if not {"Left", "Top", "Width", "Height"} <= box.keys():
        raise invalid_parameter()
    left, top = box["Left"], box["Top"]
    return left, top, left + box["Width"], top + box["Height"]


def _share(box: Box, region: Box) -> float:
    """Return how much of a box is inside a region, 0..1."""
    width = min(box[2], region[2]) - max(box[0], region[0])
    height = min(box[3], region[3]) - max(box[1], region[1])
    area = (box[2] - box[0]) * (box[3] - box[1])
    return width * height / area if min(width, height) > 0 and area > 0 else 0.0


@dataclass(frozen=True)
class DetectText:
    """The operation."""

    reader: TextReader
    name: str = "DetectText"

    @classmethod
    def load(cls, _load: LoadNetwork) -> Self:
        """With RapidOCR, which loads its networks itself."""
        return cls(TextReader.load())

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the lines that have words the caller wants, then those words: at most 100."""
        wanted = WordFilter.of(request)
        lines: list[TextLine] = []
        words: list[tuple[int, TextLine]] = []
        for line in self.reader.read(picture):
            kept = [word for word in words_of(line) if wanted.lets_through(word)][: MAX_WORDS - len(words)]
            if kept:
                words += [(len(lines), word) for word in kept]
                lines.append(line)
        return {
            "TextDetections": [
                *(_write(line, "LINE", {"Id": number}) for number, line in enumerate(lines)),
                *(
                    _write(word, "WORD", {"Id": len(lines) + number, "ParentId": parent})
                    for number, (parent, word) in enumerate(words)
                ),
            ],
            "TextModelVersion": MODEL_VERSION,
        }


def _write(text: TextLine, kind: str, numbers: dict[str, int]) -> dict[str, Any]:
    return {
        "DetectedText": text.text,
        "Type": kind,
        **numbers,
        "Confidence": round(min(text.score * 100, 100.0), 4),
        "Geometry": {
            "BoundingBox": bounding_box(box_around(text.corners)),
            "Polygon": [{"X": x, "Y": y} for x, y in text.corners],
        },
    }


_LONGEST_SIDE_PIXELS = 1280
_SEARCHED_SIDE_PIXELS = 800
"""Lines are looked for at this size, in half the time that RapidOCR's own 736 for the short side takes."""
_MIN_HEAT = 0.3
"""Where text begins on the heat map, and what an island needs to be read: RapidOCR's own 0.5 for the second
loses characters that stand alone. What the reader makes of an island decides."""
_MIN_SCORE = 0.5
"""Rekognition tells what it is less sure of than 80 too: the answer printed in
https://docs.aws.amazon.com/rekognition/latest/dg/text-detecting-text-procedure.html has a lone "I" of 59.
Nothing below 50 is known of it, and RapidOCR's readings of that kind are noise."""
_MIN_SIDE_PIXELS = 3

Corner = tuple[float, float]
Corners = tuple[Corner, Corner, Corner, Corner]
"""Where a line begins above, ends above, ends below, begins below, as ratios of the picture: for upright text
that is top left, top right, bottom right, bottom left."""


@dataclass(frozen=True)
class TextLine:
    """A line of text, how sure it is (0..1), and its corners in reading order."""

    text: str
    score: float
    corners: Corners


@dataclass(frozen=True)
class _View:
    """A piece of the picture, laid flat one way, and the corners that its reading begins and ends at."""

    pixels: npt.NDArray[np.uint8]
    corners: npt.NDArray[np.float64]


@dataclass(frozen=True)
class TextReader:
    """Reads pictures; safe to share between threads, each run on one core."""

    engine: Any
    """A `rapidocr.RapidOCR` that only finds: called with pixels it has boxes. `recognize_txt` reads."""

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
                    "Global.use_rec": False,
                    "Global.max_side_len": _LONGEST_SIDE_PIXELS,
                    "Det.limit_type": "max",
                    "Det.limit_side_len": _SEARCHED_SIDE_PIXELS,
                    "Det.thresh": _MIN_HEAT,
                    "Det.box_thresh": _MIN_HEAT,
                    "Det.model_path": str(detector),
                    "Rec.model_path": str(recognizer),
                    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                }
            )
        )

    def read(self, picture: Picture) -> list[TextLine]:
        """Return the lines that are sure enough, from top to bottom."""
        pixels = np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])  # it wants BGR
        found = self.engine(pixels).boxes
        if found is None:
            return []
        views = [views for box in found if (views := _views(pixels, np.asarray(box, dtype=np.float64)))]
        if not views:
            return []
        readings = self.engine.recognize_txt([view.pixels for ways in views for view in ways])
        read = zip(readings.txts, readings.scores, strict=True)
        size = np.array(picture.size, dtype=np.float64)
        lines = ([_line(*next(read), view, size) for view in ways] for ways in views)
        return [line for ways in lines if (line := _surest(ways)) is not None]


def _surest(readings: list[TextLine]) -> TextLine | None:
    """Return the surest reading of a piece, letters and digits before signs: an I on its side is a dash."""
    sure = [line for line in readings if line.text and line.score >= _MIN_SCORE]
    return max(sure, key=lambda line: (any(map(str.isalnum, line.text)), line.score), default=None)


def _views(pixels: npt.NDArray[np.uint8], box: npt.NDArray[np.float64]) -> list[_View]:
    """Return the ways of reading what is in a box (4, 2), whose corners go clockwise from the top left."""
    from rapidocr.utils.process_img import get_rotate_crop_image

    width = max(np.linalg.norm(box[0] - box[1]), np.linalg.norm(box[3] - box[2]))
    height = max(np.linalg.norm(box[0] - box[3]), np.linalg.norm(box[1] - box[2]))
    if min(width, height) < _MIN_SIDE_PIXELS:
        return []
    piece = get_rotate_crop_image(pixels, box.astype(np.float32))
    is_turned = height > width and piece.shape[0] < piece.shape[1]  # what is half as high again as it is wide
    if not is_turned:
        return [_View(piece, box)]
    running_down, running_up, upright = (
        _View(np.ascontiguousarray(np.rot90(piece, turns)), np.roll(box, begin, axis=0))
        for turns, begin in ((0, -1), (2, 1), (-1, 0))
    )
    return [running_down, running_up, upright]


def _line(text: str, score: float, view: _View, size: npt.NDArray[np.float64]) -> TextLine:
    one, two, three, four = ((float(x), float(y)) for x, y in np.clip(view.corners / size, 0.0, 1.0).tolist())
    return TextLine(text.strip(), float(score), (one, two, three, four))
