"""One photo that is taken along: its record, its answers, and all that is known of it as JSON or as a row.

The JSON is that of `GET /images/{key}`, without the URLs, which end; a test holds the one to the other.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from contract.detectors import CUSTOM_LABELS
from contract.films import Interval
from contract.photos import PhotoFacts
from contract.raw_answers import (
    interval_told,
    intervals_shown,
    labels_shown,
    of_choice,
    plain,
    shown_name,
    text_lines,
)
from contract.records import Findings, ImageRecord
from contract.results import Result
from contract.table import VIDEO, kind_of
from contract.terminal import printable
from operations.adapters.dynamodb_photos import BROKEN

_FACTS = (
    *("format", "width", "height", "orientation", "taken_at", "taken_zone", "taken_from", "camera", "lens"),
    *("exposure_seconds", "f_number", "iso", "focal_length_mm", "latitude", "longitude", "rating"),
)
_DURATION = "duration_seconds"
COLUMNS = (
    *("key", "status", "uploaded_at", "decided_at", "size_bytes", "etag", "version_id"),
    *("labels", "faces", "moderation", "words"),
    *_FACTS,
    *("keywords", "rejection_code", "rejection_message"),
    # Last, so that what reads a row by places goes on.
    *("celebrities", "colors", "equipment", _DURATION, "intervals"),
)
# A spreadsheet takes for a formula what begins so; one that splits at `;` sees a cell behind each.
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = re.compile(r"(^|;)(\s*)(?=[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])")


class Box(NamedTuple):
    """Ratios of the displayed picture's width and height, within it."""

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def read(cls, box: Mapping[str, float]) -> "Box | None":
        """Read Rekognition's, which may lie partly outside; None where nothing is left of it."""
        left, top = max(0.0, box["Left"]), max(0.0, box["Top"])
        right, bottom = min(1.0, box["Left"] + box["Width"]), min(1.0, box["Top"] + box["Height"])
        return cls(left, top, right - left, bottom - top) if left < right and top < bottom else None


class FoundBox(NamedTuple):
    """A box with what is in it, and how sure that is, in percent."""

    name: str
    confidence: float
    box: Box


class ExportedPhoto(NamedTuple):
    """A photo as record and answers describe it. Labels below `min_confidence_percent` are left out.

    `tells_place` says whether it may be told where it was taken, if that is known.
    """

    record: ImageRecord
    answers: Mapping[str, Result]
    min_confidence_percent: float = 0.0
    tells_place: bool = True

    @property
    def key(self) -> str:
        return self.record.key

    @property
    def facts(self) -> PhotoFacts | None:
        facts = self.record.findings.photo
        return facts if facts is None or self.tells_place else facts.without_place()

    @property
    def labels(self) -> list[tuple[str, float]]:
        """Return names and confidences, the surest first."""
        found = self.record.findings.labels
        return [named for named in _surest_first(found) if named[1] >= self.min_confidence_percent]

    @property
    def intervals(self) -> list[Interval]:
        """Return what is seen when in a film. Raise one of BROKEN for what no pipeline keeps."""
        return [
            each
            for each in intervals_shown(self.record, self.answers)
            if each.kind != "label" or (each.confidence or 0.0) >= self.min_confidence_percent
        ]

    def label_boxes(self) -> list[FoundBox]:
        """List where labels are in the picture. Raise one of BROKEN for what Rekognition does not answer.

        They have the names that people have given them; what people have removed is nowhere any more.
        """
        return [
            FoundBox(name, instance["Confidence"], box)
            for label in self._listed("labels", "Labels")
            if label["Confidence"] >= self.min_confidence_percent
            if (name := shown_name(self.record, label["Name"])) is not None
            for instance in label.get("Instances", [])
            if (box := Box.read(instance["BoundingBox"])) is not None
        ]

    def face_boxes(self) -> list[FoundBox]:
        """List where faces are in the picture. Raise one of BROKEN for what Rekognition does not answer."""
        return [
            FoundBox("face", face["Confidence"], box)
            for face in self._listed("faces", "FaceDetails")
            if (box := Box.read(face["BoundingBox"])) is not None
        ]

    def _listed(self, detector: str, name: str) -> Sequence[Mapping[str, Any]]:
        result = self.answers.get(detector)
        found: Sequence[Mapping[str, Any]] = [] if result is None else result.response.get(name, [])
        return found


def document(photo: ExportedPhoto) -> dict[str, Any]:
    """Return everything that is known of a photo, for JSON. An answer of another form is left out."""
    try:
        return _document(photo)
    except BROKEN:
        return _document(photo._replace(answers={}))


def _facts(facts: PhotoFacts | None) -> dict[str, Any] | None:
    if facts is None:
        return None
    told = {name: getattr(facts, name) for name in (*_FACTS, _DURATION)}
    return {**told, "keywords": list(facts.keywords)}


def _document(photo: ExportedPhoto) -> dict[str, Any]:
    record, rejection = photo.record, photo.record.rejection
    faces, text = photo.answers.get("faces"), photo.answers.get("text")
    kind = kind_of(record)
    return {
        "key": record.key,
        "status": str(record.status),
        "kind": kind,
        "uploaded_at": record.version.uploaded_at,
        "decided_at": record.decided_at,
        "size_bytes": record.version.size_bytes,
        "labels": list(_labels(photo)),
        "faces": record.findings.faces,
        "face_details": None if faces is None else plain(faces.response.get("FaceDetails", [])),
        "moderation": [
            {"name": name, "confidence": confidence}
            for name, confidence in _surest_first(record.findings.moderation)
        ],
        "words": list(record.findings.words),
        **_by_choice(record.findings),
        "text_lines": None if text is None else text_lines(text.response),
        **of_choice(photo.answers),
        **({"intervals": [interval_told(each) for each in photo.intervals]} if kind == VIDEO else {}),
        "photo": _facts(photo.facts),
        "scene": record.findings.scene,
        "rejection": None
        if rejection is None
        else {"code": rejection.code, "message": rejection.message, "detector": rejection.detector},
        "version": {
            "etag": record.version.etag,
            "version_id": record.version.version_id,
            "revision": record.revision,
        },
        "detectors": {
            name: {
                "fingerprint": fingerprint,
                "called_at": photo.answers[name].called_at if name in photo.answers else None,
            }
            for name, fingerprint in sorted(record.detectors.items())
        },
    }


def _by_choice(found: Findings) -> dict[str, Any]:
    written = {
        "celebrities": [
            {"name": name, "confidence": confidence} for name, confidence in _surest_first(found.celebrities)
        ],
        "colors": list(found.colors),
        "equipment": list(found.equipment),
    }
    return {name: value for name, value in written.items() if value}


def _labels(photo: ExportedPhoto) -> Iterator[dict[str, Any]]:
    labels, custom = (photo.answers.get(name) for name in ("labels", CUSTOM_LABELS))
    shown = labels_shown(
        photo.record,
        None if labels is None else labels.response,
        custom=None if custom is None else custom.response,
    )
    yield from (label for label in shown if label["confidence"] >= photo.min_confidence_percent)


def row(photo: ExportedPhoto) -> list[str]:
    """Return a photo as a row of a spreadsheet, by COLUMNS."""
    record, facts, rejection = photo.record, photo.facts, photo.record.rejection
    found = record.findings
    try:
        intervals = "; ".join(map(_in_a_cell, photo.intervals))
    except BROKEN:
        intervals = ""
    return [
        cell(value)
        for value in (
            *(record.key, str(record.status), record.version.uploaded_at, record.decided_at),
            *(record.version.size_bytes, record.version.etag, record.version.version_id),
            _with_confidence(photo.labels),
            found.faces,
            _with_confidence(_surest_first(found.moderation)),
            " ".join(found.words),
            *(getattr(facts, name, None) for name in _FACTS),
            "; ".join(facts.keywords) if facts else None,
            *((rejection.code, rejection.message) if rejection else (None, None)),
            *(_with_confidence(_surest_first(found.celebrities)), "; ".join(found.colors)),
            *("; ".join(found.equipment), getattr(facts, _DURATION, None)),
            intervals,
        )
    ]


def _surest_first(named: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(named.items(), key=lambda each: (-each[1], each[0]))


def _with_confidence(named: Iterable[tuple[str, float]]) -> str:
    return "; ".join(f"{name} {confidence:.1f}" for name, confidence in named)


def _in_a_cell(interval: Interval) -> str:
    sure = "" if interval.confidence is None else f" {interval.confidence:.1f}"
    return f"{interval.name}{sure} {interval.first / 1000:g}-{interval.end / 1000:g}"


def cell(value: object) -> str:
    """Return a value as a cell on one line, and text as no formula of any spreadsheet."""
    if not isinstance(value, str):
        return "" if value is None else str(value)
    return _FORMULA.sub(r"\1\2'", printable(value))
