"""Which operations there are, and what an operation is.

A new operation is one file with a class like `DetectLabels`, and one line in `load_operations`. Some models
are loaded at the first call, so that whoever does not use them does not pay.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from local.rekognition.detect_faces import DetectFaces
from local.rekognition.detect_labels import DetectLabels
from local.rekognition.detect_moderation_labels import DetectModerationLabels
from local.rekognition.detect_text import DetectText
from local.rekognition.models.sessions import INSTALLED, Network, installed_path, load_network
from local.rekognition.pictures import Picture


class Operation(Protocol):
    """Answers requests about one picture; safe to share between threads."""

    @property
    def name(self) -> str:
        """The name in the service's model."""
        ...

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the members of the output shape. Raises `RekognitionError`."""
        ...


@dataclass
class LateOperation:
    """Stands for the operation that `make` gives. The first calls wait for it; a failure is tried again."""

    name: str
    make: Callable[[], Operation]
    _made: Operation | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_ready(self) -> bool:
        return self._made is not None

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the operation's own answer. Raises `RekognitionError`."""
        with self._turn:
            if self._made is None:
                self._made = self.make()
        return self._made.answer(picture, request)


class Networks:
    """The networks of one server, each loaded once; threads may ask at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = threading.Lock()
        self._loaded: dict[str, Network] = {}

    def load(self, name: str) -> Network:
        """Return a network by name. Raises `MissingModelsError`."""
        with self._turn:
            if name not in self._loaded:
                self._loaded[name] = load_network(self._folder, name)
            return self._loaded[name]

    def names(self) -> tuple[str, ...]:
        """Return those loaded so far."""
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
