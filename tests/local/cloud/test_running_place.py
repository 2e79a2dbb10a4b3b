import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from infra.bundles import ROOT
from local.cloud.environment import Outputs
from local.cloud.running import CLOUD, REKOGNITION, bring_up, running_environment, take_down
from local.cloud.services import PidFile
from local.cloud.stages import Stages
from local.demo.draining import current_etags, drain
from local.demo.folder import look_into
from local.demo.folder import upload as upload_folder
from tests.conftest import RunningCloud

from rich.console import Console  # isort: skip


def trace(running: RunningCloud, name: str) -> PidFile:
    found = PidFile.read(running.environment.directory / f"{name}.pid.json")
    assert found is not None
    return found


def recognize(running: RunningCloud, keys: list[str]) -> set[str]:
    """Wait for keys; give those that did not end."""
    etags = current_etags(running.clients, running.outputs, keys)
    assert set(etags) == set(keys)
    ended = drain(running.clients, running.outputs, etags, ended=lambda _: None, in_trouble=lambda: False)
    return ended.waiting


def again(running: RunningCloud) -> RunningCloud:
    """Do what a second `make run` does."""
    outputs = bring_up(running.environment, Stages(Console(quiet=True)))
    return RunningCloud(running.environment, outputs, running.clients)


def upload(running: RunningCloud, key: str) -> None:
    photo = (ROOT / "images" / "cat.jpg").read_bytes()
    running.clients.s3.put_object(Bucket=running.outputs.bucket, Key=key, Body=photo)


def answer(running: RunningCloud, path: str) -> dict[str, object]:
    with urllib.request.urlopen(f"{running.outputs.api_url}{path}", timeout=30) as reply:
        body: dict[str, object] = json.load(reply)
    return body


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def test_a_folder_is_recognized_end_to_end(running: RunningCloud, tmp_path: Path) -> None:
    deep = tmp_path / "below" / "and below"
    deep.mkdir(parents=True)
    (deep / "a cat+dog 100%.JPG").write_bytes((ROOT / "images" / "cat.jpg").read_bytes())
    (tmp_path / "not-a-photo.jpg").write_text("hello")
    (tmp_path / "notes.txt").write_text("left out")
    folder = look_into(tmp_path)
    assert folder.left_out == ("notes.txt",)
    upload_folder(folder, running.clients, running.outputs.bucket)
    assert recognize(running, folder.keys) == set()
    cat = answer(running, "/images?key=below%2Fand%20below%2Fa%20cat%2Bdog%20100%25.JPG")
    assert cat["status"] == "recognized"
    assert answer(running, "/images?key=not-a-photo.jpg")["status"] == "rejected"


def test_functions_run_the_deployed_zip_and_not_the_development_tree(running: RunningCloud) -> None:
    upload(running, "zip.jpg")
    recognize(running, ["zip.jpg"])
    scratch = running.environment.scratch_directory
    workers = [
        process
        for process in psutil.process_iter()
        if process.is_running() and str(scratch) in " ".join(_command_of(process))
    ]
    assert workers
    for worker in workers:
        assert Path(worker.cwd()).is_relative_to(scratch)
        assert "-S" in _command_of(worker), "without the site directory, and so without the editable install"


def _command_of(process: psutil.Process) -> list[str]:
    try:
        command: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return command


def test_everything_listens_on_loopback_only(running: RunningCloud) -> None:
    ports = {CLOUD: running.environment.cloud_port, REKOGNITION: running.environment.rekognition_port}
    for name, port in ports.items():
        process = trace(running, name).process()
        assert process is not None
        listening = {
            (connection.laddr.ip, connection.laddr.port)
            for each in (process, *process.children(recursive=True))
            for connection in each.net_connections()
            if connection.status == psutil.CONN_LISTEN
        }
        assert listening == {("127.0.0.1", port)}


def test_a_second_run_changes_nothing(running: RunningCloud) -> None:
    before = (trace(running, CLOUD), trace(running, REKOGNITION))
    second = again(running)
    assert (trace(running, CLOUD), trace(running, REKOGNITION)) == before
    assert second.outputs == running.outputs
    assert Outputs.read(running.environment) == running.outputs


def test_two_places_run_side_by_side(running: RunningCloud, tmp_path: Path) -> None:
    with running_environment(tmp_path) as (other, outputs):
        assert other.cloud_port != running.environment.cloud_port
        assert outputs.bucket != running.outputs.bucket
        pids = [PidFile.read(tmp_path / f"{name}.pid.json") for name in (CLOUD, REKOGNITION)]
    for found in pids:
        assert found is not None
        assert found.process() is None, "nothing is left running"


@pytest.mark.parametrize("part", [CLOUD, pytest.param(REKOGNITION, marks=pytest.mark.nightly)])
def test_it_heals_after_a_part_was_killed(tmp_path: Path, part: str) -> None:
    """What was uploaded is neither lost nor forgotten, and nothing of the killed part lingers."""
    with running_environment(tmp_path) as (place, outputs):
        from local.cloud.environment import LocalClients

        first = RunningCloud(place, outputs, LocalClients(place))
        upload(first, "by the user.jpg")
        assert recognize(first, ["by the user.jpg"]) == set()
        killed = trace(first, part).process()
        assert killed is not None
        workers = killed.children(recursive=True)
        killed.kill()
        killed.wait(10)
        healed = again(first)
        assert recognize(healed, ["by the user.jpg"]) == set()
        assert answer(healed, "/images?key=by%20the%20user.jpg")["status"] == "recognized"
        assert until(lambda: not any(worker.is_running() for worker in workers))


def test_a_stop_keeps_photos_and_records(tmp_path: Path) -> None:
    with running_environment(tmp_path) as (place, outputs):
        from local.cloud.environment import LocalClients

        first = RunningCloud(place, outputs, LocalClients(place))
        upload(first, "kept.jpg")
        recognize(first, ["kept.jpg"])
        before = answer(first, "/images?key=kept.jpg")
        assert take_down(place)
        second = again(first)
        assert second.outputs == outputs
        after = answer(second, "/images?key=kept.jpg")
        assert unsigned(after) == unsigned(before)


def unsigned(answer: dict[str, object]) -> dict[str, object]:
    """Leave out the URLs, which are signed anew for each answer."""
    return {name: value for name, value in answer.items() if not name.endswith("url")}


def test_nothing_of_a_persons_aws_setup_is_used(
    running: RunningCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    from local.cloud.environment import LocalClients

    monkeypatch.setenv("AWS_PROFILE", "somebody")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    names = [bucket["Name"] for bucket in LocalClients(running.environment).s3.list_buckets()["Buckets"]]
    assert running.outputs.bucket in names


def test_a_taken_port_is_one_line_that_says_what_to_do(running: RunningCloud, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "local", "run", "--images", str(ROOT / "images")]
    command += ["--directory", str(tmp_path), "--port", str(running.environment.cloud_port)]
    finished = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.returncode == 2
    lines = finished.stderr.strip().splitlines()
    assert len(lines) == 1
    assert str(running.environment.cloud_port) in lines[0]
    assert "make run PORT=" in lines[0]
    assert not list(tmp_path.glob("*.pid.json")), "nothing was started"
