"""The local environment as one thing: brought up, found in order, taken down."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from local.cloud import deployment, services, starting
from local.cloud.assembly import LOCAL_CONTEXT, synthesize
from local.cloud.clients import LocalClients
from local.cloud.deployment import lost_buckets, recover_objects
from local.cloud.environment import LocalCloudError, LocalEnvironment, Outputs, on_ports, remembered
from local.cloud.stages import Stages


def bring_up(
    environment: LocalEnvironment, stages: Stages, context: Mapping[str, object] = LOCAL_CONTEXT
) -> Outputs:
    """Start what does not run, deploy what has changed, and write the outputs. Raises LocalCloudError.

    `context` are the settings of the deployment.
    Safe to call at any time: what is in order is left alone, what was killed is started and deployed anew.
    """
    with stages.stage("synth", "synthesizing the CDK app") as stage:
        assembly, made = synthesize(context)
        stage.result = f"template {assembly.digest[:8]} {'made' if made else 'is up to date'}"
    with stages.stage("room", "stopping what is out of date") as stage:
        _leave_other_ports(environment)
        stopped = starting.make_room(environment)
        stage.result = f"what was left of {' and '.join(stopped)} is out of the way" if stopped else ""
    environment.remember()
    if environment.other_rekognition_url is None:
        _start_rekognition(environment, stages)
    with stages.stage("cloud", f"starting MiniStack on {environment.endpoint_url}") as stage:
        started = starting.start_cloud(environment)
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
    names = (starting.CLOUD, starting.REKOGNITION)
    ran = any(services.is_known(environment.directory, name) for name in names)
    starting.stop_cloud(environment)
    starting.stop_rekognition(environment)
    return ran


@contextmanager
def running_environment(directory: Path, *, port: int = 0) -> Iterator[tuple[LocalEnvironment, Outputs]]:
    """Run an environment of one's own while the block lasts: for tests, beside any other environment.

    `directory` is its state; port 0 takes two free ports. Raises LocalCloudError.
    """
    environment = on_ports(LocalEnvironment(directory.resolve()), port)
    with at_work(environment):
        try:
            yield environment, bring_up(environment, Stages(Console(stderr=True, quiet=True)))
        finally:
            take_down(environment)


@contextmanager
def at_work(environment: LocalEnvironment) -> Iterator[None]:
    """Keep other commands out of the same environment while this one works.

    Raises LocalCloudError if one is in.
    """
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
    if not services.is_running(starting.rekognition_service(environment)):
        with stages.stage("models", "obtaining the vision models") as stage:
            _download_models(environment)
            stage.result = f"vision models in {environment.models}"
    with stages.stage(
        "recognizer", f"starting the local Rekognition on {environment.rekognition_url}"
    ) as stage:
        started = starting.start_rekognition(environment)
        stage.result = (
            f"local Rekognition on {environment.rekognition_url}{'' if started else ', running already'}"
        )


def _download_models(environment: LocalEnvironment) -> None:
    command = [sys.executable, "-m", "local.rekognition.download_models", "--into", str(environment.models)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if finished.returncode:
        said = [line for line in (finished.stderr + finished.stdout).splitlines() if line.strip()]
        raise LocalCloudError(
            f"the vision models were not obtained: {said[-1].strip() if said else 'no reason given'}"
        )


def _recover(environment: LocalEnvironment, clients: LocalClients, outputs: Outputs, stages: Stages) -> None:
    """Bring back what is left in the buckets of stacks that were lost when MiniStack was killed."""
    last = Outputs.read(environment)
    for lost in lost_buckets(clients, outputs.bucket, last.bucket if last else None):
        with stages.stage("recover", f"bringing photos back from {lost}") as stage:
            recovered = recover_objects(clients, lost, outputs.bucket)
            stage.result = f"{recovered.count} photos brought back from {lost}, to be recognized anew"
            stage.notes = [f"not brought back: {each.key}: {each.reason}" for each in recovered.left]
