"""A Rekognition that reads what is in the picture from its bytes: `cat 97 dog 60 faces 2`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.calls import Calls, client_error
from tests.fakes.s3 import FakeS3


@dataclass
class FakeRekognition:
    """Answers about objects of a fake bucket, and remembers which bytes it was paid for."""

    s3: FakeS3
    calls: Calls = field(default_factory=Calls)
    paid: Counter[tuple[str, bytes]] = field(default_factory=Counter)

    def detect_labels(self, *, Image: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give the words of the picture as labels."""
        return self._answer("DetectLabels", Image, labels=True)

    def detect_faces(self, *, Image: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Give as many faces as the picture says."""
        return self._answer("DetectFaces", Image, labels=False)

    def _answer(self, operation: str, image: dict[str, Any], *, labels: bool) -> dict[str, Any]:
        with self.calls.of(operation):
            s3_object = image["S3Object"]
            body = self.s3.read(s3_object["Name"], s3_object.get("Version"))
            if body is None:
                raise client_error(
                    "InvalidS3ObjectException", operation, "Unable to get object metadata from S3."
                )
            try:
                words = body.decode().split()
                found = {words[i].title(): float(words[i + 1]) for i in range(0, len(words), 2)}
            except (ValueError, IndexError) as fault:
                raise client_error(
                    "InvalidImageFormatException", operation, "Request has invalid format"
                ) from fault
            self.paid[operation, body] += 1
            faces = int(found.pop("Faces", 0))
            answer: dict[str, Any] = {"ResponseMetadata": {"HTTPStatusCode": 200}}
            if labels:
                answer["Labels"] = [{"Name": name, "Confidence": value} for name, value in found.items()]
            else:
                answer["FaceDetails"] = [{"Confidence": 99.0}] * faces
        return answer
