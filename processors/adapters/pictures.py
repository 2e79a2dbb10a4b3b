"""The pictures function as the processor calls it: a photo's facts, or why there are none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.retries import RetryPolicy
from contract.errors import ConfirmedError, ImagepipeError, NotReadyError, PermanentError, TransientError
from contract.photos import PhotoFacts
from contract.records import ImageVersion, ResultName
from processors.adapters.invoking import Said, ask
from processors.pipeline.detection import UNREADABLE_OBJECT, SupersededError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


@dataclass(frozen=True)
class PicturesFunction:
    """Invokes the function, and waits for what it has to say."""

    client: "LambdaClient"
    name: str
    retry: RetryPolicy

    def read(self, name: ResultName, version: ImageVersion, token: str) -> Mapping[str, Any]:
        """Return what is known of a photo as a file, in JSON. Raise a word for failure, or SupersededError.

        Renditions are made below the token: whoever has claimed the result makes its own.
        """
        asked = {
            "key": version.key,
            "etag": version.etag,
            "version_id": version.version_id,
            "size_bytes": version.size_bytes,
            "content_id": name.content_id,
            "token": token,
        }

        said = ask(self.client, self.name, asked, version.key, self.retry)
        if not said.has_failed and isinstance(said.answer.get("photo"), dict):
            return _facts(said.answer["photo"], version.key)
        raise _reason(said, version.key)


def _facts(said: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return facts that can be read back: an answer is kept, and nobody asks again."""
    try:
        return PhotoFacts.from_json(said).to_json()
    except (TypeError, ValueError) as fault:
        raise TransientError(
            "UnexpectedAnswer", f"what the pictures function says of {key} cannot be read: {fault}"
        ) from fault


def _reason(said: Said, key: str) -> ImagepipeError | SupersededError:
    """Return what the function says instead of facts.

    A verdict of its own is about the picture: it has looked, and others of the batch have no part in it.
    """
    if said.has_failed:
        return TransientError(
            "PictureFunctionFailed", f"the pictures function came to no end about {key} {said.why}"
        )
    match said.answer:
        case {"superseded": True}:
            return SupersededError(f"{key} is not what it was when its event was sent")
        case {"refused": {"code": str(code), "message": str(message)}}:
            return ConfirmedError(code, message)
        case {"unreadable": {"message": str(message)}}:
            return PermanentError(UNREADABLE_OBJECT, message)
        case {"not_ready": {"code": str(code), "message": str(message)}}:
            return NotReadyError(code, message)
    return TransientError("UnexpectedAnswer", f"the pictures function says of {key} what nobody understands")
