"""The two services of the local environment: MiniStack, and the local Rekognition."""

from __future__ import annotations

import hashlib
import shutil
import sys
from importlib.metadata import distribution, version
from pathlib import Path

from infra.bundles import BROUGHT_BY_LAMBDA
from local.cloud import services
from local.cloud.environment import HOST, REGION, LocalEnvironment
from local.cloud.services import AWS_VARIABLES


def lambda_python(directory: Path) -> Path:
    """Return where the interpreter is that `make_lambda_python` makes in `directory`."""
    return directory / "python"


def make_lambda_python(directory: Path) -> Path:
    """Make a Python that sees what Lambda's own sees, and return its path: some links and a shell script.

    That is the standard library and boto3. The development environment has our code and every package in it;
    a function that runs there would not miss what its zip lacks.
    """
    packages = directory / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    for source in _brought_by_lambda():
        link = packages / source.name
        if not link.is_symlink() or link.readlink() != source:
            link.unlink(missing_ok=True)
            link.symlink_to(source)
    interpreter = lambda_python(directory)
    interpreter.write_text(
        "#!/bin/sh\n"
        # Lambda's code directory is read-only: nothing is compiled ahead there.
        f"PYTHONDONTWRITEBYTECODE=1 PYTHONPATH='{packages}' exec '{sys.executable}' -S -s \"$@\"\n"
    )
    interpreter.chmod(0o755)
    return interpreter


def _brought_by_lambda() -> set[Path]:
    sources = set()
    for name in BROUGHT_BY_LAMBDA:
        package = distribution(name)
        for file in package.files or []:
            top = file.parts[0]
            if top not in ("..", "__pycache__") and not top.endswith(".dist-info"):
                sources.add(Path(str(package.locate_file(top))))
    return sources


CLOUD = "cloud"
REKOGNITION = "rekognition"
_HERE = Path(__file__).parent
_GUARD = _HERE / "origin_guard.py"
# What of ours runs in MiniStack's process: when it changes, a MiniStack that runs is replaced.
_AROUND_MINISTACK = (_GUARD, _HERE / "ministack.py")


def cloud_service(environment: LocalEnvironment) -> services.BackgroundService:
    """Describe MiniStack. Functions inherit its environment, and so find their endpoints."""
    return services.BackgroundService(
        name=CLOUD,
        command=(
            sys.executable,
            "-m",
            "local.cloud.ministack",
            str(lambda_python(environment.lambda_python_directory)),
        ),
        environment={
            **AWS_VARIABLES,
            "GATEWAY_PORT": str(environment.cloud_port),
            "MINISTACK_REGION": REGION,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(environment.state_directory),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(environment.objects_directory),
            "TMPDIR": str(environment.scratch_directory),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "AWS_ENDPOINT_URL": environment.endpoint_url,
            "AWS_ENDPOINT_URL_REKOGNITION": environment.rekognition_url,
        },
        directory=environment.directory,
        port=environment.cloud_port,
        health_path="/_ministack/ready",
        version=f"{version('ministack')} {_source_digest(*_AROUND_MINISTACK)}",
    )


def rekognition_service(environment: LocalEnvironment) -> services.BackgroundService:
    """Describe the local Rekognition. It reads photos from MiniStack's S3."""
    return services.BackgroundService(
        name=REKOGNITION,
        command=(
            sys.executable, "-m", "local.rekognition", "--host", HOST,
            "--port", str(environment.rekognition_port), "--models", str(environment.models),
            "--s3-endpoint", environment.endpoint_url,
        ),
        environment=AWS_VARIABLES,
        directory=environment.directory,
        port=environment.rekognition_port,
        health_path="/health",
        version=_source_digest(_GUARD, *sorted((_HERE.parent / "rekognition").rglob("*"))),
    )  # fmt: skip


def make_room(environment: LocalEnvironment) -> list[str]:
    """Stop what is out of date, and see that what is to be started finds its port free.

    Returns the names of what was stopped. Raises LocalCloudError if another program has a port; then nothing
    was started.
    """
    stopped = []
    wanted = [(cloud_service(environment), stop_cloud)]
    if environment.other_rekognition_url is None:
        wanted.append((rekognition_service(environment), stop_rekognition))
    else:
        stop_rekognition(environment)
    for service, stop in wanted:
        if not services.is_running(service):
            if services.is_known(service.directory, service.name):
                stopped.append(service.name)
            stop(environment)
            services.require_port(service)
    return stopped


def start_cloud(environment: LocalEnvironment) -> bool:
    """Make MiniStack run, where there is room. Return whether it was started just now.

    What it saved on its last stop is used only if that stop was clean; after a `kill -9` it would be the
    state of an earlier day.
    """
    service = cloud_service(environment)
    make_lambda_python(environment.lambda_python_directory)
    environment.scratch_directory.mkdir(parents=True, exist_ok=True)
    if services.is_running(service):
        return False
    if not _clean_stop_mark(environment).exists():
        shutil.rmtree(environment.state_directory, ignore_errors=True)
    services.start(service)
    # From now on what was saved is old, and so is what was saved at other ports.
    for mark in _clean_stop_mark(environment).parent.glob("*.clean"):
        mark.unlink()
    return True


def stop_cloud(environment: LocalEnvironment) -> None:
    """Stop MiniStack and its functions, and mark the state that it saves as good."""
    if services.stop(environment.directory, CLOUD) and environment.state_directory.exists():
        _clean_stop_mark(environment).touch()
    shutil.rmtree(environment.scratch_directory, ignore_errors=True)


def start_rekognition(environment: LocalEnvironment) -> bool:
    """Make the local Rekognition run, where there is room. Return whether it was started just now."""
    service = rekognition_service(environment)
    if services.is_running(service):
        return False
    services.start(service)
    return True


def stop_rekognition(environment: LocalEnvironment) -> None:
    services.stop(environment.directory, REKOGNITION)


def _clean_stop_mark(environment: LocalEnvironment) -> Path:
    return environment.state_directory.with_suffix(".clean")


def _source_digest(*paths: Path) -> str:
    seen = hashlib.sha256()
    for path in paths:
        if path.is_file() and "__pycache__" not in path.parts:
            seen.update(path.read_bytes())
    return seen.hexdigest()
