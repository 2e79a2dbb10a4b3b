"""What a folder's list names is in the bucket afterwards, nothing else is, and nothing is sent twice."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.cloud.environment import LocalCloudError
from local.demo.folder import NotTaken, Uploaded, look_into, upload
from tests.conftest import RunningCloud
from tests.local.cloud.test_folder import not_as_root, touch


@pytest.fixture
def bucket(running: RunningCloud, request: pytest.FixtureRequest) -> str:
    """A bucket that nothing is recognized from."""
    name = f"uploads-{time.monotonic_ns()}"
    running.clients.s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def album() -> Iterator[Path]:
    """A folder that everybody may enter, unlike tmp_path."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def uploaded(running: RunningCloud, path: Path, bucket: str) -> Uploaded:
    return upload(look_into(path), running.clients, bucket)


def contents(running: RunningCloud, bucket: str) -> dict[str, bytes]:
    s3 = running.clients.s3
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def test_exactly_the_photos_are_uploaded_whatever_the_names_are(
    running: RunningCloud, bucket: str, tmp_path: Path
) -> None:
    folder = tmp_path / "pics [2024]"
    names = (
        "a.jpg",
        "[b]/c*.JPG",
        "new\nline.png",
        "\x1b[2J.jpg",
        "\u202egpj.jpg",
        "100%25 + é.jpg",
        "\x01.jpg",
    )
    for name in names:
        touch(folder / name)
    for name in ("a.xmp", "a.mov", ".DS_Store", "[b]/c.txt"):
        touch(folder / name)
    (folder / "gone.jpg").symlink_to("nowhere")
    (folder / "linked.jpg").symlink_to("a.jpg")

    assert uploaded(running, folder, bucket) == Uploaded(8, ())
    assert contents(running, bucket) == dict.fromkeys([*names, "linked.jpg"], b"photo")


def test_what_is_there_already_is_not_sent_again(running: RunningCloud, bucket: str, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg", "d.jpg"):
        touch(tmp_path / name)
        os.utime(tmp_path / name, (0, 0))
    (tmp_path / "large.jpg").write_bytes(os.urandom(9_000_000))  # in two parts, so its ETag is no MD5
    os.utime(tmp_path / "large.jpg", (0, 0))

    assert uploaded(running, tmp_path, bucket).count == 5
    assert uploaded(running, tmp_path, bucket).count == 0
    touch(tmp_path / "a.jpg")  # the same bytes, at a later time
    assert uploaded(running, tmp_path, bucket).count == 0
    (tmp_path / "b.jpg").write_bytes(b"PHOTO")  # as many bytes, at a later time
    (tmp_path / "c.jpg").write_bytes(b"another photo")
    os.utime(tmp_path / "c.jpg", (0, 0))  # more bytes, as cp -p leaves them
    assert uploaded(running, tmp_path, bucket).count == 2
    there = contents(running, bucket)
    assert (there["b.jpg"], there["c.jpg"], there["d.jpg"]) == (b"PHOTO", b"another photo", b"photo")


def test_a_photo_is_served_as_what_it_is(running: RunningCloud, bucket: str, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.PNG", "c.webp"):
        touch(tmp_path / name)
    uploaded(running, tmp_path, bucket)

    records = [running.clients.s3.head_object(Bucket=bucket, Key=key) for key in ("a.jpg", "b.PNG", "c.webp")]
    assert [record["ContentType"] for record in records] == ["image/jpeg", "image/png", "image/webp"]


def test_what_cannot_be_read_is_named_and_the_rest_is_uploaded(
    running: RunningCloud, bucket: str, album: Path
) -> None:
    for name in ("a.jpg", "b.jpg", "closed.jpg", "gone.jpg"):
        touch(album / name)
    (album / "closed.jpg").chmod(0)
    folder = look_into(album)
    (album / "gone.jpg").unlink()

    with not_as_root():
        found = upload(folder, running.clients, bucket)

    assert found.count == 2
    assert set(found.not_taken) == {
        NotTaken("closed.jpg", "Permission denied"),
        NotTaken("gone.jpg", "No such file or directory"),
    }
    assert set(contents(running, bucket)) == {"a.jpg", "b.jpg"}


def test_where_nothing_can_be_uploaded_it_says_why(
    running: RunningCloud, tmp_path: Path, bucket: str
) -> None:
    touch(tmp_path / "a.jpg")
    folder = look_into(tmp_path)
    (tmp_path / "a.jpg").unlink()

    with pytest.raises(
        LocalCloudError, match=r"no photo could be uploaded; a.jpg: No such file or directory"
    ):
        upload(folder, running.clients, bucket)
