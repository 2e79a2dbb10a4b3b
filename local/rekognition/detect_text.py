"""DetectText.

https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectText.html. Words are cut out of lines
at their spaces, so a word has its line's confidence and its share of its line's box. Regions of interest that
are polygons are refused.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from local.rekognition.detect_labels import bounding_box
from local.rekognition.detector import Box
from local.rekognition.errors import invalid_parameter
from local.rekognition.models.sessions import LoadNetwork
from local.rekognition.pictures import Picture
from local.rekognition.text_reader import Corner, Corners, TextLine, TextReader

MODEL_VERSION = "3.0"
MAX_WORDS = 100
DEFAULT_MIN_CONFIDENCE = 80.0
"""Of a `WordFilter` that names none; without one all words are told.
https://docs.aws.amazon.com/rekognition/latest/APIReference/API_DetectionFilter.html"""
_INSIDE = 0.5
"""The share of a word that has to be inside a region of interest."""


def box_around(corners: Corners) -> Box:
    """Return the upright box around four corners."""
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
