"""Where the stack runs on this machine: a directory for its state, and two ports on loopback."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass, replace
from pathlib import Path

from infra.bundles import ROOT

HOST = "127.0.0.1"
REGION = "us-east-1"
# MiniStack takes any credentials. These belong to its account 000000000000.
ACCOUNT = "000000000000"
ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"  # noqa: S105
DEFAULT_CLOUD_PORT = 4566
DEFAULT_REKOGNITION_PORT = 4567


@dataclass(frozen=True)
class LocalEnvironment:
    """One local environment. Any number of them run side by side, each with its own directory and ports.

    Where `other_rekognition_url` is given, that Rekognition is asked, and none is started here.
    """

    directory: Path
    cloud_port: int = DEFAULT_CLOUD_PORT
    rekognition_port: int = DEFAULT_REKOGNITION_PORT
    models: Path = ROOT / ".local" / "models"
    other_rekognition_url: str | None = None

    @property
    def endpoint_url(self) -> str:
        """Where MiniStack answers for all services of AWS."""
        return f"http://{HOST}:{self.cloud_port}"

    @property
    def rekognition_url(self) -> str:
        """Where Rekognition answers: the local one, unless another was named."""
        return self.other_rekognition_url or f"http://{HOST}:{self.rekognition_port}"

    @property
    def outputs_file(self) -> Path:
        """Where the names and addresses of what was deployed are written."""
        return self.directory / "outputs.json"

    @property
    def cloud_log(self) -> Path:
        """What MiniStack says, and with it everything that the functions say."""
        return self.directory / "cloud.log"

    @property
    def objects_directory(self) -> Path:
        """Where MiniStack keeps the bytes of the buckets; they survive even a `kill -9`."""
        return self.directory / "cloud" / "objects"

    @property
    def state_directory(self) -> Path:
        """Where MiniStack leaves everything else on a clean stop. It names the ports, as does the state."""
        return self.directory / "cloud" / f"state-{self.cloud_port}-{self.rekognition_port}"

    @property
    def scratch_directory(self) -> Path:
        """Where the functions are unpacked."""
        return self.directory / "cloud" / "scratch"

    def remember(self) -> None:
        """Write the addresses down, so that the next command for this directory finds them."""
        ports = {
            "cloud_port": self.cloud_port,
            "rekognition_port": self.rekognition_port,
            "other_rekognition_url": self.other_rekognition_url,
        }
        self.directory.mkdir(parents=True, exist_ok=True)
        scratch = self.directory / "place.json.partial"
        scratch.write_text(json.dumps(ports))
        scratch.replace(self.directory / "place.json")


def remembered(directory: Path) -> LocalEnvironment:
    """Return the environment of a directory with the ports that it had last, or the usual ones."""
    try:
        ports = json.loads((directory / "place.json").read_text())
        return LocalEnvironment(
            directory.resolve(),
            int(ports["cloud_port"]),
            int(ports["rekognition_port"]),
            other_rekognition_url=ports.get("other_rekognition_url"),
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return LocalEnvironment(directory.resolve())


def on_ports(environment: LocalEnvironment, port: int | None) -> LocalEnvironment:
    """Return the environment at a chosen port, Rekognition on the next one; None leaves the ports alone.

    0 chooses two free ports.
    """
    if port is None:
        return environment
    if port == 0:
        cloud_port, rekognition_port = _free_ports()
        return replace(environment, cloud_port=cloud_port, rekognition_port=rekognition_port)
    return replace(environment, cloud_port=port, rekognition_port=port + 1)


def asking(environment: LocalEnvironment, rekognition_url: str | None) -> LocalEnvironment:
    """Return the environment with another Rekognition; None changes nothing, empty is the local one."""
    if rekognition_url is None:
        return environment
    return replace(environment, other_rekognition_url=rekognition_url.rstrip("/") or None)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind((HOST, 0))
        second.bind((HOST, 0))
        return first.getsockname()[1], second.getsockname()[1]
