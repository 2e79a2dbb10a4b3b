"""What an operation is."""

from collections.abc import Mapping
from typing import Any, Protocol

from local.rekognition.pictures import Picture


class Operation(Protocol):
    """Answers requests about one picture; safe to share between threads."""

    @property
    def name(self) -> str:
        """The name in the service's model."""
        ...

    def answer(self, picture: Picture, request: Mapping[str, Any]) -> dict[str, Any]:
        """The members of the output shape. Raises `RekognitionError`."""
        ...
