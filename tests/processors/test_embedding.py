"""The meaning function that asks Bedrock: thumbnails as the model takes them, and whose a refusal is."""

import io
from base64 import b64decode
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from PIL import Image

from contract.meaning import DIMENSIONS, MOST_TEXT_CHARACTERS, VECTOR, read_vector
from contract.settings import EmbeddingSettings
from loadtest.simulation.outages import client_error
from processors.embedding_wiring import Answering, assemble
from tests.fakes.bedrock import FakeBedrock

THUMBNAIL = "1-2/id/thumbnail.webp"


class Thumbnails:
    """The bucket of renditions, for whoever may get its objects and not list them."""

    def __init__(self, content: bytes | None) -> None:
        self.content = content

    def get_object(self, **asked: str) -> dict[str, Any]:
        assert asked == {"Bucket": "renditions", "Key": THUMBNAIL}
        if self.content is None:
            raise client_error("AccessDenied", "GetObject")
        return {"Body": io.BytesIO(self.content)}


def webp(mode: str = "RGB") -> bytes:
    written = io.BytesIO()
    Image.new(mode, (40, 30), "red").save(written, "WEBP")
    return written.getvalue()


def function(bedrock: FakeBedrock, content: bytes | None = None) -> Answering:
    thumbnails: Any = Thumbnails(content)
    return assemble(EmbeddingSettings("renditions"), thumbnails, bedrock, Logger(level="CRITICAL"))


class Context:
    """What Lambda tells a function of itself."""

    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "embedding"


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_thumbnail_is_shown_as_jpeg(mode: str) -> None:
    bedrock = FakeBedrock()

    said = function(bedrock, webp(mode))({"thumbnail": THUMBNAIL}, Context())

    assert len(read_vector(said[VECTOR])) == DIMENSIONS
    with Image.open(io.BytesIO(b64decode(bedrock.asked[0]["inputImage"]))) as shown:
        assert (shown.format, shown.size) == ("JPEG", (40, 30))
    assert bedrock.asked[0]["embeddingConfig"] == {"outputEmbeddingLength": DIMENSIONS}


def test_a_text_is_cut_to_what_a_question_may_have() -> None:
    bedrock = FakeBedrock()

    said = function(bedrock)({"text": "a" * 1000}, Context())

    assert len(read_vector(said[VECTOR])) == DIMENSIONS
    assert bedrock.asked[0]["inputText"] == "a" * MOST_TEXT_CHARACTERS


def test_a_picture_that_is_refused_while_texts_are_not_is_refused_for_good() -> None:
    bedrock = FakeBedrock(["ValidationException"])

    said = function(bedrock, webp())({"thumbnail": THUMBNAIL}, Context())

    assert THUMBNAIL in said["refused"]
    assert len(bedrock.asked) == 2


def test_a_model_that_refuses_everything_is_the_deployments_fault() -> None:
    """As where a region does not have it: no picture is told to have no vector."""
    said = function(FakeBedrock(["ValidationException"] * 2), webp())({"thumbnail": THUMBNAIL}, Context())

    assert said["failed"]["word"] == "ConfigurationError"


@pytest.mark.parametrize("second", ["ThrottlingException", "ModelErrorException"])
def test_whose_a_refusal_is_may_have_to_wait(second: str) -> None:
    bedrock = FakeBedrock(["ValidationException", second])

    said = function(bedrock, webp())({"thumbnail": THUMBNAIL}, Context())

    assert said["failed"]["code"] == second


@pytest.mark.parametrize(
    ("content", "code"), [(None, "ThumbnailMissing"), (b"no picture", "ThumbnailUnreadable")]
)
def test_without_a_thumbnail_nobody_is_asked(content: bytes | None, code: str) -> None:
    bedrock = FakeBedrock()

    said = function(bedrock, content)({"thumbnail": THUMBNAIL}, Context())

    assert (said["failed"]["word"], said["failed"]["code"]) == ("UnansweredError", code)
    assert bedrock.asked == []


def test_each_attempt_is_the_callers() -> None:
    bedrock = FakeBedrock(["ThrottlingException"])

    said = function(bedrock, webp())({"thumbnail": THUMBNAIL}, Context())

    assert said["failed"]["word"] == "ThrottledError"
    assert len(bedrock.asked) == 1
