"""The server as a process, and the AWS CLI as its client."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.local.rekognition.real.conftest import (
    BUCKET,
    IMAGES,
    REPOSITORY,
    Running,
    StartRekognition,
    free_port,
)

COMMAND = [sys.executable, "-m", "local.rekognition"]


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options], cwd=REPOSITORY, capture_output=True, text=True, timeout=30, check=False
    )


def test_it_is_ready_within_seconds(rekognition_running: Running) -> None:
    assert rekognition_running.seconds_to_ready < 10


def test_it_stops_within_a_second_of_sigterm_even_while_it_looks(start_rekognition: StartRekognition) -> None:
    with start_rekognition() as server:
        client, photo = server.client("rekognition"), (IMAGES / "mexico.jpg").read_bytes()

        def ask() -> None:
            try:
                for _ in range(1000):
                    client.detect_labels(Image={"Bytes": photo})
            except Exception:  # noqa: BLE001  # the server leaves in the middle of a call
                pass

        threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)

        asked = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(10)
        seconds = time.monotonic() - asked

    assert seconds < 2
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", int(server.url.rpartition(":")[2])))


def test_a_taken_port_is_told_in_one_line(rekognition_running: Running, models: Path) -> None:
    port = rekognition_running.url.rpartition(":")[2]

    done = run("--port", port, "--models", str(models))

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert f"cannot listen on 127.0.0.1:{port}" in line


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--rate", "DetectLabels"], "DetectLabels=50"),
        (["--rate", "DetectLabels=many"], "many"),
        (["--rate", "DetectDreams=1"], "DetectDreams"),
        (["--latency", "DetectLabels=soon"], "300ms"),
    ],
)
def test_a_wrong_option_is_told_in_one_line(options: list[str], says: str, models: Path) -> None:
    done = run("--port", str(free_port()), "--models", str(models), *options)

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert says in line


def test_missing_models_are_told_with_the_command_that_gets_them(tmp_path: Path) -> None:
    done = run("--port", str(free_port()), "--models", str(tmp_path))

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "python -m local.rekognition.download_models --into" in line


def test_a_broken_file_of_collections_is_told_in_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "collections.sqlite"
    broken.write_bytes(b"no database" * 1000)

    done = run("--port", str(free_port()), "--canned", "--collections", str(broken))

    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line == (
        f"local Rekognition: --collections {broken}: file is not a database; "
        "give a file that can be written, or remove a broken one"
    )


def test_the_aws_cli_is_answered(rekognition_running: Running, s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="for the cli.jpg", Body=(IMAGES / "panda.jpg").read_bytes())
    place = json.dumps({"S3Object": {"Bucket": BUCKET, "Name": "for the cli.jpg"}})
    program = str(Path(sys.executable).parent / "aws")
    environment = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_REKOGNITION": rekognition_running.url,
        "PATH": "/usr/bin:/bin",
    }
    done = subprocess.run(
        [program, "rekognition", "detect-labels", "--image", place, "--max-labels", "5"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "Bear" in {label["Name"] for label in json.loads(done.stdout)["Labels"]}
