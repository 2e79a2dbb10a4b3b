"""Pictures of cameras in which something was seen that had not been there."""

from dataclasses import replace

from contract.cameras import Camera
from contract.records import ImageRecord
from contract.sightings import CameraLook, PictureBox, Sighting
from tests.query_api.photos import photo

LOW = PictureBox(0.4, 0.5, 0.1, 0.3)


def seen(camera: Camera, second: int, *labels: str, box: PictureBox = LOW, sure: float = 90.0) -> ImageRecord:
    taken = photo(f"{camera.prefix}{second:05}.jpg", second=second, labels=dict.fromkeys(labels, sure))
    look = CameraLook(camera.name, sightings=tuple(Sighting.of(label, sure, box) for label in labels))
    return replace(taken, findings=replace(taken.findings, look=look))
