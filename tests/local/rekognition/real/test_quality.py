"""How often the local Rekognition is right, on the photos in images/."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from tests.local.rekognition.real.conftest import IMAGES

# Of the others it is shown a view.
MANIFEST: list[dict[str, Any]] = [
    photo
    for photo in json.loads((IMAGES / "manifest.json").read_text())
    if photo["file"].endswith((".jpg", ".png"))
]
MIN_CONFIDENCE_PERCENT = 50
GOAL = 0.85


@dataclass(frozen=True)
class Seen:
    """The labels of a photo with their confidence, and its faces."""

    labels: dict[str, float]
    faces: int

    def hits(self, expected: list[str]) -> list[str]:
        return [name for name in expected if self.labels.get(name, 0) >= MIN_CONFIDENCE_PERCENT]


pytestmark = pytest.mark.nightly


@pytest.fixture(scope="module")
def seen(rekognition: Any) -> dict[str, Seen]:
    found = {}
    for photo in MANIFEST:
        image = {"Bytes": (IMAGES / photo["file"]).read_bytes()}
        labels = rekognition.detect_labels(Image=image, MinConfidence=MIN_CONFIDENCE_PERCENT)["Labels"]
        faces = rekognition.detect_faces(Image=image)["FaceDetails"]
        found[photo["file"]] = Seen({label["Name"]: label["Confidence"] for label in labels}, len(faces))
    return found


def test_the_expected_thing_is_found_on_at_least_85_of_100_photos(
    seen: dict[str, Seen], capsys: pytest.CaptureFixture[str]
) -> None:
    missed = [photo for photo in MANIFEST if not seen[photo["file"]].hits(photo["expected"])]
    share = 1 - len(missed) / len(MANIFEST)

    with capsys.disabled():
        print(f"\nexpected labels found on {share:.1%} of {len(MANIFEST)} photos (goal {GOAL:.0%})")
        for photo in missed:
            print(f"  missed {photo['file']}: {photo['expected']}, saw {seen[photo['file']].labels}")
    assert share >= GOAL


@pytest.mark.parametrize(
    "photo", [photo for photo in MANIFEST if photo["faces"]], ids=lambda photo: photo["file"]
)
def test_as_many_faces_are_found_as_a_person_sees(photo: dict[str, Any], seen: dict[str, Seen]) -> None:
    assert photo["faces"]["min"] <= seen[photo["file"]].faces <= photo["faces"]["max"]
