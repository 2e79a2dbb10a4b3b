"""What a person is told when the machine or the input is not as it should be."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psutil  # type: ignore[import-untyped]
import pytest
import typer
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.parsers import ResponseParserError

from local.__main__ import faults_in_one_line
from local.cloud import assembly, running, services
from local.cloud.deployment import lost_buckets
from local.cloud.environment import LocalClients, LocalCloudError, LocalEnvironment, on_ports, remembered
from local.cloud.running import at_work
from local.cloud.services import PidFile
from local.demo.draining import FunctionLog


def test_node_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalCloudError, match=r"Node.js is missing; install version 20"):
        assembly.synthesize({"log_retention_days": 7})


def test_node_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\necho v18.19.0\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalCloudError, match=r"v18.19.0 .* install version 20"):
        assembly.synthesize({"log_retention_days": 7})


@pytest.mark.parametrize(
    "fault",
    [
        EndpointConnectionError(endpoint_url="http://\x1b[2J"),
        ClientError({"Error": {"Code": "500", "Message": "\x1b[2J"}}, "ListObjectVersions"),
        ResponseParserError("\x1b[2J"),
        OSError("\x1b[2J"),
        LocalCloudError("\x1b[2J\nsaid before", exit_code=1),
    ],
)
def test_what_goes_wrong_inside_is_no_traceback_and_no_terminal_obeys_it(
    fault: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, faults_in_one_line():
        raise fault

    said = capsys.readouterr().err
    assert ended.value.exit_code == 1
    assert said.startswith("error: ")
    assert "\\x1b[2J" in said
    assert "\x1b" not in said


def test_what_was_saved_at_other_ports_is_old_once_another_place_has_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = LocalEnvironment(tmp_path, 5566, 5567), LocalEnvironment(tmp_path)
    for environment in (here, elsewhere):
        environment.state_directory.mkdir(parents=True)
        environment.state_directory.with_suffix(".clean").touch()
    monkeypatch.setattr(services, "start", lambda _: None)

    running.start_cloud(here)
    assert here.state_directory.exists(), "it was stopped cleanly, and is used"
    running.start_cloud(elsewhere)

    assert not elsewhere.state_directory.exists(), "the photos have gone elsewhere since"


def test_the_last_bucket_is_recovered_first_and_nothing_but_buckets_of_ours() -> None:
    held = {
        "imagepipe-photos1-a": 1,
        "imagepipe-photos1-b": 1,
        "imagepipe-photos1-c": 0,
        "imagepipe-photos1-new": 1,
    }
    others = {"imagepipe-logs2-a": 1, "imagepipe-photos1": 1, "theirs": 1, "imagepipe-older0-z": 1}
    buckets = held | others
    s3 = SimpleNamespace(
        list_buckets=lambda: {"Buckets": [{"Name": name} for name in buckets]},
        list_objects_v2=lambda Bucket, MaxKeys: {"Contents": [{}] * buckets[Bucket]},  # noqa: N803
    )
    clients = cast("LocalClients", SimpleNamespace(s3=s3))

    lost = lost_buckets(clients, "imagepipe-photos1-new", "imagepipe-older0-z")

    assert lost == ["imagepipe-older0-z", "imagepipe-photos1-a", "imagepipe-photos1-b"]
    assert lost_buckets(clients, "imagepipe-photos1-new", "imagepipe-photos1-b")[0] == "imagepipe-photos1-b"


def test_two_commands_at_once(tmp_path: Path) -> None:
    environment = LocalEnvironment(tmp_path)
    with (
        at_work(environment),
        pytest.raises(LocalCloudError, match="another make run"),
        at_work(environment),
    ):
        pass


def test_a_recycled_pid_is_not_ours(tmp_path: Path) -> None:
    import os

    ours = PidFile.of(os.getpid(), "x")
    assert ours.process() is not None
    assert PidFile(ours.pid, ours.started_at - 100, "x").process() is None
    assert PidFile(2**22 + 1, ours.started_at, "x").process() is None


def test_a_process_that_nobody_reaps_is_stopped(tmp_path: Path) -> None:
    """So it is in a container whose first process is no init: what ended stays there as a zombie."""
    left_behind = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    PidFile.of(left_behind.pid, "x").write(tmp_path / "cloud.pid.json")

    assert services.stop(tmp_path, "cloud"), "it ended when it was asked to"
    assert psutil.Process(left_behind.pid).status() == psutil.STATUS_ZOMBIE
    assert not services.is_known(tmp_path, "cloud")
    left_behind.wait()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_broken_pid_file_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "pid").write_text(text)
    assert PidFile.read(tmp_path / "pid") is None


def test_ports_are_remembered(tmp_path: Path) -> None:
    on_ports(remembered(tmp_path), 5566).remember()
    environment = remembered(tmp_path)
    assert (environment.cloud_port, environment.rekognition_port) == (5566, 5567)
    assert on_ports(environment, None) == environment


def test_the_functions_last_words_are_found(tmp_path: Path) -> None:
    log = tmp_path / "cloud.log"
    log.write_text('{"level":"ERROR","message":"of yesterday"}\n')
    function_log = FunctionLog.from_now_on(log)
    with log.open("a") as file:
        file.write('S3 notification\n{"level":"ERROR","message":"of today"}\n')
    assert function_log.last_errors() == ['{"level":"ERROR","message":"of today"}']
