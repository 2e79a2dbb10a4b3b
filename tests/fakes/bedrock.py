"""A model of Bedrock that gives each picture and each text a vector, and always the same for the same."""

import io
import json
import random
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from contract.meaning import BEDROCK_MODEL
from loadtest.simulation.outages import client_error

MOST_PIXELS = 2048


@dataclass
class FakeBedrock:
    """Answers what it was `asked`, or first with the errors in `says`."""

    says: list[str] = field(default_factory=list)
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    def invoke_model(self, *, modelId: str, body: bytes, contentType: str, accept: str) -> dict[str, Any]:
        assert (contentType, accept) == ("application/json", "application/json")
        asked = json.loads(body)
        self.asked.append(asked)
        if self.says:
            raise client_error(self.says.pop(0), "InvokeModel")
        length = asked.get("embeddingConfig", {}).get("outputEmbeddingLength", 1024)
        told = asked.get("inputText") or asked.get("inputImage")
        if modelId != BEDROCK_MODEL or length not in (256, 384, 1024) or not told:
            raise client_error("ValidationException", "InvokeModel")
        if "inputImage" in asked:
            _require_picture(asked["inputImage"])
        drawn = random.Random(told)
        said = {"embedding": [drawn.uniform(-1, 1) for _ in range(length)], "message": None}
        return {"body": io.BytesIO(json.dumps(said).encode()), "contentType": accept}


def _require_picture(text: str) -> None:
    try:
        with Image.open(io.BytesIO(b64decode(text, validate=True)), formats=["JPEG", "PNG"]) as picture:
            is_small = max(picture.size) <= MOST_PIXELS
    except (OSError, ValueError):
        is_small = False
    if not is_small:
        raise client_error("ValidationException", "InvokeModel")
