"""Which operations there are.

A new operation is one file with a class like `DetectLabels`, and one line in `load_operations`.
"""

from dataclasses import dataclass
from pathlib import Path

from infra.local.rekognition.detect_faces import DetectFaces
from infra.local.rekognition.detect_labels import DetectLabels
from infra.local.rekognition.models.sessions import Network, load_network
from infra.local.rekognition.operations import Operation


@dataclass(frozen=True)
class Registry:
    """All operations by name, and the names of the networks they share."""

    operations: dict[str, Operation]
    models: tuple[str, ...]


def load_operations(models: Path) -> Registry:
    """Load every operation, each network once. Raises `MissingModelsError`."""
    networks: dict[str, Network] = {}

    def load(name: str) -> Network:
        if name not in networks:
            networks[name] = load_network(models, name)
        return networks[name]

    operations: list[Operation] = [DetectLabels.load(load), DetectFaces.load(load)]
    return Registry({operation.name: operation for operation in operations}, tuple(sorted(networks)))
