"""What an hour of film costs, by the model: the frames that are asked about, and little else."""

import json

import pytest
from typer.testing import CliRunner

from contract.film_usage import FEWEST_FRAMES, MOST_FRAMES, FilmAssumptions
from operations.costs import film_bill, film_jobs_bill
from operations.main import app

LABELS = ("DetectLabels",)


def test_an_hour_costs_its_calls_and_a_few_cents() -> None:
    least, most = (
        film_bill(1, LABELS, FilmAssumptions(frames_an_hour=frames))
        for frames in (FEWEST_FRAMES, MOST_FRAMES)
    )

    assert (round(least.by_service["Rekognition"], 2), round(most.by_service["Rekognition"], 2)) == (
        0.36,
        3.6,
    )
    assert 0.01 < least.beside_rekognition < most.beside_rekognition < 0.1
    assert film_bill(2, LABELS).total == 2 * film_bill(1, LABELS).total


def test_an_hour_by_jobs_is_six_dollars_a_detector_and_frames_answer_what_has_no_job() -> None:
    assert film_jobs_bill(1, LABELS).total == pytest.approx(6.0)
    assert film_jobs_bill(2, (*LABELS, "DetectText")).total == pytest.approx(24.0)
    faces = ("DetectFaces",)
    assert film_jobs_bill(1, (*LABELS, *faces)).total == pytest.approx(6.0 + film_bill(1, faces).total)


def test_the_command_prices_hours_of_film() -> None:
    said = CliRunner().invoke(app, ["cost", "--film-hours", "10", "--detectors", "labels", "--json"])

    assert said.exit_code == 0, said.output
    told = json.loads(said.stdout)
    assert told["frames"] == 7080
    assert told["dollars"]["by_service"]["Rekognition"] == 7.08
