"""The model of Amazon Bedrock that puts pictures and texts into one space, one attempt a call.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.errors import ConfigurationError, TransientError
from contract.meaning import BEDROCK_MODEL, DIMENSIONS, Vector
from processors.adapters.calls import answering

_JSON = "application/json"
_WHAT_TO_DO = (
    f"see that the account may use {BEDROCK_MODEL} in this region (Amazon Bedrock, Model access), and that "
    "no policy of the organization denies it"
)


@dataclass(frozen=True)
class TitanModel:
    """Asks Titan Multimodal Embeddings. `client` is one of bedrock-runtime. Raises the words for failure."""

    client: Any

    def of_picture(self, jpeg: bytes, key: str) -> Vector:
        return self._asked({"inputImage": b64encode(jpeg).decode()}, f"about {key}")

    def of_text(self, text: str) -> Vector:
        return self._asked({"inputText": text}, "about a text")

    def _asked(self, asked: Mapping[str, Any], about: str) -> Vector:
        body = {**asked, "embeddingConfig": {"outputEmbeddingLength": DIMENSIONS}}
        what = f"InvokeModel of {BEDROCK_MODEL} {about}"
        try:
            with answering(what):
                answer = self.client.invoke_model(
                    modelId=BEDROCK_MODEL,
                    body=json.dumps(body).encode(),
                    contentType=_JSON,
                    accept=_JSON,
                )
                said = json.loads(answer["body"].read())
        except ConfigurationError as error:
            if error.code != "AccessDeniedException":
                raise
            raise ConfigurationError(error.code, f"{error.message}: {_WHAT_TO_DO}") from error
        except ValueError as fault:
            raise TransientError("UnexpectedAnswer", f"{what} was answered with no JSON: {fault}") from fault
        return _vector_in(said, what)


def _vector_in(said: Any, what: str) -> Vector:
    """Return the numbers of an answer. Raise TransientError where they are not those that were asked for."""
    try:
        vector = tuple(map(float, said["embedding"]))
    except (KeyError, TypeError, ValueError) as fault:
        told = said.get("message") if isinstance(said, dict) else None
        raise TransientError("UnexpectedAnswer", f"{what} gave no vector ({told or repr(fault)})") from fault
    if len(vector) != DIMENSIONS:
        raise TransientError("UnexpectedAnswer", f"{what} gave {len(vector)} numbers, and not {DIMENSIONS}")
    return vector
