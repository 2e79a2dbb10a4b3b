"""A service of the local environment: one background process, started, found again, healed, stopped."""

import hashlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from local.cloud import environment

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

AWS_VARIABLES = {
    "AWS_ACCESS_KEY_ID": environment.ACCESS_KEY_ID,
    "AWS_SECRET_ACCESS_KEY": environment.SECRET_ACCESS_KEY,
    "AWS_REGION": environment.REGION,
    "AWS_DEFAULT_REGION": environment.REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    # File names are UTF-8, even where the person's locale says otherwise.
    "PYTHONUTF8": "1",
}


def inherited() -> dict[str, str]:
    """Return what every process needs of this environment: no AWS set-up, proxies or Python settings."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


# Clocks of processes are read to a hundredth of a second.
_SAME_START_SECONDS = 1.0


@dataclass(frozen=True)
class PidFile:
    """What a pid file says of a process that leads a group of its own. `identity` names what it runs."""

    pid: int
    started_at: float
    identity: str

    @classmethod
    def of(cls, pid: int, identity: str) -> "PidFile":
        return cls(pid, psutil.Process(pid).create_time(), identity)

    def process(self) -> psutil.Process | None:
        """Return the process, if it is the same one and still runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started_at) < _SAME_START_SECONDS
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None

    def kill_group(self) -> None:
        """Kill what is left of the group that the process led. An older or other group is spared."""
        for process in psutil.process_iter():
            try:
                of_the_group = os.getpgid(process.pid) == self.pid
                if of_the_group and process.create_time() >= self.started_at - _SAME_START_SECONDS:
                    process.kill()
            except (ProcessLookupError, PermissionError, psutil.Error):
                continue

    def write(self, path: Path) -> None:
        environment.write_whole(path, json.dumps(asdict(self)))

    @classmethod
    def read(cls, path: Path) -> "PidFile | None":
        """Read a pid file; None if there is none that can be read."""
        try:
            return cls(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None


START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 20.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class BackgroundService:
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
        return self.directory / f"{self.name}.log"

    @property
    def identity(self) -> str:
        described = json.dumps([self.command, sorted(self.environment.items()), self.version])
        return hashlib.sha256(described.encode()).hexdigest()[:16]


def is_running(service: BackgroundService) -> bool:
    """Return whether this very service, in this configuration, runs and answers."""
    pid_file = PidFile.read(_pid_path(service.directory, service.name))
    return (
        pid_file is not None
        and pid_file.identity == service.identity
        and pid_file.process() is not None
        and _answers(service)
    )


def is_known(directory: Path, name: str) -> bool:
    """Return whether the service was started, and not stopped since."""
    return _pid_path(directory, name).exists()


def start(service: BackgroundService) -> None:
    """Start the service and wait until it answers. Raises LocalCloudError if it does not.

    What is left of it from before must have been stopped, and the port be free.
    """
    service.directory.mkdir(parents=True, exist_ok=True)
    if service.log.exists():
        service.log.replace(service.log.with_suffix(".log.before"))
    with service.log.open("ab") as log, interrupts_later():
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
            raise environment.LocalCloudError(
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
        with suppress(psutil.NoSuchProcess):
            process.terminate()
        gentle = _has_ended(pid_file)
        if not gentle:
            with suppress(psutil.NoSuchProcess):
                process.kill()
            if not _has_ended(pid_file):
                raise environment.LocalCloudError(
                    f"{name} (process {pid_file.pid}) cannot be stopped", exit_code=1
                )
    pid_file.kill_group()
    _pid_path(directory, name).unlink(missing_ok=True)
    return gentle


def require_port(service: BackgroundService) -> None:
    """See that the port is free. Raises LocalCloudError if another program listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((environment.HOST, service.port))
        except OSError as error:
            raise environment.LocalCloudError(
                f"port {service.port} (for {service.name}) is taken by another program; "
                "stop that, or choose two free ports in a row: make run PORT=5566"
            ) from error


def _answers(service: BackgroundService) -> bool:
    try:
        with environment.DIRECT.open(
            f"http://{environment.HOST}:{service.port}{service.health_path}", timeout=2
        ) as reply:
            return bool(reply.status == 200)  # noqa: PLR2004
    except OSError:
        return False


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
def interrupts_later() -> Iterator[None]:
    """Hold a Ctrl-C back until what is begun can be ended: until a started process has its pid file."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
