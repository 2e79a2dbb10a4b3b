"""The two parts of the local place: MiniStack, and the local Rekognition."""

from __future__ import annotations

import hashlib
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

from infra.local import parts
from infra.local.lambda_python import make_lambda_python
from infra.local.place import HOST, REGION, Place
from infra.local.surroundings import AWS_VARIABLES

CLOUD = "cloud"
REKOGNITION = "rekognition"
_HERE = Path(__file__).parent
_GUARD = _HERE / "origin_guard.py"
# What of ours runs in MiniStack's process: when it changes, a MiniStack that runs is replaced.
_AROUND_MINISTACK = (_GUARD, *(_HERE / name for name in ("cloud.py", "partiql_streams.py")))


def cloud_part(place: Place) -> parts.Part:
    """Describe MiniStack. Functions inherit its environment, and so find their endpoints."""
    function_python = make_lambda_python(place.directory / "cloud" / "lambda-python")
    place.scratch_directory.mkdir(parents=True, exist_ok=True)
    return parts.Part(
        name=CLOUD,
        command=(sys.executable, "-m", "infra.local.cloud", str(function_python)),
        environment={
            **AWS_VARIABLES,
            "GATEWAY_PORT": str(place.cloud_port),
            "MINISTACK_REGION": REGION,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(place.state_directory),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(place.objects_directory),
            "TMPDIR": str(place.scratch_directory),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "AWS_ENDPOINT_URL": place.endpoint_url,
            "AWS_ENDPOINT_URL_REKOGNITION": place.rekognition_url,
        },
        directory=place.directory,
        port=place.cloud_port,
        health_path="/_ministack/ready",
        version=f"{version('ministack')} {_source_digest(*_AROUND_MINISTACK)}",
    )


def rekognition_part(place: Place) -> parts.Part:
    """Describe the local Rekognition. It reads photos from MiniStack's S3."""
    return parts.Part(
        name=REKOGNITION,
        command=(
            sys.executable, "-m", "infra.local.rekognition", "--host", HOST,
            "--port", str(place.rekognition_port), "--models", str(place.models),
            "--s3-endpoint", place.endpoint_url,
        ),
        environment=AWS_VARIABLES,
        directory=place.directory,
        port=place.rekognition_port,
        health_path="/health",
        version=_source_digest(_GUARD, *sorted((_HERE / "rekognition").rglob("*"))),
    )  # fmt: skip


def make_room(place: Place) -> list[str]:
    """Stop what is out of date, and see that what is to be started finds its port free.

    Gives the names of what was stopped. Raises LocalPlaceError if another program has a port; then nothing
    was started.
    """
    stopped = []
    wanted = [(cloud_part(place), stop_cloud)]
    if place.other_rekognition_url is None:
        wanted.append((rekognition_part(place), stop_rekognition))
    else:
        stop_rekognition(place)
    for part, stop in wanted:
        if not parts.is_running(part):
            if parts.is_known(part.directory, part.name):
                stopped.append(part.name)
            stop(place)
            parts.require_port(part)
    return stopped


def start_cloud(place: Place) -> bool:
    """Make MiniStack run, where there is room. Say whether it was started just now.

    What it saved on its last stop is used only if that stop was clean; after a `kill -9` it would be the
    state of an earlier day.
    """
    part = cloud_part(place)
    if parts.is_running(part):
        return False
    if not _clean_stop_mark(place).exists():
        shutil.rmtree(place.state_directory, ignore_errors=True)
    parts.start(part)
    # From now on what was saved is old, and so is what was saved at other ports.
    for mark in _clean_stop_mark(place).parent.glob("*.clean"):
        mark.unlink()
    return True


def stop_cloud(place: Place) -> None:
    """Stop MiniStack and its functions, and mark the state that it saves as good."""
    if parts.stop(place.directory, CLOUD) and place.state_directory.exists():
        _clean_stop_mark(place).touch()
    shutil.rmtree(place.scratch_directory, ignore_errors=True)
    place.scratch_directory.mkdir(parents=True, exist_ok=True)


def start_rekognition(place: Place) -> bool:
    """Make the local Rekognition run, where there is room. Say whether it was started just now."""
    part = rekognition_part(place)
    if parts.is_running(part):
        return False
    parts.start(part)
    return True


def stop_rekognition(place: Place) -> None:
    """Stop the local Rekognition."""
    parts.stop(place.directory, REKOGNITION)


def _clean_stop_mark(place: Place) -> Path:
    return place.state_directory.with_suffix(".clean")


def _source_digest(*paths: Path) -> str:
    seen = hashlib.sha256()
    for path in paths:
        if path.is_file() and "__pycache__" not in path.parts:
            seen.update(path.read_bytes())
    return seen.hexdigest()
