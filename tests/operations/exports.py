"""Photos to be exported: some made by hand, and the API over the table of an operated world."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from contract.items import ItemKey, from_wire
from contract.photos import PICTURE, PhotoFacts
from contract.records import Findings, ImageRecord, ImageVersion, Status
from contract.results import Result, ResultName
from operations.exporting.photos import ExportedPhoto
from tests.operations.world import OperatedWorld
from tests.query_api.site import Site

FACTS = PhotoFacts(
    format="JPEG",
    width=4000,
    height=3000,
    is_direct=True,
    taken_at="2026-05-17T18:30:05.250",
    taken_zone="+02:00",
    taken_from="DateTimeOriginal",
    camera="Canon EOS R5",
    rating=4,
    keywords=("holiday", "Rügen & sea"),
    hash="00ff00ff00ff00ff",
    renditions="token",
)
BOX = {"Left": 0.1, "Top": 0.2, "Width": 0.3, "Height": 0.4}


def exported(
    key: str = "trip/a.jpg",
    *,
    labels: Mapping[str, float] | None = None,
    faces: Sequence[Mapping[str, float]] = (),
    facts: PhotoFacts | None = FACTS,
    instances: Mapping[str, Sequence[Mapping[str, float]]] | None = None,
    min_confidence_percent: float = 0.0,
) -> ExportedPhoto:
    """Return a photo with these labels, and boxes as Rekognition gives them."""
    labels = {"Dog": 97.5, "Animal": 60.0} if labels is None else labels
    version = ImageVersion(key, "e1", 1234, "v1", "2026-06-01T00:00:00.000Z")
    record = ImageRecord(
        version,
        Status.RECOGNIZED,
        "01",
        1,
        "2026-06-01T00:00:09.000Z",
        {"labels": "l", "faces": "f", PICTURE: "p"},
        Findings(labels=labels, faces=len(faces), parents=frozenset({"Animal"}), photo=facts),
    )
    found = {
        "labels": {
            "Labels": [
                {
                    "Name": name,
                    "Confidence": confidence,
                    "Instances": [
                        {"BoundingBox": box, "Confidence": confidence}
                        for box in (instances or {}).get(name, ())
                    ],
                }
                for name, confidence in labels.items()
            ]
        },
        "faces": {"FaceDetails": [{"BoundingBox": box, "Confidence": 99.0} for box in faces]},
    }
    answers = {
        name: Result(ResultName(record.content_id, name, name[0]), answer, "2026-06-01T00:00:08.000Z")
        for name, answer in found.items()
    }
    return ExportedPhoto(record, answers, min_confidence_percent)


@dataclass
class ApiOverWorld:
    """The API, as it answers about the table of a world as it is then."""

    operated: OperatedWorld
    keep_location: bool = True
    asked: list[dict[str, Any]] = field(default_factory=list)

    def get(self, path: str, **parameters: object) -> tuple[int, Any]:
        self.asked.append(parameters)
        site = Site(keep_location=self.keep_location)
        for (pk, sk), item in self.operated.world.table.items.items():
            site.table.put(ItemKey(pk, sk), from_wire(item))
        answer = site.get(f"{path}?{urlencode(parameters, doseq=True)}")
        return answer.status, answer.json
