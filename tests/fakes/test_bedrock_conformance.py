"""One suite for the fake Bedrock and the local one: the wire of AWS's client, and what the model takes."""

import io
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from PIL import Image

from contract.errors import ConfigurationError, ThrottledError, TransientError, UnansweredError
from contract.meaning import BEDROCK_MODEL, DIMENSIONS, INVOKE_MODEL
from local.rekognition.bedrock import MADE_BY, LocalBedrock
from local.rekognition.canned import CannedRecognition, LogNormal
from local.rekognition.service import RekognitionService, application
from processors.adapters.bedrock import TitanModel
from processors.adapters.calls import lambda_config
from tests.fakes.bedrock import FakeBedrock
from tests.local.rekognition.asgi import PORT, Http
from tests.query_api.vectors import of_words

SESSION = botocore.session.get_session()


class WordModel:
    """Stands for the model of text, whose files are in no development environment."""

    def of_text(self, text: str) -> tuple[float, ...]:
        return of_words(text)

    def of_labels(self, labels: list[tuple[str, float]]) -> tuple[float, ...]:
        return of_words(" ".join(name for name, _ in labels))


class Bedrock(NamedTuple):
    """A client, and what throttles its next call."""

    client: Any
    throttle: Callable[[], None]


class _Raw(io.BytesIO):
    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


def local_bedrock(load: Callable[[], Any] = WordModel) -> tuple[Any, RekognitionService]:
    """Return AWS's own client of the local Bedrock, without a socket, and the service behind it."""
    service = RekognitionService(CannedRecognition(LogNormal(0)), SESSION.get_service_model("rekognition"))
    http = Http(application(service, PORT, more_routes=LocalBedrock(service, load).routes()))

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        assert isinstance(request.body, bytes)
        answer = http.send("POST", urlsplit(request.url).path, request.body)
        headers = HTTPHeaders()
        for name, value in answer.headers.items():
            headers[name] = value
        return AWSResponse(request.url, answer.status, headers, _Raw(answer.body))

    client = SESSION.create_client(
        "bedrock-runtime",
        "us-east-1",
        config=lambda_config(),
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    answering: Any = send
    client.meta.events.register("before-send.bedrock-runtime.InvokeModel", answering)
    return client, service


def _of_local() -> Bedrock:
    client, service = local_bedrock()

    def throttle() -> None:
        service.quotas.change({INVOKE_MODEL: 0.001}, {})
        service.quotas.admit(INVOKE_MODEL)

    return Bedrock(client, throttle)


def _of_fake() -> Bedrock:
    fake = FakeBedrock()
    return Bedrock(fake, lambda: fake.says.append("ThrottlingException"))


@pytest.fixture(params=[_of_fake, _of_local], ids=["fake", "local"])
def bedrock(request: pytest.FixtureRequest) -> Bedrock:
    made: Bedrock = request.param()
    return made


def jpeg(color: str = "red", size: tuple[int, int] = (40, 30), form: str = "JPEG") -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, color).save(written, form)
    return written.getvalue()


def test_a_picture_has_a_vector_and_always_the_same(bedrock: Bedrock) -> None:
    model = TitanModel(bedrock.client)

    red, again, blue = (model.of_picture(jpeg(color), "a.jpg") for color in ("red", "red", "blue"))

    assert len(red) == DIMENSIONS
    assert red == again != blue


def test_a_text_has_a_vector(bedrock: Bedrock) -> None:
    one, other = (TitanModel(bedrock.client).of_text(text) for text in ("a dog", "a cat"))

    assert len(one) == DIMENSIONS
    assert one != other


@pytest.mark.parametrize(
    "picture",
    [b"no picture", jpeg(form="WEBP"), jpeg(size=(2049, 10))],
    ids=["no picture", "another format", "too large"],
)
def test_what_is_no_picture_that_it_takes_is_refused_as_a_request(bedrock: Bedrock, picture: bytes) -> None:
    with pytest.raises(TransientError, match=r"about a\.jpg") as refused:
        TitanModel(bedrock.client).of_picture(picture, "a.jpg")

    assert refused.value.code == "ValidationException"
    assert not isinstance(refused.value, UnansweredError)


@pytest.mark.parametrize(
    ("model_id", "asked"),
    [
        ("amazon.other-v1", {"inputText": "a", "embeddingConfig": {"outputEmbeddingLength": DIMENSIONS}}),
        (BEDROCK_MODEL, {"inputText": "a", "embeddingConfig": {"outputEmbeddingLength": 7}}),
        (BEDROCK_MODEL, {"embeddingConfig": {"outputEmbeddingLength": DIMENSIONS}}),
    ],
)
def test_a_request_that_is_none_is_refused(bedrock: Bedrock, model_id: str, asked: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as refused:
        bedrock.client.invoke_model(
            modelId=model_id,
            body=json.dumps(asked).encode(),
            contentType="application/json",
            accept="application/json",
        )

    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_over_its_quota_it_says_so(bedrock: Bedrock) -> None:
    bedrock.throttle()

    with pytest.raises(ThrottledError) as refused:
        TitanModel(bedrock.client).of_text("a dog")

    assert refused.value.code == "ThrottlingException"


def test_the_local_one_says_of_what_its_vectors_are_and_counts_pictures() -> None:
    client, service = local_bedrock()
    body = {"inputImage": b64encode(jpeg()).decode(), "embeddingConfig": {"outputEmbeddingLength": 384}}

    answer = client.invoke_model(modelId=BEDROCK_MODEL, body=json.dumps(body).encode())

    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert "labels that the local Rekognition finds" in headers[MADE_BY.lower()]
    report = service.calls.report()
    assert list(report["contents"][INVOKE_MODEL].values()) == [1]
    assert report["operations"][INVOKE_MODEL]["answered"] == 1
    assert "DetectLabels" not in report["operations"], "nobody is asked to pay for these labels"


def test_the_local_one_is_away_while_its_model_cannot_be_loaded() -> None:
    def load() -> Any:
        raise OSError("no network")

    client, _ = local_bedrock(load)

    with pytest.raises(UnansweredError, match="no network") as refused:
        TitanModel(client).of_text("a dog")
    assert refused.value.code == "InternalServerException"


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("ModelTimeoutException", UnansweredError),
        ("ModelNotReadyException", UnansweredError),
        ("ModelErrorException", UnansweredError),
        ("ServiceQuotaExceededException", ThrottledError),
        ("ResourceNotFoundException", ConfigurationError),
    ],
)
def test_what_bedrock_says_is_one_of_the_words_for_failure(code: str, word: type[Exception]) -> None:
    with pytest.raises(word, match=code):
        TitanModel(FakeBedrock([code])).of_text("a dog")


def test_who_may_not_use_the_model_is_told_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match="Model access"):
        TitanModel(FakeBedrock(["AccessDeniedException"])).of_text("a dog")
