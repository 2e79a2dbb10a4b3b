"""Which network is made of which file, and whether that has been done."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from local.rekognition.models.packages import PINS

NAMES = ("efficientnet-lite0", "centernet", "yunet", "faceres", "emotion", "face-descriptors")
STAMP = "models.json"


def digest() -> str:
    """Changes with the pins and with any line of the converters."""
    total = hashlib.sha256(PINS.read_bytes())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        if source.name == "sessions.py":
            continue  # loads what was made
        total.update(source.name.encode() + source.read_bytes())
    return total.hexdigest()


def stamp(folder: Path) -> None:
    """Record that `folder` holds what today's pins and converters make."""
    sizes = {f"{name}.onnx": (folder / f"{name}.onnx").stat().st_size for name in NAMES}
    (folder / STAMP).write_text(json.dumps({"digest": digest(), "bytes": sizes}, indent=1) + "\n")


def is_done(folder: Path) -> bool:
    """Whether nothing needs to be made; reads no model."""
    try:
        record = json.loads((folder / STAMP).read_text())
        sizes = {name: (folder / name).stat().st_size for name in record["bytes"]}
    except (OSError, ValueError, KeyError):
        return False
    return bool(record["digest"] == digest() and sizes == record["bytes"])


def convert(parts: Path, folder: Path) -> None:
    """Make every network in `folder` from the packages' files in `parts`."""
    from local.rekognition.models import efficientnet, face_descriptors, tfjs, yunet

    makers: dict[str, Callable[[Path], None]] = {
        "efficientnet-lite0": lambda target: efficientnet.build(
            parts / "efficientnet-lite0-57934424.pth", target
        ),
        "yunet": lambda target: yunet.build(parts / "libfacedetection.so", target),
        "centernet": lambda target: tfjs.build(
            parts / "centernet.json",
            target,
            {"tower_0/wh": ("n", 4, "rows", "columns"), "tower_0/keypoints": ("n", 80, "rows", "columns")},
        ),
        "faceres": lambda target: tfjs.build(
            parts / "faceres.json",
            target,
            {
                "gender_pred/Sigmoid": ("n", 1),
                "age_pred/Softmax": ("n", 100),
                "global_pooling/Mean": ("n", 1024),
            },
        ),
        "emotion": lambda target: tfjs.build(parts / "emotion.json", target, {"Identity": ("n", 7)}),
        "face-descriptors": lambda target: face_descriptors.build(
            parts / "face_recognition_model-weights_manifest.json", target
        ),
    }
    for name in NAMES:
        makers[name](folder / f"{name}.onnx")
