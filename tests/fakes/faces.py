"""Faces with all attributes, each different from all others: what makes a picture of a crowd a large answer.

https://docs.aws.amazon.com/rekognition/latest/APIReference/API_FaceDetail.html
"""

import random
from typing import Any

_FEATURES = (
    "Smile",
    "Eyeglasses",
    "Sunglasses",
    "Beard",
    "Mustache",
    "EyesOpen",
    "MouthOpen",
    "FaceOccluded",
)
_EMOTIONS = ("HAPPY", "CALM", "SAD", "ANGRY", "CONFUSED", "DISGUSTED", "SURPRISED", "FEAR")
_LANDMARKS = (
    *("eyeLeft", "eyeRight", "mouthLeft", "mouthRight", "nose", "leftEyeBrowLeft", "leftEyeBrowRight"),
    *("leftEyeBrowUp", "rightEyeBrowLeft", "rightEyeBrowRight", "rightEyeBrowUp", "leftEyeLeft"),
    *("leftEyeRight", "leftEyeUp", "leftEyeDown", "rightEyeLeft", "rightEyeRight", "rightEyeUp"),
    *("rightEyeDown", "noseLeft", "noseRight", "mouthUp", "mouthDown", "leftPupil", "rightPupil"),
    *("upperJawlineLeft", "midJawlineLeft", "chinBottom", "midJawlineRight", "upperJawlineRight"),
)


def face(number: int) -> dict[str, Any]:
    """Return the face of that number, always the same one."""
    chance = random.Random(number)

    def percent() -> float:
        return chance.uniform(0, 100)

    youngest = chance.randint(0, 70)
    return {
        "BoundingBox": {side: chance.random() for side in ("Left", "Top", "Width", "Height")},
        "AgeRange": {"Low": youngest, "High": youngest + chance.randint(4, 10)},
        **{name: {"Value": chance.random() < 0.5, "Confidence": percent()} for name in _FEATURES},
        "Gender": {"Value": chance.choice(("Female", "Male")), "Confidence": percent()},
        "Emotions": [{"Type": name, "Confidence": percent()} for name in _EMOTIONS],
        "Landmarks": [{"Type": name, "X": chance.random(), "Y": chance.random()} for name in _LANDMARKS],
        "Pose": {angle: chance.uniform(-90, 90) for angle in ("Roll", "Yaw", "Pitch")},
        "Quality": {"Brightness": percent(), "Sharpness": percent()},
        "EyeDirection": {
            "Yaw": chance.uniform(-90, 90),
            "Pitch": chance.uniform(-90, 90),
            "Confidence": percent(),
        },
        "Confidence": 99.0,
    }
