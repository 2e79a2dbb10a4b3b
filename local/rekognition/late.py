"""Operations whose models are loaded at the first call, so that whoever does not use them does not pay."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.rekognition.operations import Operation
from local.rekognition.pictures import Picture


@dataclass
class LateOperation:
    """Stands for the operation that `make` gives. The first calls wait for it; a failure is tried again."""

    name: str
    make: Callable[[], Operation]
    _made: Operation | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_ready(self) -> bool:
        """Whether the models are loaded."""
        return self._made is not None

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        """The operation's own answer. Raises `RekognitionError`."""
        with self._turn:
            if self._made is None:
                self._made = self.make()
        return self._made.answer(picture, request)
