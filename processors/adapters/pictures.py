"""The functions of pictures and of films as the processor calls them: facts, or why there are none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws.retries import RetryPolicy
from contract.errors import ConfirmedError, ImagepipeError, NotReadyError, PermanentError, TransientError
from contract.films import Slice, span_of
from contract.photos import PhotoFacts
from contract.records import ImageVersion
from contract.results import ResultName
from processors.adapters.invoking import Said, ask
from processors.pipeline.detection import UNREADABLE_OBJECT, SupersededError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


@dataclass(frozen=True)
class PicturesFunction:
    """Invokes the function, and waits for what it has to say.

    What it finds to be a film, the function named `films` is asked about; there is none where films are
    refused.
    """

    client: "LambdaClient"
    name: str
    retry: RetryPolicy
    films: str = ""

    def read(self, name: ResultName, version: ImageVersion, token: str) -> Mapping[str, Any]:
        """Return what is known of a photo as a file, or of a slice of a film, in JSON.

        Raise a word for failure, or SupersededError. Renditions are made below the token: whoever has claimed
        the result makes its own.
        """
        asked: dict[str, Any] = {
            "key": version.key,
            "etag": version.etag,
            "version_id": version.version_id,
            "size_bytes": version.size_bytes,
            "content_id": name.content_id,
            "token": token,
        }
        if (span := span_of(name)) is not None:
            asked["span"] = span
            return _checked(self._said(self.films, asked), "slice", Slice.from_json, version.key)
        said = self._said(self.name, asked)
        if self.films and not said.has_failed and isinstance(said.answer.get("film"), str):
            said = self._said(self.films, {**asked, "form": said.answer["film"]})
        return {**_checked(said, "photo", PhotoFacts.from_json, version.key), **_signature(said.answer)}

    def ask(self, asked: Mapping[str, Any]) -> Said:
        """Return what the function says of a photo that is asked for something else than facts."""
        return self._said(self.name, asked)

    def _said(self, function: str, asked: Mapping[str, Any]) -> Said:
        return ask(self.client, function, asked, asked["key"], self.retry)


def _checked(said: Said, part: str, read: Callable[[Any], PhotoFacts | Slice], key: str) -> Mapping[str, Any]:
    """Return what can be read back: an answer is kept, and nobody asks again. Raise what is said instead."""
    if said.has_failed or not isinstance(said.answer.get(part), dict):
        raise reason_of(said, key)
    try:
        return read(said.answer[part]).to_json()
    except (KeyError, TypeError, ValueError) as fault:
        raise TransientError(
            "UnexpectedAnswer", f"what the pictures function says of {key} cannot be read: {fault}"
        ) from fault


def _signature(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return by what a camera's picture is compared; nothing of any other."""
    written = said.get("signature")
    return {"signature": written} if isinstance(written, str) else {}


def reason_of(said: Said, key: str) -> ImagepipeError | SupersededError:
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
