"""What Rekognition does and the local one cannot: nobody here would recognise it, so no answer is made up."""

from collections.abc import Mapping
from pathlib import Path

from contract.detector_choice import read_choices
from contract.detectors import OPERATIONS
from local.cloud.environment import LocalCloudError

# No model that may be used was found for them; custom labels are a model of the customer's own.
UNAVAILABLE = frozenset({"RecognizeCelebrities", "DetectProtectiveEquipment", "DetectCustomLabels"})


def require_models(settings: Mapping[str, object]) -> None:
    """Raise LocalCloudError where settings ask for detectors that the local Rekognition has no model for."""
    detectors = [name.strip() for name in str(settings.get("detectors", "")).split(",")]
    file = Path(str(settings.get("detectors_by_prefix", "")))
    if file.is_file():  # else synth says what is wrong with it
        choices, _ = read_choices(file.read_text(encoding="utf-8"), str(file))
        detectors += (name for below in choices.values() for name in below)
    missing = [name for name in dict.fromkeys(detectors) if OPERATIONS.get(name) in UNAVAILABLE]
    if missing:
        raise LocalCloudError(
            f"the local Rekognition has no model for {', '.join(missing)}, and makes no answers up; leave "
            f"{'them' if len(missing) > 1 else 'it'} out of detectors and detectors_by_prefix here"
        )
