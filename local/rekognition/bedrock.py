"""A model of Bedrock that puts pictures and texts into one space, in the same wire and not as well.

`POST /model/amazon.titan-embed-image-v1/invoke` is InvokeModel, as in
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModel.html, and its body that of
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html. A text has the
vector that the model of text makes of it (`-c meaning=labels` has the same one), and a picture that of the
labels that the local Rekognition finds in it: it sees nothing that these do not name, and each answer says so
in a header of its own. The model of text comes out of the zip of the meaning function, which is made at the
first call; until then the model is not ready, as AWS says it.

Calls are counted, throttled and delayed as `InvokeModel`, beside those of Rekognition.
"""

import asyncio
import hashlib
import json
import math
import zipfile
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from contract.meaning import BEDROCK_MODEL, INVOKE_MODEL, LEAST_PERCENT, MOST_LABELS, Vector, labels_in
from local.rekognition.request import RekognitionError
from local.rekognition.service import CallLog, ReadCall, RekognitionService, read_body

if TYPE_CHECKING:
    from processors.meaning.text_model import TextModel

# How long a call waits for the model of text.
_WAIT_SECONDS = 2.0
LENGTHS = (256, 384, 1024)
# The only one that the local model makes.
LENGTH = 384
MADE_BY = "X-Local-Model"
_MADE_OF = {
    "inputText": "all-MiniLM-L6-v2, of the text",
    "inputImage": "all-MiniLM-L6-v2, of the labels that the local Rekognition finds",
}
# https://docs.aws.amazon.com/bedrock/latest/userguide/titan-multiemb-models.html
MOST_PIXELS = 2048
_MOST_BYTES = 25 * 1024 * 1024
_FORMATS = ("JPEG", "PNG")
# The names of exceptions and their statuses are those of botocore's model of bedrock-runtime.
_STATUSES = {
    "AccessDeniedException": 403,
    "ResourceNotFoundException": 404,
    "ThrottlingException": 429,
    "ModelNotReadyException": 429,
    "ModelErrorException": 424,
    "ValidationException": 400,
    "InternalServerException": 500,
}


class BedrockError(Exception):
    """Becomes an error answer; `code` is the exception's name in the service's model."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def load_text_model() -> "TextModel":
    """Return the model of text out of the zip of the meaning function, made where it is not there."""
    from infra.bundles import bundles
    from processors.meaning.text_model import MODEL_FILE, VOCABULARY_FILE, TextModel

    with zipfile.ZipFile(bundles(is_for_here=True)["meaning"].build()) as archive:
        vocabulary = json.loads(archive.read(VOCABULARY_FILE))
        return TextModel(archive.read(MODEL_FILE), vocabulary["model"]["vocab"])


@dataclass
class LocalBedrock:
    """Answers InvokeModel. The quotas and counts are kept by `service`, which looks at pictures."""

    service: RekognitionService
    load: Callable[[], Any] = load_text_model
    _model: "asyncio.Task[Any] | None" = field(default=None, repr=False)

    def routes(self) -> list[BaseRoute]:
        return [Route("/model/{model_id}/invoke", self._invoke, methods=["POST"])]

    async def _invoke(self, request: Request) -> Response:
        try:
            kind, vector = await self._answer(request.path_params["model_id"], await read_body(request))
        except RekognitionError as error:
            return _refusal(BedrockError("ValidationException", error.message))
        except BedrockError as error:
            self.service.calls.count("outcomes", INVOKE_MODEL, "failed")
            self.service.calls.count("errors", INVOKE_MODEL, error.code)
            return _refusal(error)
        except ClientDisconnect:
            return Response(status_code=400)
        self.service.calls.count("outcomes", INVOKE_MODEL, "answered")
        said = {"embedding": vector, "inputTextTokenCount": 0, "message": None}
        return Response(json.dumps(said), 200, {MADE_BY: _MADE_OF[kind]}, "application/json")

    async def _answer(self, model_id: str, body: bytes) -> tuple[str, Vector]:
        if model_id != BEDROCK_MODEL:
            raise BedrockError("ValidationException", "The provided model identifier is invalid.")
        try:
            self.service.quotas.admit(INVOKE_MODEL)
        except RekognitionError:
            self.service.calls.count("outcomes", INVOKE_MODEL, "throttled")
            raise BedrockError(
                "ThrottlingException", "Too many requests, please wait before trying again."
            ) from None
        self.service.calls.count("outcomes", INVOKE_MODEL, "accepted")
        await asyncio.sleep(self.service.quotas.latency_seconds(INVOKE_MODEL))
        asked = _read(body)
        model = await self._loaded()
        if "inputText" in asked:
            return "inputText", await asyncio.to_thread(model.of_text, asked["inputText"])
        return "inputImage", await self._of_picture(model, asked["inputImage"])

    async def _loaded(self) -> Any:
        """Return the model of text. The first who ask are told that it is not ready."""
        if self._model is None or (self._model.done() and self._model.exception() is not None):
            self._model = asyncio.ensure_future(asyncio.to_thread(self.load))
        if not self._model.done():
            await asyncio.wait([self._model], timeout=_WAIT_SECONDS)
        if not self._model.done():
            raise BedrockError("ModelNotReadyException", "The model is not ready for inference.")
        if (fault := self._model.exception()) is not None:
            raise BedrockError("InternalServerException", f"the model of text cannot be loaded: {fault}")
        return self._model.result()

    async def _of_picture(self, model: Any, picture: bytes) -> Vector:
        self.service.calls.count("contents", INVOKE_MODEL, hashlib.sha256(picture).hexdigest())
        asked = {"MaxLabels": MOST_LABELS, "MinConfidence": LEAST_PERCENT}
        try:
            found = await self.service.recognition.answer(
                "DetectLabels", lambda: ReadCall(asked, [picture], self.service.region), CallLog(), _stays
            )
        except RekognitionError as error:
            raise BedrockError("ValidationException", error.message) from None
        if not (labels := labels_in(found)):
            return (1 / math.sqrt(LENGTH),) * LENGTH
        vector: Vector = await asyncio.to_thread(model.of_labels, labels)
        return vector


async def _stays() -> bool:
    """Whoever asks for a vector waits for it."""
    return False


def _read(body: bytes) -> dict[str, Any]:
    """Return what is asked for, a picture as its bytes. Raises BedrockError as the model refuses it."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise BedrockError("ValidationException", "Malformed input request, please reformat.") from None
    if not isinstance(asked, dict):
        raise BedrockError("ValidationException", "Malformed input request: expected a JSON object.")
    length = (asked.get("embeddingConfig") or {}).get("outputEmbeddingLength", 1024)
    if length not in LENGTHS:
        raise BedrockError(
            "ValidationException", f"Malformed input request: {length} is not a valid enum value"
        )
    if length != LENGTH:
        raise BedrockError(
            "ValidationException", f"the local Bedrock makes {LENGTH} numbers alone, not {length}"
        )
    if isinstance(asked.get("inputText"), str) == isinstance(asked.get("inputImage"), str):
        raise BedrockError("ValidationException", "the local Bedrock takes either inputText or inputImage")
    if "inputText" in asked:
        return asked
    return {"inputImage": _picture_in(asked["inputImage"])}


def _picture_in(text: str) -> bytes:
    from PIL import Image

    try:
        picture = b64decode(text, validate=True)
        with Image.open(BytesIO(picture), formats=_FORMATS) as opened:
            sides = opened.size
    except (OSError, ValueError):
        raise BedrockError("ValidationException", "Unable to process provided image.") from None
    if len(picture) > _MOST_BYTES or max(sides) > MOST_PIXELS:
        raise BedrockError("ValidationException", "The provided image is larger than the model takes.")
    return picture


def _refusal(error: BedrockError) -> Response:
    headers = {"x-amzn-ErrorType": error.code}
    status = _STATUSES.get(error.code, HTTPStatus.BAD_REQUEST)
    return Response(json.dumps({"message": error.message}), status, headers, "application/json")
