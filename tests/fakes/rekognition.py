"""A Rekognition that reads what is in the picture from its bytes.

`cat 97 dog 60 faces 2 unsafe:weapons 80 text:sale 95`: a cat, perhaps a dog, two faces, a weapon and a sign.
`view 1 person@3,4 97` is a camera's, with somebody in one place (tests/fakes/pictures.py).
`color:blue 60 star:ada-lovelace 99 wears:head-cover 95`: mostly blue, somebody known, who wears a helmet.
`face:p1 99` is a good face that is like the user p1 by 99 percent.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from contract.detectors import IMAGE_PROPERTIES
from contract.regions import MAX_SENT_BYTES
from loadtest.simulation.outages import client_error
from tests.fakes.calls import Calls
from tests.fakes.faces import face
from tests.fakes.pictures import box_at, face_at
from tests.fakes.s3 import BUCKET, FakeS3

_PARENTS = {"Weapons": "Violence", "Alcoholic Beverages": "Alcohol"}
_CORNERS = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@dataclass
class FakeRekognition:
    """Answers about objects of a fake bucket, and remembers which bytes and which versions it was paid for.

    `fails_on` are pictures that it has no answer for, each time. Of those that begin with `heic` it reads
    what stands among `renditions` alone.

    One that is `abroad` cannot read the bucket: it is shown bytes, and refuses more of them than it takes.
    """

    s3: FakeS3
    calls: Calls = field(default_factory=Calls)
    paid: Counter[tuple[str, bytes]] = field(default_factory=Counter)
    paid_versions: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    fails_on: set[bytes] = field(default_factory=set)
    renditions: Mapping[str, bytes] = field(default_factory=dict)
    abroad: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    shown: list[bytes] = field(default_factory=list)

    def detect_labels(
        self,
        *,
        Image: dict[str, Any],
        Features: Sequence[str] = ("GENERAL_LABELS",),
        MinConfidence: float = 0.0,
        **_: Any,
    ) -> dict[str, Any]:
        """Give the words of the picture as labels, or those that begin with `color:` as its colours."""
        if Features == [IMAGE_PROPERTIES]:
            colors = _after("color:", self._look(f"DetectLabels/{IMAGE_PROPERTIES}", Image))
            shares = [_color(name, share) for name, share in colors.items()]
            quality = {"Brightness": 70.0, "Sharpness": 80.0, "Contrast": 50.0}
            return _answer(
                Labels=[],
                ImageProperties={"Quality": quality, "DominantColors": shares},
                LabelModelVersion="3.0",
            )
        found = self._look("DetectLabels", Image)
        labels = [
            {
                "Name": word.partition("@")[0].title(),
                "Confidence": value,
                "Instances": _instances(word, value),
            }
            for word, value in found.items()
            if word not in ("faces", "view") and ":" not in word and value >= MinConfidence
        ]
        return _answer(Labels=labels)

    def detect_faces(self, *, Image: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give as many faces as the picture says, and those that are like somebody."""
        found = self._look("DetectFaces", Image)
        seen = [face(number) for number in range(int(found.get("faces", 0)))]
        seen += [face(number) | face_at(number) for number, _ in enumerate(_after("face:", found))]
        return _answer(FaceDetails=seen)

    def search_users_by_image(self, *, Image: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give whom the face is like that the picture shows alone."""
        found = _after("face:", self._look("SearchUsersByImage", Image))
        matches = [{"User": {"UserId": name}, "Similarity": value} for name, value in found.items()]
        whole = {"Left": 0.0, "Top": 0.0, "Width": 1.0, "Height": 1.0}
        return _answer(
            UserMatches=matches, SearchedFace={"FaceDetail": {"BoundingBox": whole}}, FaceModelVersion="7.0"
        )

    def detect_moderation_labels(
        self, *, Image: dict[str, Any], MinConfidence: float = 50.0, **_: Any
    ) -> dict[str, Any]:
        """Give the words that begin with `unsafe:` (`-` is a space) as categories, each after its parent."""
        found = self._look("DetectModerationLabels", Image)
        sure = {
            name.replace("-", " ").title(): value
            for name, value in _after("unsafe:", found).items()
            if value >= MinConfidence
        }
        labels = [label for name, value in sure.items() for label in _category(name, value)]
        return _answer(ModerationLabels=labels, ModerationModelVersion="7.0", ContentTypes=[])

    def detect_text(self, *, Image: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give the words that begin with `text:` as words, each in a line of its own."""
        found = _after("text:", self._look("DetectText", Image))
        lines = [_text(word, value, "LINE", Id=number) for number, (word, value) in enumerate(found.items())]
        words = [
            _text(word, value, "WORD", Id=len(lines) + number, ParentId=number)
            for number, (word, value) in enumerate(found.items())
        ]
        return _answer(TextDetections=lines + words, TextModelVersion="3.0")

    def recognize_celebrities(self, *, Image: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give the words that begin with `star:` (`-` is a space) as well-known people."""
        found = _after("star:", self._look("RecognizeCelebrities", Image))
        stars = [
            {"Name": name.replace("-", " ").title(), "Id": name, "MatchConfidence": value, "Urls": []}
            for name, value in found.items()
        ]
        return _answer(CelebrityFaces=stars, UnrecognizedFaces=[])

    def detect_protective_equipment(self, *, Image: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give one person, who wears the words that begin with `wears:` (`-` is `_`)."""
        found = _after("wears:", self._look("DetectProtectiveEquipment", Image))
        worn = [
            {
                "Type": name.replace("-", "_").upper(),
                "Confidence": value,
                "CoversBodyPart": {"Value": True, "Confidence": value},
            }
            for name, value in found.items()
        ]
        head = {"Name": "HEAD", "Confidence": 99.0, "EquipmentDetections": worn}
        persons = [{"Id": 0, "Confidence": 99.0, "BodyParts": [head]}] if worn else []
        return _answer(Persons=persons, ProtectiveEquipmentModelVersion="1.0")

    def detect_custom_labels(
        self, *, Image: dict[str, Any], MinConfidence: float = 0.0, **_: Any
    ) -> dict[str, Any]:
        """Give the words that begin with `custom:` as what a model of one's own has found."""
        found = _after("custom:", self._look("DetectCustomLabels", Image))
        sure = {name: value for name, value in found.items() if value >= MinConfidence}
        return _answer(CustomLabels=[{"Name": name, "Confidence": value} for name, value in sure.items()])

    def _look(self, operation: str, image: dict[str, Any]) -> dict[str, float]:
        with self.calls.of(f"{operation}@{self.abroad}" if self.abroad else operation):
            s3_object = image.get("S3Object", {"Name": "", "Bucket": BUCKET})
            is_view = s3_object["Bucket"] != BUCKET
            sent: bytes = image.get("Bytes", b"")
            body = (
                sent
                if self.abroad or sent
                else self.renditions.get(s3_object["Name"])
                if is_view
                else self.s3.read(s3_object["Name"], s3_object.get("Version"))
            )
            self.asked[operation] += 1
            self.shown.append(sent)
            if self.abroad and not 0 < len(sent) <= MAX_SENT_BYTES:
                raise client_error("InvalidParameterException", operation, "Request has invalid parameters")
            if body is None:
                raise client_error(
                    "InvalidS3ObjectException", operation, "Unable to get object metadata from S3."
                )
            if body in self.fails_on:
                raise client_error("InternalServerError", operation, "Internal server error")
            try:
                words = body.removeprefix(b"heic " if is_view or self.abroad else b"").decode().split()
                found = {words[i]: float(words[i + 1]) for i in range(0, len(words), 2)}
            except (ValueError, IndexError) as fault:
                raise client_error(
                    "InvalidImageFormatException", operation, "Request has invalid format"
                ) from fault
            self.paid[operation, body] += 1
            if not self.abroad:
                self.paid_versions[operation, s3_object["Name"], s3_object.get("Version", "")] += 1
        return found


def _answer(**members: Any) -> dict[str, Any]:
    return {"ResponseMetadata": {"HTTPStatusCode": 200}, **members}


def _instances(word: str, value: float) -> list[dict[str, Any]]:
    if "@" not in word:
        return []
    box = {name.title(): part for name, part in box_at(word)._asdict().items()}
    return [{"BoundingBox": box, "Confidence": value}]


def _after(beginning: str, found: Mapping[str, float]) -> dict[str, float]:
    return {
        word.removeprefix(beginning): value for word, value in found.items() if word.startswith(beginning)
    }


def _category(name: str, confidence: float) -> list[dict[str, Any]]:
    parent = _PARENTS.get(name, "")
    above = _category(parent, confidence) if parent else []
    level = len(above) + 1
    label = {"Name": name, "ParentName": parent, "Confidence": confidence, "TaxonomyLevel": level}
    return [*above, label]


def _color(name: str, percent: float) -> dict[str, Any]:
    named = {"CSSColor": name, "SimplifiedColor": name, "HexCode": "#000000"}
    return {"Red": 0, "Green": 0, "Blue": 0, **named, "PixelPercent": percent}


def _text(word: str, confidence: float, kind: str, **numbers: int) -> dict[str, Any]:
    geometry = {
        "BoundingBox": {"Left": 0.0, "Top": 0.0, "Width": 1.0, "Height": 1.0},
        "Polygon": [{"X": x, "Y": y} for x, y in _CORNERS],
    }
    return {
        "DetectedText": word,
        "Type": kind,
        "Confidence": confidence,
        **numbers,
        "Geometry": geometry,
    }
