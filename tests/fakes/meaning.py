"""A meaning function whose vectors are near where the same words are: of labels as of texts."""

import io
import json
from dataclasses import dataclass, field
from typing import Any

from contract.meaning import VECTOR, written_vector
from tests.fakes.calls import Calls
from tests.query_api.vectors import of_words

FUNCTION = "meaning"


@dataclass
class FakeMeaning:
    """Answers, and keeps the labels that it was `asked` about. With `crashes`, it comes to no end."""

    calls: Calls = field(default_factory=Calls)
    asked: list[list[str]] = field(default_factory=list)
    crashes: bool = False

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        assert FunctionName == FUNCTION
        with self.calls.of("Invoke"):
            names = [name for name, _ in json.loads(Payload)["labels"]]
            self.asked.append(names)
            if self.crashes:
                return _said({"errorType": "Runtime.OutOfMemory"}, FunctionError="Unhandled")
            return _said({VECTOR: written_vector(of_words(" ".join(names)))})


def _said(answer: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode()), **more}
