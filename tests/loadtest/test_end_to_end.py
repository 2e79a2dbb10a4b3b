"""A handful of photos through the command, on the session's local cloud."""

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import pytest

from infra.bundles import ROOT
from loadtest.stack import ControlApi
from tests.conftest import RunningCloud

KINDS: tuple[Literal["objects", "contents"], ...] = ("objects", "contents")
SCENARIOS = """
[endless]
about = "until somebody has had enough"
phases = [{ photos = 5000, per_second = 2 }]
quotas = { DetectLabels = 3 }

[tiny]
phases = [
    { name = "live", photos = 6, duplicates = 0.34 },
    { name = "backlog", photos = 3, lane = "bulk" },
    { name = "slow", photos = 2, per_second = 4, after = "live" },
]
warm_up_seconds = 0
api = { users = 2, seconds = 2 }
"""


@pytest.fixture(scope="module")
def before(running: RunningCloud) -> dict[str, Any]:
    return surroundings(running)


@pytest.fixture(scope="module")
def called_before(running: RunningCloud) -> dict[str, Counter[str]]:
    return called(running)


@pytest.fixture(scope="module")
def reported(
    running: RunningCloud,
    before: dict[str, Any],
    called_before: dict[str, Counter[str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, Any], Path]:
    """What the command has printed, and the directory of its reports."""
    out = tmp_path_factory.mktemp("loadtest")
    finished = subprocess.run(
        command(running, out, "tiny", "--json"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    (figures,) = json.loads(finished.stdout)
    return figures, out


def command(running: RunningCloud, out: Path, *arguments: str) -> list[str]:
    scenarios = out / "scenarios.toml"
    scenarios.write_text(SCENARIOS)
    there = [
        "--directory",
        str(running.environment.directory),
        "--scenarios",
        str(scenarios),
        "--out",
        str(out),
    ]
    return [sys.executable, "-m", "loadtest", *arguments, *there]


def surroundings(running: RunningCloud) -> dict[str, Any]:
    """What a run may change and has to put back."""
    clients, outputs = running.clients, running.outputs
    events = clients.s3.get_bucket_notification_configuration(Bucket=outputs.bucket)
    return {
        "queues": sorted(clients.sqs.list_queues().get("QueueUrls", [])),
        "events": sorted(str(given) for given in events["QueueConfigurations"]),
        "quotas": ControlApi(outputs.rekognition_url).quotas(),
    }


def called(running: RunningCloud) -> dict[str, Counter[str]]:
    """Count the calls so far in each of the ways there are: those that broke off named and saw nothing."""
    control = ControlApi(running.outputs.rekognition_url)
    accepted = {operation: counts["accepted"] for operation, counts in control.totals().items()}
    return {"accepted": Counter(accepted)} | {
        kind: Counter({operation: sum(of.values()) for operation, of in control.calls_by(kind).items()})
        for kind in KINDS
    }


def test_all_photos_of_both_lanes_have_ended_and_are_searchable(
    reported: tuple[dict[str, Any], Path],
) -> None:
    figures, _ = reported

    assert figures["sent"] == 11
    assert figures["statuses"] == {"recognized": 11}
    assert figures["unheard"] == {"silent": 0, "buried": 0, "lost": 0}
    assert figures["searchable"]["found"] == figures["searchable"]["asked"] > 0
    assert {latency["phase"]: latency["photos"] for latency in figures["latencies"]} == {
        "live": 6,
        "backlog": 3,
        "slow": 2,
    }


@pytest.mark.usefixtures("reported")
def test_what_was_called_is_read_by_object_and_by_content(
    running: RunningCloud, called_before: dict[str, Counter[str]]
) -> None:
    counted = {kind: calls - called_before[kind] for kind, calls in called(running).items()}

    assert counted["accepted"]["DetectLabels"] > 0
    assert counted["objects"] == counted["contents"] == counted["accepted"]


def test_photos_of_the_same_bytes_are_paid_for_once(reported: tuple[dict[str, Any], Path]) -> None:
    figures, _ = reported

    assert figures["calls_too_many"] == 0
    # What other tests of this place have asked is counted too: here none of it was.
    asked = {call["name"]: call["accepted"] for call in figures["operations"] if call["accepted"]}
    assert asked == {"DetectLabels": 9, "DetectFaces": 9}


def test_the_api_was_asked_without_a_failure(reported: tuple[dict[str, Any], Path]) -> None:
    figures, out = reported
    together = figures["api"][-1]

    assert together["what"] == "all together"
    assert together["requests"] > 0
    assert together["failures"] == 0
    assert (out / "tiny-locust.html").exists()


def test_a_page_and_a_json_file_are_left(reported: tuple[dict[str, Any], Path]) -> None:
    _, out = reported

    (page,) = out.glob("*-tiny.html")
    (data,) = out.glob("*-tiny.json")
    assert "Rekognition was the local one, which really looks" in page.read_text()
    assert json.loads(data.read_text())[0]["samples"]


def test_what_was_subscribed_and_set_aside_is_put_back(
    running: RunningCloud, before: dict[str, Any], reported: tuple[dict[str, Any], Path]
) -> None:
    assert surroundings(running) == before


def test_a_ctrl_c_puts_everything_back(running: RunningCloud, before: dict[str, Any], tmp_path: Path) -> None:
    started = subprocess.Popen(
        command(running, tmp_path, "endless"),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell lets what it starts in the background ignore Ctrl-C, and with it these tests.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    assert started.stdout is not None
    while ControlApi(running.outputs.rekognition_url).quotas() != {"DetectLabels": 3.0}:
        assert started.poll() is None, started.communicate()
    started.send_signal(signal.SIGINT)
    _, said = started.communicate(timeout=60)

    assert started.returncode == 130
    assert "interrupted" in said
    assert surroundings(running) == before
