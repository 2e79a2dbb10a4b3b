"""A part of the local place: one process in the background, started, found again, healed and stopped."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from infra.local.faults import LocalPlaceError
from infra.local.place import HOST

START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 20.0
_POLL_SECONDS = 0.05
# Loopback is never reached through a proxy.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Part:
    """What to run, and how to know that it works.

    `version` names the code that is run: a running part of another version, command or environment is
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
        """Name this configuration of this part."""
        described = json.dumps([self.command, sorted(self.environment.items()), self.version])
        return hashlib.sha256(described.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class _Trace:
    """What a pid file says. The start time tells the process from a later one with the same pid."""

    pid: int
    started_at: float
    identity: str


def is_running(part: Part) -> bool:
    """Say whether this very part, in this configuration, runs and answers."""
    trace = _read_trace(part.directory, part.name)
    return trace is not None and trace.identity == part.identity and _is_alive(trace) and _answers(part)


def start(part: Part) -> None:
    """Start the part and wait until it answers. Raises LocalPlaceError if it does not.

    What is left of it from before must have been stopped.
    """
    _require_port(part)
    part.directory.mkdir(parents=True, exist_ok=True)
    with part.log.open("ab") as log, _interrupts_later():
        process = subprocess.Popen(  # noqa: S603
            part.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=part.directory,
            env=dict(part.environment),
            start_new_session=True,
        )
        started_at = psutil.Process(process.pid).create_time()
        _write_trace(part.directory, part.name, _Trace(process.pid, started_at, part.identity))
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not _answers(part):
        if process.poll() is not None or time.monotonic() > deadline:
            stop(part.directory, part.name)
            raise LocalPlaceError(
                f"{part.name} did not start: {_last_line(part.log)} (see {part.log})", exit_code=1
            )
        time.sleep(_POLL_SECONDS)


def stop(directory: Path, name: str) -> bool:
    """Stop a part and everything that it started. Say whether it ended by itself when asked to.

    Does nothing, and says False, where it does not run.
    """
    trace = _read_trace(directory, name)
    if trace is None:
        return False
    gentle = False
    if _is_alive(trace):
        process = psutil.Process(trace.pid)
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_SECONDS)
            gentle = True
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_TIMEOUT_SECONDS)
    _kill_group(trace)
    _pid_file(directory, name).unlink(missing_ok=True)
    return gentle


def _kill_group(trace: _Trace) -> None:
    """Kill what is left of the process group that the part led."""
    for process in psutil.process_iter():
        try:
            if os.getpgid(process.pid) == trace.pid and process.create_time() >= trace.started_at - 1:
                process.kill()
        except (ProcessLookupError, PermissionError, psutil.Error):
            continue


def _require_port(part: Part) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, part.port))
        except OSError as fault:
            raise LocalPlaceError(
                f"port {part.port}, for {part.name}, is taken by another program; "
                "stop that, or choose two free ports in a row: make run PORT=5566"
            ) from fault


def _answers(part: Part) -> bool:
    try:
        with _DIRECT.open(f"http://{HOST}:{part.port}{part.health_path}", timeout=2) as reply:
            return bool(reply.status == 200)  # noqa: PLR2004
    except OSError:
        return False


def _is_alive(trace: _Trace) -> bool:
    try:
        process = psutil.Process(trace.pid)
        same = abs(process.create_time() - trace.started_at) < 1
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _pid_file(directory: Path, name: str) -> Path:
    return directory / f"{name}.pid.json"


def _read_trace(directory: Path, name: str) -> _Trace | None:
    try:
        return _Trace(**json.loads(_pid_file(directory, name).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def _write_trace(directory: Path, name: str, trace: _Trace) -> None:
    scratch = _pid_file(directory, name).with_suffix(".partial")
    scratch.write_text(json.dumps(trace.__dict__))
    scratch.replace(_pid_file(directory, name))


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
