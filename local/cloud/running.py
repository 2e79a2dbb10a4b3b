"""The local environment as one thing: MiniStack and the local Rekognition, brought up, found, taken down."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import distribution, version
from pathlib import Path

from rich.console import Console

from infra.bundles import BROUGHT_BY_LAMBDA
from local.cloud import deployment, services
from local.cloud.assembly import LOCAL_CONTEXT, synthesize
from local.cloud.deployment import lost_buckets, recover_objects
from local.cloud.environment import (
    HOST,
    REGION,
    LocalClients,
    LocalCloudError,
    LocalEnvironment,
    Outputs,
    on_ports,
    remembered,
)
from local.cloud.permissions import CALLS_FILE, ENFORCE
from local.cloud.services import AWS_VARIABLES
from local.cloud.stages import Stages


def bring_up(
    environment: LocalEnvironment, stages: Stages, context: Mapping[str, object] = LOCAL_CONTEXT
) -> Outputs:
    """Start what does not run, deploy what has changed, and write the outputs. Raises LocalCloudError.

    Safe to call at any time: what is in order is left alone, what was killed is started and deployed anew.
    """
    with stages.stage("synth", "synthesizing the CDK app") as stage:
        assembly, made = synthesize(context)
        stage.result = f"template {assembly.digest[:8]} {'made' if made else 'is up to date'}"
    with stages.stage("room", "stopping what is out of date") as stage:
        _leave_other_ports(environment)
        stopped = make_room(environment)
        stage.result = f"what was left of {' and '.join(stopped)} is out of the way" if stopped else ""
    environment.remember()
    if environment.other_rekognition_url is None:
        _start_rekognition(environment, stages)
    with stages.stage("cloud", f"starting MiniStack on {environment.endpoint_url}") as stage:
        started = start_cloud(environment)
        stage.result = f"MiniStack on {environment.endpoint_url}{'' if started else ', running already'}"
    clients = LocalClients(environment)
    with stages.stage("deploy", "deploying through CloudFormation") as stage:
        done, stack_outputs = deployment.deploy(clients, assembly)
        stage.result = f"stack {done}"
    outputs = Outputs.of(environment, stack_outputs)
    _recover(environment, clients, outputs, stages)
    outputs.write(environment)
    return outputs


def take_down(environment: LocalEnvironment) -> bool:
    """Stop everything that runs for this environment; what it holds is kept. Return whether anything ran."""
    names = (CLOUD, REKOGNITION)
    ran = any(services.is_known(environment.directory, name) for name in names)
    stop_cloud(environment)
    stop_rekognition(environment)
    return ran


@contextmanager
def running_environment(
    directory: Path, context: Mapping[str, object] = LOCAL_CONTEXT
) -> Iterator[tuple[LocalEnvironment, Outputs]]:
    """Run an environment of one's own while the block lasts, on two free ports."""
    environment = on_ports(LocalEnvironment(directory.resolve()), 0)
    with at_work(environment):
        try:
            yield environment, bring_up(environment, Stages(Console(stderr=True, quiet=True)), context)
        finally:
            take_down(environment)


@contextmanager
def at_work(environment: LocalEnvironment) -> Iterator[None]:
    """Keep other commands out of the environment meanwhile. Raises LocalCloudError if one is in."""
    environment.directory.mkdir(parents=True, exist_ok=True)
    with (environment.directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LocalCloudError(
                f"another make run or make stop is at work in {environment.directory}; "
                "wait for it, or end it with Ctrl-C"
            ) from error
        yield


def _leave_other_ports(environment: LocalEnvironment) -> None:
    before = remembered(environment.directory)
    if (before.cloud_port, before.rekognition_port) != (environment.cloud_port, environment.rekognition_port):
        take_down(before)


def _start_rekognition(environment: LocalEnvironment, stages: Stages) -> None:
    service, url = rekognition_service(environment), environment.rekognition_url
    runs = services.is_running(service)
    if not runs:
        with stages.stage("models", "obtaining the vision models") as stage:
            _download_models(environment)
            stage.result = f"vision models in {environment.models}"
    with stages.stage("recognizer", f"starting the local Rekognition on {url}") as stage:
        if not runs:
            services.start(service)
        stage.result = f"local Rekognition on {url}{', running already' if runs else ''}"


def _download_models(environment: LocalEnvironment) -> None:
    command = [sys.executable, "-m", "local.rekognition.download_models", "--into", str(environment.models)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if finished.returncode:
        said = [line for line in (finished.stderr + finished.stdout).splitlines() if line.strip()]
        raise LocalCloudError(
            f"the vision models were not obtained: {said[-1].strip() if said else 'no reason given'}"
        )


def _recover(environment: LocalEnvironment, clients: LocalClients, outputs: Outputs, stages: Stages) -> None:
    last = Outputs.read(environment)
    for lost in lost_buckets(clients, outputs.bucket, last.bucket if last else None):
        with stages.stage("recover", f"bringing photos back from {lost}") as stage:
            recovered = recover_objects(clients, lost, outputs.bucket)
            stage.result = f"{recovered.count} photos brought back from {lost}, to be recognized anew"
            stage.notes = [f"not brought back: {each.key}: {each.reason}" for each in recovered.left]


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
    interpreter = directory / "python"
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
_AROUND_MINISTACK = (_GUARD, *(_HERE / f"{name}.py" for name in ("ministack", "permissions", "vectors")))


def cloud_service(environment: LocalEnvironment) -> services.BackgroundService:
    """Describe MiniStack. Functions inherit its environment, and so find their endpoints."""
    return services.BackgroundService(
        name=CLOUD,
        command=(
            sys.executable,
            "-m",
            "local.cloud.ministack",
            str(environment.lambda_python_directory / "python"),
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
            "AUTH": _enforcing(),
            CALLS_FILE: str(environment.calls_file),
            "AWS_ENDPOINT_URL": environment.endpoint_url,
            "AWS_ENDPOINT_URL_REKOGNITION": environment.rekognition_url,
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": environment.rekognition_url,
        },
        directory=environment.directory,
        port=environment.cloud_port,
        health_path="/_ministack/ready",
        version=f"{version('ministack')} {_source_digest(*_AROUND_MINISTACK)} {_enforcing()}",
    )


def _enforcing() -> str:
    """Return whether functions may call only what their roles allow, as MiniStack's setting."""
    return "true" if os.environ.get(ENFORCE) else "false"


def rekognition_service(environment: LocalEnvironment) -> services.BackgroundService:
    """Describe the local Rekognition. It reads photos from MiniStack's S3."""
    return services.BackgroundService(
        name=REKOGNITION,
        command=(
            sys.executable, "-m", "local.rekognition", "--host", HOST,
            "--port", str(environment.rekognition_port), "--models", str(environment.models),
            "--s3-endpoint", environment.endpoint_url, "--sns-endpoint", environment.endpoint_url,
            "--collections", str(environment.collections_file),
        ),
        environment=AWS_VARIABLES,
        directory=environment.directory,
        port=environment.rekognition_port,
        health_path="/health",
        version=_source_digest(_GUARD, *sorted((_HERE.parent / "rekognition").rglob("*"))),
    )  # fmt: skip


def make_room(environment: LocalEnvironment) -> list[str]:
    """Stop what is out of date, and return its names. Raises LocalCloudError if another has a port."""
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
