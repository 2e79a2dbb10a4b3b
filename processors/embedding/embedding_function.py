"""What the meaning function answers where Bedrock makes the vectors: one for a thumbnail, or for a text.

`{"thumbnail": key}` and `{"text": …}` are answered with `{"vector": …}`, which is written as
contract/meaning.py says; with `{"refused": why}`, where the model takes this picture never; or with
`{"failed": {"word": …, "code": …, "message": …}}`, in the words for failure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.errors import ConfigurationError, ImagepipeError, TransientError, UnansweredError
from contract.meaning import MOST_TEXT_CHARACTERS, VECTOR, Vector, written_vector
from processors.embedding.thumbnails import as_jpeg

if TYPE_CHECKING:
    from processors.adapters.bedrock import TitanModel

# Of one thumbnail, by whoever may not list the bucket: it is not there, or may not be read.
_NOT_TO_BE_HAD = frozenset({"403", "404", "AccessDenied", "NoSuchKey"})
_REFUSED = "ValidationException"
# What the model takes in any case.
_PLAIN_TEXT = "a photo"


@dataclass(frozen=True)
class EmbeddingAnswers:
    """Answers the processor, which has thumbnails, and the query API, which has texts."""

    thumbnail: Callable[[str], bytes]
    model: "TitanModel"

    def answer(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        try:
            match asked:
                case {"thumbnail": str(key)}:
                    return self._of_thumbnail(key)
                case {"text": str(text)}:
                    return _said(self.model.of_text(text[:MOST_TEXT_CHARACTERS]))
        except ImagepipeError as failure:
            word = type(failure).__name__
            return {"failed": {"word": word, "code": failure.code, "message": failure.message}}
        raise ValueError(f"asked for {sorted(asked)}: neither a thumbnail nor a text")

    def _of_thumbnail(self, key: str) -> dict[str, Any]:
        picture = self._read(key)
        try:
            return _said(self.model.of_picture(picture, key))
        except TransientError as refusal:
            if refusal.code != _REFUSED:
                raise
            self._require_texts(refusal)
            return {"refused": refusal.message}

    def _read(self, key: str) -> bytes:
        try:
            return as_jpeg(self.thumbnail(key))
        except ConfigurationError as failure:
            if failure.code not in _NOT_TO_BE_HAD:
                raise
            why = f"the thumbnail {key} cannot be read: check that it is there, and that the meaning "
            raise UnansweredError(
                "ThumbnailMissing", f"{why}function may read it: {failure.message}"
            ) from failure
        except (OSError, ValueError) as fault:
            raise UnansweredError(
                "ThumbnailUnreadable", f"the thumbnail {key} is no picture that can be decoded: {fault}"
            ) from fault

    def _require_texts(self, refusal: TransientError) -> None:
        """Raise ConfigurationError where the model refuses what it always takes: then it is not the picture.

        It says the same of a picture that is bad, of a model that a region does not have, and of our request.
        """
        try:
            self.model.of_text(_PLAIN_TEXT)
        except TransientError as failure:
            if failure.code != _REFUSED:
                raise
            raise ConfigurationError(
                failure.code,
                f"Bedrock refuses every request of this model, and no picture: {failure.message}",
            ) from refusal


def _said(vector: Vector) -> dict[str, Any]:
    return {VECTOR: written_vector(vector)}
