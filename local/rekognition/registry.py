"""Which operations there are.

A new operation is one file with a class like `DetectLabels`, and one line in `load_operations`.
"""

import threading
from dataclasses import dataclass
from pathlib import Path

from local.rekognition.detect_faces import DetectFaces
from local.rekognition.detect_labels import DetectLabels
from local.rekognition.detect_moderation_labels import DetectModerationLabels
from local.rekognition.detect_text import DetectText
from local.rekognition.late import LateOperation
from local.rekognition.models.sessions import INSTALLED, Network, installed_path, load_network
from local.rekognition.operations import Operation


class Networks:
    """The networks of one server, each loaded once; threads may ask at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = threading.Lock()
        self._loaded: dict[str, Network] = {}

    def load(self, name: str) -> Network:
        """A network by name. Raises `MissingModelsError`."""
        with self._turn:
            if name not in self._loaded:
                self._loaded[name] = load_network(self._folder, name)
            return self._loaded[name]

    def names(self) -> tuple[str, ...]:
        """Those loaded so far."""
        with self._turn:
            return tuple(sorted(self._loaded))


@dataclass(frozen=True)
class Registry:
    """All operations by name, and the networks they share."""

    operations: dict[str, Operation]
    networks: Networks


def load_operations(models: Path) -> Registry:
    """Load what every deployment asks; the rest is loaded when it is called. Raises `MissingModelsError`."""
    networks = Networks(models)
    load = networks.load
    operations: list[Operation] = [
        DetectLabels.load(load),
        DetectFaces.load(load),
        LateOperation("DetectModerationLabels", lambda: DetectModerationLabels.load(load)),
        LateOperation("DetectText", lambda: DetectText.load(load)),
    ]
    for name in INSTALLED:
        installed_path(name)  # what is missing is told at the start, not at the first call
    return Registry({operation.name: operation for operation in operations}, networks)
