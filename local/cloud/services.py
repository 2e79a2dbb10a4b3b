"""A service of the local environment: one background process, started, found again, healed, stopped."""

from __future__ import annotations

import hashlib
import json
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from local.cloud.environment import HOST
from local.cloud.errors import LocalCloudError
from local.cloud.pid_files import PidFile
from local.cloud.process_environment import inherited

START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 20.0
_POLL_SECONDS = 0.05
# Loopback is never reached through a proxy.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Service:
    """What to run, and how to know that it works.

    `version` names the code that is run: a running service of another version, command or environment is
    replaced. The process leads a group of its own, so a Ctrl-C at the terminal does not reach it, and what
    it leaves behind when it is killed can be found.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    port: int
    health_path: str
    version: str

    @property
    def log(self) -> Path:
        """Everything that the process writes."""
        return self.directory / f"{self.name}.log"

    @property
    def identity(self) -> str:
        """Name this configuration of this service."""
        described = json.dumps([self.command, sorted(self.environment.items()), self.version])
        return hashlib.sha256(described.encode()).hexdigest()[:16]


def is_running(service: Service) -> bool:
    """Tell whether this very service, in this configuration, runs and answers."""
    pid_file = PidFile.read(_pid_path(service.directory, service.name))
    return (
        pid_file is not None
        and pid_file.identity == service.identity
        and pid_file.process() is not None
        and _answers(service)
    )


def is_known(directory: Path, name: str) -> bool:
    """Tell whether the service was started, and not stopped since."""
    return _pid_path(directory, name).exists()


def start(service: Service) -> None:
    """Start the service and wait until it answers. Raises LocalCloudError if it does not.

    What is left of it from before must have been stopped, and the port be free.
    """
    service.directory.mkdir(parents=True, exist_ok=True)
    if service.log.exists():
        service.log.replace(service.log.with_suffix(".log.before"))
    with service.log.open("ab") as log, _interrupts_later():
        process = subprocess.Popen(  # noqa: S603
            service.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=service.directory,
            env={**inherited(), **service.environment},
            start_new_session=True,
        )
        PidFile.of(process.pid, service.identity).write(_pid_path(service.directory, service.name))
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not _answers(service):
        if process.poll() is not None or time.monotonic() > deadline:
            stop(service.directory, service.name)
            raise LocalCloudError(
                f"{service.name} did not start: {_last_line(service.log)} (see {service.log})", exit_code=1
            )
        time.sleep(_POLL_SECONDS)


def stop(directory: Path, name: str) -> bool:
    """Stop a service and everything that it started. Return whether it ended by itself when asked to.

    Does nothing, and returns False, where it does not run. Raises LocalCloudError if it cannot be stopped.
    """
    pid_file = PidFile.read(_pid_path(directory, name))
    if pid_file is None:
        return False
    gentle = False
    process = pid_file.process()
    if process is not None:
        _signal(process.terminate)
        gentle = _has_ended(pid_file)
        if not gentle:
            _signal(process.kill)
            if not _has_ended(pid_file):
                raise LocalCloudError(f"{name} (process {pid_file.pid}) cannot be stopped", exit_code=1)
    pid_file.kill_group()
    _pid_path(directory, name).unlink(missing_ok=True)
    return gentle


def require_port(service: Service) -> None:
    """See that the port is free. Raises LocalCloudError if another program listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, service.port))
        except OSError as fault:
            raise LocalCloudError(
                f"port {service.port} (for {service.name}) is taken by another program; "
                "stop that, or choose two free ports in a row: make run PORT=5566"
            ) from fault


def _answers(service: Service) -> bool:
    try:
        with _DIRECT.open(f"http://{HOST}:{service.port}{service.health_path}", timeout=2) as reply:
            return bool(reply.status == 200)  # noqa: PLR2004
    except OSError:
        return False


def _signal(send: Callable[[], None]) -> None:
    with suppress(psutil.NoSuchProcess):
        send()


def _has_ended(pid_file: PidFile) -> bool:
    """Wait for a process to end. One that nobody reaps, as in a container without an init, has ended too."""
    deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
    while pid_file.process() is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _pid_path(directory: Path, name: str) -> Path:
    return directory / f"{name}.pid.json"


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Hold a Ctrl-C back until a process that was started has its pid file."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
