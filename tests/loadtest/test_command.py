"""The command refuses what cannot be run, in a sentence."""

from pathlib import Path

import pytest
import typer

from loadtest.__main__ import main


def refusal(capsys: pytest.CaptureFixture[str], names: list[str], **options: object) -> str:
    with pytest.raises(typer.Exit) as ended:
        main(names, **options)  # type: ignore[arg-type]
    assert ended.value.exit_code == 2
    return capsys.readouterr().err


def test_a_scenario_that_is_not_there_is_told_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no scenario hurry; there are smoke, steady-5" in refusal(capsys, ["hurry"])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("steady-50", "canned Rekognition; it needs a deployment with settings of its own"),
        ("live-during-bulk", "sets the bucket's events aside"),
        ("halved", "sets Rekognition's quota"),
    ],
)
def test_what_needs_this_machine_is_not_run_on_aws(
    capsys: pytest.CaptureFixture[str], name: str, reason: str
) -> None:
    said = refusal(capsys, [name], stack="imagepipe")

    assert f"scenario {name} runs on this machine only" in said
    assert reason in said


def test_a_stack_and_this_machine_cannot_both_be_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert "choose one" in refusal(capsys, ["smoke"], stack="imagepipe", local=True)


def test_a_place_that_is_not_there_is_told_with_how_to_start_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "start it with: make run" in refusal(capsys, ["smoke"], directory=tmp_path)
