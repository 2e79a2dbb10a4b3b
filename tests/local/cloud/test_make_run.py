"""`make run` as a person runs it, on a folder as people have them, whatever becomes of its output."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from rich.console import Console

from contract.terminal import READER_LEFT
from infra.bundles import ROOT
from local.cloud.deployment import lost_buckets
from local.cloud.environment import ACCOUNT, LocalClients, remembered
from local.cloud.running import CLOUD, bring_up
from local.cloud.services import PidFile
from local.cloud.stages import Stages

CAT = ROOT / "images" / "cat.jpg"
CLEAR, REVERSED, TWO_LINES = "\x1b[2J.jpg", "\u202egpj.jpg", "two\nlines.jpg"
# What a terminal obeys: control characters but for the end of a line, and those that turn the direction.
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("albums") / "pics [2024]"
    folder.mkdir()
    for name in (CLEAR, REVERSED, TWO_LINES):
        shutil.copy(CAT, folder / name)
    (folder / "IMG.xmp").write_text("a sidecar")
    (folder / "gone.jpg").symlink_to("nowhere")
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.jpg")).write_bytes(b"photo")
    return folder


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A place that make run has started, and that is stopped at the end."""
    environment = tmp_path_factory.mktemp("run")
    yield environment
    subprocess.run(command("stop", environment), cwd=ROOT, check=True)


def command(name: str, directory: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "local", name, "--directory", str(directory), *arguments]


def run(
    directory: Path, album: Path, *, given: Mapping[str, str] | None = None, port: int | None = None
) -> subprocess.CompletedProcess[bytes]:
    port = port if port is not None or (directory / "place.json").exists() else 0
    ports = [] if port is None else [f"--port={port}"]
    return subprocess.run(
        command("run", directory, f"--images={album}", *ports),
        cwd=ROOT, env={**os.environ, **(given or {})}, capture_output=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def first(directory: Path, album: Path) -> subprocess.CompletedProcess[bytes]:
    return run(directory, album)


def test_it_takes_what_can_be_taken_and_says_what_cannot(first: subprocess.CompletedProcess[bytes]) -> None:
    said = first.stdout.decode()

    assert (first.returncode, first.stderr) == (0, b"")
    assert "3 photos of " in said
    assert "(3 uploaded now), 1 other files left out" in said
    assert "not taken: gone.jpg: a link that leads nowhere" in said
    assert "not taken: caf\\udce9.jpg: a name that is not UTF-8" in said
    assert "3 recognized, 0 rejected" in said


def test_no_name_is_obeyed_by_the_terminal_and_each_is_found(
    first: subprocess.CompletedProcess[bytes],
) -> None:
    said = first.stdout.decode()

    assert not OBEYED.search(said)
    for shown in ("\\x1b[2J.jpg", "\\u202egpj.jpg", "two\\nlines.jpg"):
        assert re.search(rf"^{re.escape(shown)} +Cat \d+", said, re.MULTILINE), "asked for by its whole key"


def test_the_lines_to_copy_work(directory: Path, first: subprocess.CompletedProcess[bytes]) -> None:
    said = first.stdout.decode()
    lines = [line.strip() for line in said.splitlines()]
    (one,) = (line for line in lines if line.startswith("curl") and "?key=" in line)
    (adding,) = (line for line in lines if " s3 sync FOLDER " in line)

    answer = json.loads(subprocess.run(["sh", "-c", one], capture_output=True, check=True).stdout)
    listed = adding.replace("s3 sync FOLDER", "s3 ls")
    keys = subprocess.run(["sh", "-c", listed], capture_output=True, check=True).stdout

    assert answer["status"] == "recognized"
    assert b"gpj.jpg" in keys


@pytest.mark.usefixtures("first")
def test_on_a_terminal_without_unicode_it_goes_on_and_uploads_nothing_again(
    directory: Path, album: Path
) -> None:
    finished = run(directory, album, given={"PYTHONIOENCODING": "ascii"})

    assert (finished.returncode, finished.stderr) == (0, b"")
    assert b"+ sync" in finished.stdout.replace(b"  ", b" ")
    assert b"(0 uploaded now)" in finished.stdout


@pytest.mark.usefixtures("first")
def test_with_its_output_closed_it_goes_on(directory: Path, album: Path) -> None:
    shutil.copy(CAT, album / "one more.jpg")
    closed = ["sh", "-c", 'exec "$@" >&-', "sh", *command("run", directory, f"--images={album}")]
    finished = subprocess.run(closed, cwd=ROOT, capture_output=True, check=False)

    assert (finished.returncode, finished.stderr) == (0, b"")
    assert "one more.jpg" in keys_of(LocalClients(remembered(directory)), bucket_of(directory))


@pytest.mark.usefixtures("first")
def test_when_nobody_reads_on_it_ends_in_silence(directory: Path, album: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    finished = subprocess.run(
        command("run", directory, f"--images={album}"),
        cwd=ROOT,
        stdout=write_end,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write_end)

    assert (finished.returncode, finished.stderr) == (READER_LEFT, b"")


@pytest.mark.usefixtures("first")
def test_a_folder_at_home(directory: Path, tmp_path: Path) -> None:
    """Not every shell expands IMAGES=~/photos, and the Makefile lets none."""
    finished = run(directory, Path("~/no photos"), given={"HOME": str(tmp_path)})

    assert finished.returncode == 2
    assert f"there is no folder {tmp_path}/no photos" in finished.stderr.decode()


def keys_of(clients: LocalClients, bucket: str) -> set[str]:
    pages = clients.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {entry["Key"] for page in pages for entry in page.get("Contents", [])}


def bucket_of(directory: Path) -> str:
    outputs: dict[str, str] = json.loads((directory / "outputs.json").read_text())
    return outputs["bucket"]


def kill(directory: Path) -> None:
    trace = PidFile.read(directory / f"{CLOUD}.pid.json")
    assert trace is not None
    process = trace.process()
    assert process is not None
    process.kill()
    process.wait(10)


@pytest.mark.usefixtures("first")
def test_after_a_kill_every_photo_that_can_be_comes_back_and_the_others_stay(
    directory: Path, album: Path
) -> None:
    """One that cannot be copied, and one whose key MiniStack's XML cannot hold, stand in nobody's way."""
    environment = remembered(directory)
    clients, bucket = LocalClients(environment), bucket_of(directory)
    photo = CAT.read_bytes()
    for key in ("control \x01.jpg", "damaged\x1b.jpg"):
        clients.s3.put_object(Bucket=bucket, Key=key, Body=photo)
    held = keys_of(clients, bucket)
    kill(directory)
    on_disk = environment.objects_directory / ACCOUNT / bucket / "damaged\x1b.jpg"
    aside = on_disk.rename(directory / "aside.jpg")
    on_disk.symlink_to("nowhere")

    elsewhere = run(directory, album, port=0)

    said = elsewhere.stdout.decode()
    assert (elsewhere.returncode, elsewhere.stderr) == (0, b"")
    assert f"{len(held) - 1} photos brought back from {bucket}" in said
    assert "not brought back: damaged\\x1b.jpg: " in said
    assert not OBEYED.search(said)
    now = LocalClients(remembered(directory))
    assert keys_of(now, bucket_of(directory)) == held - {"damaged\x1b.jpg"}
    body = now.s3.get_object(Bucket=bucket_of(directory), Key="control \x01.jpg")["Body"].read()
    assert body == photo

    kill(directory)
    on_disk.unlink()
    aside.rename(on_disk)
    outputs = bring_up(remembered(directory), Stages(Console(quiet=True)))

    assert keys_of(now, outputs.bucket) == held, "it was tried again, and nothing was lost"
    assert now.s3.get_object(Bucket=outputs.bucket, Key="damaged\x1b.jpg")["Body"].read() == photo
    assert lost_buckets(now, outputs.bucket, None) == []
