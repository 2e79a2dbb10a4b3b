"""A meaning function whose vectors are near where the same words are: of labels, of texts, of thumbnails.

A thumbnail of the fake pictures function is the photo itself, and its words are what the photo shows.
"""

import io
import json
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.meaning import VECTOR, written_vector
from tests.fakes.calls import Calls
from tests.query_api.vectors import of_words

FUNCTION, SEEING = "meaning", "seeing"


@dataclass
class FakeMeaning:
    """Answers, and keeps the labels that it was `asked` about. With `crashes`, it comes to no end.

    With `denies`, nobody may use the model that sees. What it has `seen` of `renditions` was paid for. Of
    thumbnails it says what is in `says` first, unpaid.
    """

    calls: Calls = field(default_factory=Calls)
    asked: list[list[str]] = field(default_factory=list)
    crashes: bool = False
    denies: bool = False
    renditions: Mapping[str, bytes] = field(default_factory=dict)
    seen: Counter[bytes] = field(default_factory=Counter)
    says: deque[dict[str, Any]] = field(default_factory=deque)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:
        asked = json.loads(Payload)
        assert FunctionName == (SEEING if "thumbnail" in asked else FUNCTION)
        with self.calls.of("Invoke"):
            if "thumbnail" in asked:
                return _said(self._of_thumbnail(self.renditions[asked["thumbnail"]]))
            names = [name for name, _ in asked["labels"]]
            self.asked.append(names)
            if self.crashes:
                return _said({"errorType": "Runtime.OutOfMemory"}, FunctionError="Unhandled")
            return _said({VECTOR: written_vector(of_words(" ".join(names)))})

    def _of_thumbnail(self, shown: bytes) -> dict[str, Any]:
        if self.says:
            return self.says.popleft()
        if self.denies:
            return failed("ConfigurationError", "AccessDeniedException")
        self.seen[shown] += 1
        return {VECTOR: written_vector(of_words(shown.decode()))}


def failed(word: str, code: str) -> dict[str, Any]:
    """Return what the function says where Bedrock gave no vector."""
    return {"failed": {"word": word, "code": code, "message": f"{code} of InvokeModel"}}


def _said(answer: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode()), **more}
