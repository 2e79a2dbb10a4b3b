"""The code of each Lambda as a zip: its room, what it stands on, and locked packages for Lambda's Python."""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "lambda.txt"

# What Lambda's own Python has beside the standard library. It changes under a running function, so the zips
# bring what they use of it: botocore, private parts of which are overridden, and what it stands on.
BROUGHT_BY_LAMBDA = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
# Of botocore's 25 MB, nearly all describes services that are not called.
SERVICES = ("dynamodb", "rekognition", "s3", "sns", "sqs")
PLATFORM = "aarch64-manylinux2014"
PYTHON_VERSION = "3.13"
# `make lambda-python` puts one here.
FETCHED_PYTHONS = ROOT / "build" / "python"

# A zip member's time. Any fixed one makes equal input an equal zip; zip knows none earlier.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_KEPT_ZIPS = 8
_UNWANTED_FILES = {"RECORD", "INSTALLER", "REQUESTED", "WHEEL", ".lock", "examples-1.json"}
_OUR_FILES = {".py", ".html", ".css", ".js", ".svg"}
# Where Lambda unpacks the zip, for the paths in tracebacks.
_TASK_ROOT = "/var/task"
_TELL_VERSION = "import sys; print('{}.{}'.format(*sys.version_info))"


class BundleError(Exception):
    """The packages of a Lambda could not be installed. The message says why."""


@dataclass(frozen=True)
class Bundle:
    """The zip of one Lambda. `directory` keeps what was built, so that it is built once."""

    room: str
    directory: Path = ROOT / "build"

    def build(self) -> Path:
        """Make the zip, unless it is there already, and say where it is. Raises BundleError.

        Its name carries a digest of everything that goes into it.
        """
        ours = dict(_files_of_rooms(("contract", "aws", self.room)))
        zip_path = self.directory / f"{self.room}-{_digest(ours)}.zip"
        if not zip_path.exists():
            packages = _installed_packages(self.directory)
            _write_zip(zip_path, {**dict(_files_below(packages)), **_with_bytecode(ours, self.directory)})
            _remove_old_ones(self.directory, self.room)
        return zip_path


def _files_of_rooms(rooms: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*")):
            if path.is_file() and path.suffix in _OUR_FILES:
                yield path.relative_to(ROOT).as_posix(), path.read_bytes()


def _files_below(directory: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory)
        if path.is_file() and path.name not in _UNWANTED_FILES and _is_called(name.parts):
            yield name.as_posix(), path.read_bytes()


def _is_called(parts: tuple[str, ...]) -> bool:
    """Return whether a file of the packages is not botocore's description of a service that nobody calls."""
    is_described = parts[:2] == ("botocore", "data") and len(parts) > len(("botocore", "data", "a file"))
    return not is_described or parts[2] in SERVICES


def _with_bytecode(files: dict[str, bytes], directory: Path) -> dict[str, bytes]:
    python = find_python()
    if python is None:
        return files
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        for name, content in files.items():
            path = Path(scratch) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        compile_below(Path(scratch), python)
        return dict(_files_below(Path(scratch)))


def _sources() -> bytes:
    """Return what decides about the packages: their lock, how it is used, and whether they are compiled."""
    is_compiled = str(find_python() is not None).encode()
    return LOCK.read_bytes() + Path(__file__).read_bytes() + is_compiled


def _digest(files: dict[str, bytes]) -> str:
    seen = hashlib.sha256(_sources())
    for name, content in files.items():
        seen.update(f"\n{name} {len(content)}\n".encode())
        seen.update(content)
    return seen.hexdigest()[:16]


def _installed_packages(directory: Path) -> Path:
    """Install the locked packages for Lambda's Python and processor, whatever runs here."""
    from uv import find_uv_bin

    seen = hashlib.sha256(_sources()).hexdigest()[:16]
    target = directory / f"packages-{seen}"
    if target.exists():
        return target
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        installed = Path(scratch) / "packages"
        command = [
            find_uv_bin(), "pip", "install", "--quiet", "--target", str(installed),
            "--python-platform", PLATFORM, "--python-version", PYTHON_VERSION,
            "--only-binary", ":all:", "--require-hashes", "--no-deps", "--requirements", str(LOCK),
        ]  # fmt: skip
        finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if finished.returncode:
            said = finished.stderr.strip()
            raise BundleError(
                f"cannot install {LOCK.name} for Lambda (the first time needs the network): {said}"
            )
        if (python := find_python()) is not None:
            compile_below(installed, python)
        # Another process may have installed the same at the same time.
        if not target.exists():
            installed.rename(target)
    return target


def _remove_old_ones(directory: Path, room: str) -> None:
    by_age = sorted(directory.glob(f"{room}-*.zip"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in by_age[_KEPT_ZIPS:]:
        path.unlink(missing_ok=True)


def _write_zip(path: Path, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name_of_scratch = tempfile.mkstemp(dir=path.parent, suffix=".partial")
    os.close(handle)
    scratch = Path(name_of_scratch)
    with zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, files[name])
    scratch.replace(path)


@cache
def find_python() -> str | None:
    """Return a Python of Lambda's version, to make bytecode with; None if this machine has none.

    `/var/task` is read-only: without bytecode, each cold start compiles what it imports, for two fifths of
    its processor time.
    """
    name = f"python{PYTHON_VERSION}"
    fetched = sorted(FETCHED_PYTHONS.glob(f"*/bin/{name}"))
    for candidate in (sys.executable, name, *map(str, fetched)):
        try:
            told = subprocess.run(  # noqa: S603
                [candidate, "-c", _TELL_VERSION], capture_output=True, text=True, check=False
            ).stdout
        except OSError:
            continue
        if told.strip() == PYTHON_VERSION:
            return candidate
    return None


def compile_below(directory: Path, python: str) -> None:
    """Put bytecode beside all sources, to be taken without looking at them. Raises BundleError.

    The same sources give the same bytes wherever they lie, so that the zip is the same.
    """
    command = [python, "-S", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    where = ["-s", str(directory), "-p", _TASK_ROOT, str(directory)]
    environment = {"PATH": os.environ.get("PATH", ""), "PYTHONHASHSEED": "0"}
    try:
        subprocess.run([*command, *where], env=environment, check=True)  # noqa: S603
    except subprocess.CalledProcessError as error:
        raise BundleError(f"cannot compile what goes into a zip: {error}") from error
