"""What looks at films: nothing by itself, and where it is wanted a function that can do little."""

import json

import pytest

from contract.environment import load
from contract.settings import FilmsSettings, PicturesSettings
from contract.timing import FILM_TIMEOUT_SECONDS, PROCESSOR_TIMEOUT_SECONDS
from infra.settings import DeploymentSettings, UnusableSettingsError
from processors.pipeline.detection import SAVING_SECONDS
from tests.infra.conftest import Synthesize
from tests.infra.template import Template
from tests.infra.test_pictures import FUNCTION, allowed, variables


@pytest.fixture(scope="module")
def filming(synthesized: Synthesize) -> Template:
    return Template.of(synthesized({"video": "frames"}))


def test_by_itself_nothing_is_said_of_films(template: Template) -> None:
    assert "film" not in json.dumps(template.document).lower()


def test_what_decodes_strangers_films_reads_the_bucket_and_writes_renditions(filming: Template) -> None:
    films, _ = filming.the(FUNCTION, "Films")

    assert set(allowed(filming, films, "s3")) == {
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "s3:PutObject",
    }
    for service in ("dynamodb", "rekognition", "sqs", "sns", "lambda", "kms"):
        assert allowed(filming, films, service) == {}
    load(FilmsSettings, {name: str(value) for name, value in variables(filming, films).items()})


def test_the_processor_alone_asks_it_and_has_the_time(filming: Template) -> None:
    films, function = filming.the(FUNCTION, "Films")
    processor, _ = filming.the(FUNCTION, "Processor")

    assert films in json.dumps(sorted(allowed(filming, processor, "lambda")["lambda:InvokeFunction"]))
    assert variables(filming, processor)["FILMS_FUNCTION"] == {"Ref": films}
    assert function["Properties"]["Timeout"] == FILM_TIMEOUT_SECONDS
    assert FILM_TIMEOUT_SECONDS + SAVING_SECONDS < PROCESSOR_TIMEOUT_SECONDS


def test_the_pictures_function_leaves_films_to_it(filming: Template) -> None:
    pictures, _ = filming.the(FUNCTION, "PicturesFunction")
    told = {name: str(value) for name, value in variables(filming, pictures).items()}

    assert load(PicturesSettings, told).films == "yes"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"video": "yes"}, "choose one of off, frames"),
        ({"video": "frames", "pictures": False}, "video is of use"),
    ],
)
def test_what_cannot_be_is_told(settings: dict[str, object], said: str) -> None:
    with pytest.raises(UnusableSettingsError, match=said):
        DeploymentSettings.from_context(settings.get)
