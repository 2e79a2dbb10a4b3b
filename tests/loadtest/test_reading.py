"""Scenarios are read from TOML, and everything that is wrong with them is told together."""

from pathlib import Path

import pytest

from infra.settings import DeploymentSettings
from loadtest import LoadtestError
from loadtest.scenario import (
    ApiLoad,
    Phase,
    PhaseLane,
    QuotaChange,
    RecognizerChoice,
    Scenario,
    read_scenarios,
)
from local.cloud.assembly import local_context


def read(tmp_path: Path, text: str) -> dict[str, Scenario]:
    path = tmp_path / "scenarios.toml"
    path.write_text(text)
    return read_scenarios(path)


def test_the_built_in_ones_are_there() -> None:
    wanted = "smoke steady-5 steady-20 steady-50 halved live-during-bulk four-detectors duplicates api"

    assert {*wanted.split(), "mixed-formats"} <= set(read_scenarios())


@pytest.mark.parametrize("name", ["steady-5", "steady-20", "steady-50"])
def test_a_backlog_of_the_steady_ones_is_more_than_a_minute_of_work(name: str) -> None:
    scenario = read_scenarios()[name]

    assert scenario.photos / scenario.quotas["DetectLabels"] >= 60


def test_what_is_left_out_has_its_usual_value(tmp_path: Path) -> None:
    scenario = read(tmp_path, "[small]\nphases = [{ photos = 3 }]")["small"]

    assert scenario == Scenario("small", "", (Phase("photos", 3),))
    assert not scenario.needs_own_place
    assert scenario.reasons_against_aws() == []


def test_everything_can_be_said(tmp_path: Path) -> None:
    text = """
    [all]
    about = "All of it"
    recognizer = "canned"
    context = { detectors = "labels", max_concurrency = 8 }
    quotas = { DetectLabels = 20 }
    changes = [
        { at_seconds = 60, quotas = { DetectLabels = 20 } },
        { at_seconds = 30, quotas = { DetectLabels = 10 } },
    ]
    warm_up_seconds = 8
    phases = [
        { name = "idle", photos = 5, per_second = 0.5, duplicates = 0.2 },
        { name = "backlog", photos = 9, lane = "bulk", after = "idle", start_seconds = 2 },
    ]
    api = { users = 2, seconds = 10 }
    """
    scenario = read(tmp_path, text)["all"]

    assert scenario.phases == (
        Phase("idle", 5, per_second=0.5, duplicates=0.2),
        Phase("backlog", 9, lane=PhaseLane.BULK, prepared=True, after="idle", start_seconds=2.0),
    )
    assert scenario.recognizer is RecognizerChoice.CANNED
    assert scenario.context == {"detectors": "labels", "max_concurrency": "8"}
    assert [change.at_seconds for change in scenario.changes] == [30, 60]
    assert scenario.changes[0] == QuotaChange(30.0, {"DetectLabels": 10.0})
    assert scenario.api == ApiLoad(2, 10.0)
    assert len(scenario.reasons_against_aws()) == 4


WRONG = [
    ("[a]", "a: nothing to do; give phases, api or baseline"),
    ("a = 1", "a: must be a table"),
    ("[a]\nphases = [{}]", r"a.phases\[0\]: photos is missing"),
    ("[a]\nphases = [{ photos = 0 }]", "photos is 0; it must be a whole number of at least 1"),
    ("[a]\nphases = [{ photos = 1, per_second = 0 }]", "above 0; leave it out for all at once"),
    ("[a]\nphases = [{ photos = 1, lane = 'slow' }]", "lane is 'slow'; it must be live or bulk"),
    ("[a]\nphases = [{ photos = 1, duplicates = 1.0 }]", "a share from 0 to less than 1"),
    ("[a]\nphases = [{ photos = 1, after = 'b' }]", "after is 'b'; it must name an earlier phase"),
    ("[a]\nphases = [{ photos = 1 }, { photos = 1, name = 'photos' }]", "which an earlier phase has"),
    ("[a]\nphases = 5", "phases is 5; it must be a list of tables"),
    ("[a]\nphoto = 5\nphases = [{ photos = 1 }]", "photo is unknown; there are about, phases"),
    ("[a]\nbaseline = 'yes'", "baseline is 'yes'; it must be true or false"),
    ("[a]\nrecognizer = 'me'\nbaseline = true", "recognizer is 'me'; it must be stack or canned"),
    ("[a]\nbaseline = true\nquotas = { DetectCats = 1 }", "DetectCats is none of"),
    ("[a]\nbaseline = true\nchanges = [{ quotas = { DetectLabels = 1 } }]", "at_seconds is missing"),
    ("[a]\napi = { users = 1 }", "a.api: seconds is missing"),
    ("[a", "is not TOML"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(LoadtestError, match=said):
        read(tmp_path, text)


def test_all_faults_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(LoadtestError) as refused:
        read(tmp_path, "[a]\nphases = [{ photos = 0, lane = 1 }]\n[b]\nbaseline = 3")

    assert len(str(refused.value).splitlines()) == 5


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LoadtestError, match=r"nowhere\.toml"):
        read_scenarios(tmp_path / "nowhere.toml")


@pytest.mark.parametrize("name", sorted(read_scenarios()))
def test_what_a_scenario_sets_can_be_deployed_beside_what_is_usual_here(name: str) -> None:
    context = read_scenarios()[name].context

    settings = DeploymentSettings.from_context(local_context(context).get)

    assert settings.pictures is (context.get("pictures") != "false")
    assert settings.near_duplicates is settings.pictures


def test_formats_of_photos_are_a_list_of_endings(tmp_path: Path) -> None:
    text = "[a]\nphases = [{ photos = 3 }]\nendings = "

    assert read(tmp_path, f'{text}["heic", "jpg"]')["a"].endings == ("heic", "jpg")
    for unusable in ("[]", '"heic"', "[1]", '[""]'):
        with pytest.raises(LoadtestError, match=r"a: endings is .*; it must be a list of texts"):
            read(tmp_path, text + unusable)


def test_photos_of_several_formats_are_looked_at_as_files() -> None:
    scenario = read_scenarios()["mixed-formats"]

    assert {"heic", "tif", "webp"} < set(scenario.endings)
    assert DeploymentSettings.from_context(local_context(scenario.context).get).pictures
