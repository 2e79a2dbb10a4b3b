"""`imagepipe custom-labels`: what is said before it costs, what is started and stopped, and what is not."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from aws.retries import RetryPolicy
from contract.errors import ImagepipeError
from operations.adapters.custom_models import CustomModel
from operations.commands import custom_labels
from operations.main import main
from operations.terminal import OperatorError
from tests.fakes.custom_models import ARN, FakeModels


def model_of(models: FakeModels, arn: str = ARN) -> CustomModel:
    return CustomModel(cast("Any", models), arn, RetryPolicy(1, 1.0, 1.0, lambda _: None))


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> FakeModels:
    found = FakeModels()
    settings = SimpleNamespace(custom_labels_model=ARN)
    pipeline = SimpleNamespace(
        is_local=False,
        deployed=SimpleNamespace(settings=settings),
        custom_model=lambda arn: model_of(found, arn),
    )
    monkeypatch.setattr(custom_labels, "connect", lambda *_: pipeline)
    return found


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["custom-labels", *arguments])
    said = capsys.readouterr()
    return code, said.out.strip(), said.err.strip()


def test_before_it_starts_it_says_what_that_costs(
    models: FakeModels, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said, remarked = ran(capsys, "start", "--units", "2", "--max-units", "3", "--yes")

    assert (code, said) == (0, f"{ARN}: STARTING; it goes on costing until custom-labels stop")
    assert remarked == (
        "A model costs $4.00 an hour for each inference unit, asked or not: $8.00 an hour for 2, "
        "$12.00 at most, $5,760 in 30 days."
    )
    wanted = {"ProjectVersionArn": ARN, "MinInferenceUnits": 2, "MaxInferenceUnits": 3}
    assert models.asked == [("start", wanted)]


def test_without_a_most_it_never_takes_more_units(
    models: FakeModels, capsys: pytest.CaptureFixture[str]
) -> None:
    ran(capsys, "start", "--yes")

    assert models.asked == [("start", {"ProjectVersionArn": ARN, "MinInferenceUnits": 1})]


def test_whoever_says_no_pays_nothing(
    models: FakeModels, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True, readline=lambda: "n\n"))

    code, said, remarked = ran(capsys, "start")

    assert (code, said, models.asked) == (1, "", [])
    assert remarked.endswith("nothing was started")


def test_where_nobody_can_be_asked_nothing_is_started(
    models: FakeModels, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: False))

    assert ran(capsys, "start")[0] == 2
    assert models.asked == []


@pytest.mark.parametrize("status", ["STARTING", "RUNNING", "STOPPING"])
def test_what_runs_is_not_started_again(
    models: FakeModels, capsys: pytest.CaptureFixture[str], status: str
) -> None:
    models.status = status

    code, said, _ = ran(capsys, "start", "--yes")

    assert (code, models.asked) == (0, [])
    assert said == f"{ARN}: {status}, 1 inference units, $4.00 an hour; nothing was started"


def test_what_is_not_trained_cannot_be_started(
    models: FakeModels, capsys: pytest.CaptureFixture[str]
) -> None:
    models.status, models.message = "TRAINING_FAILED", "too few images"

    code, _, remarked = ran(capsys, "start", "--yes")

    assert (code, models.asked) == (2, [])
    assert remarked == "error: the model cannot be started: TRAINING_FAILED (too few images), costs nothing"


def test_fewer_at_most_than_at_least_is_refused(
    models: FakeModels, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, remarked = ran(capsys, "start", "--units", "3", "--max-units", "2", "--yes")

    assert (code, remarked) == (2, "error: --max-units is 2, and --units 3; it cannot be less")
    assert models.asked == []


def test_what_rekognition_refuses_is_told(models: FakeModels, capsys: pytest.CaptureFixture[str]) -> None:
    models.fails_with = "LimitExceededException"

    code, _, remarked = ran(capsys, "start", "--yes")

    assert code == 2
    assert "error: LimitExceededException: too many are running (StartProjectVersion of arn" in remarked


def test_it_is_stopped_once(models: FakeModels, capsys: pytest.CaptureFixture[str]) -> None:
    assert ran(capsys, "stop", "--yes")[1] == f"{ARN}: STOPPED, costs nothing; nothing was stopped"
    models.status = "RUNNING"

    assert ran(capsys, "stop", "--yes")[1] == f"{ARN}: STOPPING"
    assert models.asked == [("stop", {"ProjectVersionArn": ARN})]


def test_status_says_what_an_hour_costs(models: FakeModels, capsys: pytest.CaptureFixture[str]) -> None:
    models.status, models.units, models.most = "RUNNING", 2, 4

    assert ran(capsys, "status")[1] == f"{ARN}: RUNNING, 2 inference units, $8.00 an hour"
    assert '"dollars_an_hour": 8.0' in ran(capsys, "status", "--json")[1]


def test_a_deployment_without_a_model_says_how_to_name_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed = SimpleNamespace(settings=SimpleNamespace(custom_labels_model=""))
    pipeline = SimpleNamespace(is_local=False, deployed=deployed)
    monkeypatch.setattr(custom_labels, "connect", lambda *_: pipeline)

    assert ran(capsys, "status")[2] == (
        "error: the deployment asks no model: add custom_labels to detectors, and set custom_labels_model "
        "to its ARN"
    )


def test_here_there_is_none(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(custom_labels, "connect", lambda *_: SimpleNamespace(is_local=True))

    assert ran(capsys, "start", "--yes")[2] == (
        "error: the local Rekognition has no custom labels, so no model can run here"
    )


@pytest.mark.parametrize("arn", [ARN.replace("cups.1", "cups.2"), ARN.replace("cups/", "mugs/", 1)])
def test_a_model_that_is_not_there_is_told(arn: str) -> None:
    with pytest.raises(OperatorError, match=r"^there is no model arn.* in this account and region$"):
        model_of(FakeModels(), arn).state()


def test_what_is_no_arn_of_a_version_is_told() -> None:
    with pytest.raises(OperatorError, match=r"^'arn:aws:x' is not the ARN of a version of a model$"):
        model_of(FakeModels(), "arn:aws:x").state()


def test_a_word_for_failure_is_what_aws_says() -> None:
    with pytest.raises(ImagepipeError):
        model_of(FakeModels(fails_with="ResourceInUseException")).start(1, 1)
