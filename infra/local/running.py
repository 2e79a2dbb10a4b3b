"""The local place as one thing: brought up, found in order, taken down."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from infra.local import deployment, parts, starting
from infra.local.assembly import LOCAL_CONTEXT, synthesize
from infra.local.clients import LocalClients
from infra.local.faults import LocalPlaceError
from infra.local.outputs import Outputs
from infra.local.place import Place, on_ports, remembered
from infra.local.recovering import lost_buckets, recover_objects
from infra.local.stages import Stages


def bring_up(place: Place, stages: Stages, context: Mapping[str, object] = LOCAL_CONTEXT) -> Outputs:
    """Start what does not run, deploy what has changed, and write the outputs. Raises LocalPlaceError.

    `context` are the settings of the deployment.
    Safe to call at any time: what is in order is left alone, what was killed is started and deployed anew.
    """
    with stages.stage("synth", "synthesizing the CDK app") as stage:
        assembly, made = synthesize(context)
        stage.result = f"template {assembly.digest[:8]} {'made' if made else 'is up to date'}"
    with stages.stage("room", "stopping what is out of date") as stage:
        _leave_other_ports(place)
        stopped = starting.make_room(place)
        stage.result = f"what was left of {' and '.join(stopped)} is out of the way" if stopped else ""
    place.remember()
    if place.other_rekognition_url is None:
        _start_rekognition(place, stages)
    with stages.stage("cloud", f"starting MiniStack on {place.endpoint_url}") as stage:
        started = starting.start_cloud(place)
        stage.result = f"MiniStack on {place.endpoint_url}{'' if started else ', running already'}"
    clients = LocalClients(place)
    with stages.stage("deploy", "deploying through CloudFormation") as stage:
        done, stack_outputs = deployment.deploy(clients, assembly)
        stage.result = f"stack {done}"
    outputs = Outputs.of(place, stack_outputs)
    _recover(place, clients, outputs, stages)
    outputs.write(place)
    return outputs


def take_down(place: Place) -> bool:
    """Stop everything that runs for this place; what it holds is kept. Say whether anything ran."""
    names = (starting.CLOUD, starting.REKOGNITION)
    ran = any(parts.is_known(place.directory, name) for name in names)
    starting.stop_cloud(place)
    starting.stop_rekognition(place)
    return ran


@contextmanager
def running_place(
    directory: Path, *, port: int = 0, models: Path | None = None
) -> Iterator[tuple[Place, Outputs]]:
    """Run a place of one's own while the block lasts: for tests, beside any other place.

    `directory` is its state; port 0 takes two free ports. Models come from the usual place unless given.
    Raises LocalPlaceError.
    """
    place = on_ports(Place(directory.resolve()), port)
    if models is not None:
        place = Place(place.directory, place.cloud_port, place.rekognition_port, models)
    with at_work(place):
        try:
            yield place, bring_up(place, Stages(Console(stderr=True, quiet=True)))
        finally:
            take_down(place)


@contextmanager
def at_work(place: Place) -> Iterator[None]:
    """Keep other commands out of the same place while this one works. Raises LocalPlaceError if one is in."""
    place.directory.mkdir(parents=True, exist_ok=True)
    with (place.directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            raise LocalPlaceError(
                f"another make run or make stop is at work in {place.directory}; "
                "wait for it, or end it with Ctrl-C"
            ) from fault
        yield


def _leave_other_ports(place: Place) -> None:
    before = remembered(place.directory)
    if (before.cloud_port, before.rekognition_port) != (place.cloud_port, place.rekognition_port):
        take_down(before)


def _start_rekognition(place: Place, stages: Stages) -> None:
    if not parts.is_running(starting.rekognition_part(place)):
        with stages.stage("models", "obtaining the vision models") as stage:
            _obtain_models(place)
            stage.result = f"vision models in {place.models}"
    with stages.stage("recognizer", f"starting the local Rekognition on {place.rekognition_url}") as stage:
        started = starting.start_rekognition(place)
        stage.result = f"local Rekognition on {place.rekognition_url}{'' if started else ', running already'}"


def _obtain_models(place: Place) -> None:
    command = [sys.executable, "-m", "infra.local.rekognition.obtain", "--into", str(place.models)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if finished.returncode:
        said = [line for line in (finished.stderr + finished.stdout).splitlines() if line.strip()]
        raise LocalPlaceError(
            f"the vision models were not obtained: {said[-1].strip() if said else 'no reason given'}"
        )


def _recover(place: Place, clients: LocalClients, outputs: Outputs, stages: Stages) -> None:
    """Bring back what is left in the buckets of stacks that were lost when MiniStack was killed."""
    last = Outputs.read(place)
    for lost in lost_buckets(clients, outputs.bucket, last.bucket if last else None):
        with stages.stage("recover", f"bringing photos back from {lost}") as stage:
            recovered = recover_objects(clients, lost, outputs.bucket)
            stage.result = f"{recovered.count} photos brought back from {lost}, to be recognized anew"
            stage.notes = [f"not brought back: {each.name}: {each.reason}" for each in recovered.not_taken]
