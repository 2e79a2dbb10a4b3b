"""What of a folder is a photo, what is left out, and what cannot be taken and why."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.bundles import ROOT
from local.cloud.environment import LocalCloudError
from local.demo.folder import NotTaken, look_into

NOBODY = 65534


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"photo")
    return path


def keys(path: Path) -> list[str]:
    return look_into(path).keys


def reasons(path: Path) -> dict[str, str]:
    """Put a photo beside what is looked at, and return why the rest is not taken."""
    touch(path / "photo.jpg")
    folder = look_into(path)
    assert folder.keys == ["photo.jpg"]
    return {each.name: each.reason for each in folder.not_taken}


@contextmanager
def not_as_root() -> Iterator[None]:
    """Root may read everything; while the block lasts, be nobody in particular."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(before)


def test_an_absent_folder(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"there is no folder .*No such file.*make run IMAGES=folder"):
        look_into(tmp_path / "nowhere")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(LocalCloudError, match=r"there is no folder .*Not a directory"):
        look_into(touch(tmp_path / "photo.jpg"))


def test_a_folder_without_photos(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no photo")
    with pytest.raises(LocalCloudError, match="holds no photo"):
        look_into(tmp_path)


def test_a_folder_whose_photos_cannot_be_taken_says_why(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to("nowhere")
    with pytest.raises(LocalCloudError, match=r"holds no photo .*gone.jpg: a link that leads nowhere"):
        look_into(tmp_path)


def test_photos_are_found_by_name_in_every_folder_and_the_rest_is_left_out(tmp_path: Path) -> None:
    for name in ("a.jpg", "B.JPEG", "below/and/c.HeIc", "d.webp"):
        touch(tmp_path / name)
    for name in (".DS_Store", "IMG_1.xmp", "IMG_1.mov", "below/notes.txt", "jpg"):
        touch(tmp_path / name)

    folder = look_into(tmp_path)

    assert folder.keys == ["B.JPEG", "a.jpg", "below/and/c.HeIc", "d.webp"]
    assert folder.left_out == (".DS_Store", "IMG_1.mov", "IMG_1.xmp", "below/notes.txt", "jpg")
    assert folder.not_taken == ()


@pytest.mark.parametrize(
    "name", ["pics [2024]", "*", "?", "[a-z]", "a[!b]{c,d}", "~", "$HOME", "new\nline", "\x1b[2J"]
)
def test_no_character_of_a_name_has_a_meaning(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name / name
    touch(folder / f"{name}.jpg")
    touch(folder / f"{name}.xmp")

    assert keys(tmp_path / name) == [f"{name}/{name}.jpg"]


def test_links_are_followed(tmp_path: Path) -> None:
    touch(tmp_path / "elsewhere" / "a.jpg")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "folder").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "here" / "file.jpg").symlink_to(tmp_path / "elsewhere" / "a.jpg")
    (tmp_path / "here" / "again").symlink_to("folder")

    assert keys(tmp_path / "here") == ["again/a.jpg", "file.jpg", "folder/a.jpg"]


def test_a_link_that_leads_back_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "up").symlink_to(tmp_path)
    (tmp_path / "here").symlink_to(".")

    back = "a link back to a folder that it is in"
    assert reasons(tmp_path) == {"below/up": back, "here": back}


def test_links_that_lead_nowhere_and_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to("nowhere")
    (tmp_path / "one.jpg").symlink_to("two.jpg")
    (tmp_path / "two.jpg").symlink_to("one.jpg")

    circle = "a link that leads in a circle"
    assert reasons(tmp_path) == {
        "gone.jpg": "a link that leads nowhere",
        "one.jpg": circle,
        "two.jpg": circle,
    }


def test_what_is_no_file_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "null.jpg").symlink_to(os.devnull)
    monkeypatch.chdir(tmp_path)  # a socket's address is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.jpg")

        assert reasons(tmp_path) == {"pipe.jpg": "a pipe", "null.jpg": "a device", "socket.jpg": "a socket"}


def test_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    touch(Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg")))
    touch(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff/below.jpg")))

    found = reasons(tmp_path)

    assert {os.fsencode(name) for name in found} == {b"caf\xe9.jpg", b"\xff"}
    assert set(found.values()) == {"a name that is not UTF-8, as a key in S3 must be"}


def test_a_key_is_utf_8_whatever_the_locale_takes_names_for(tmp_path: Path) -> None:
    touch(tmp_path / "é.jpg")
    program = (
        "from pathlib import Path\n"
        "from local.demo.folder import look_into\n"
        f"print(ascii(look_into(Path({str(tmp_path)!r})).keys))"
    )
    locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}

    said = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **locale},
        capture_output=True,
        check=True,
    )

    assert said.stdout == b"['\\xe9.jpg']\n"


def test_a_path_longer_than_a_key_may_be(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(4):
        folder /= "d" * 250
    touch(folder / ("n" * 16 + ".jpg"))
    touch(folder / ("n" * 17 + ".jpg"))

    found = look_into(tmp_path)

    assert [len(key) for key in found.keys] == [1024]
    assert [each.reason for each in found.not_taken] == ["longer than the 1,024 bytes that S3 takes as a key"]


def test_a_folder_that_may_not_be_read() -> None:
    # Not tmp_path, which is root's alone.
    path = Path(tempfile.mkdtemp())
    try:
        touch(path / "a.jpg")
        closed = path / "closed"
        touch(closed / "b.jpg")
        path.chmod(0o755)
        closed.chmod(0)
        with not_as_root():
            assert look_into(path).not_taken == (NotTaken("closed/", "Permission denied"),)
            with pytest.raises(LocalCloudError, match="Permission denied"):
                look_into(closed)
    finally:
        closed.chmod(0o700)
        shutil.rmtree(path)
