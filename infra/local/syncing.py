"""Photos of a folder into the bucket, by the AWS command line, as anyone would do it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.local.faults import LocalPlaceError
from infra.local.outputs import Outputs
from infra.local.surroundings import AWS_VARIABLES, inherited

# Files named so are taken for photos, whatever they turn out to be.
PHOTO_SUFFIXES = (
    ".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpe", ".jpeg", ".jpg", ".png", ".tif", ".tiff",
    ".webp",
)  # fmt: skip


@dataclass(frozen=True)
class Folder:
    """The files of a folder and of those below it, as keys: paths relative to it, with slashes."""

    path: Path
    photos: tuple[str, ...]
    left_out: tuple[str, ...]


def look_into(path: Path) -> Folder:
    """List a folder. Raises LocalPlaceError if it is not there, or holds no photo."""
    if not path.is_dir():
        raise LocalPlaceError(f"there is no folder {path}; choose one with photos: make run IMAGES=folder")
    files = sorted(file for file in path.rglob("*") if file.is_file())
    keys = [file.relative_to(path).as_posix() for file in files]
    photos = tuple(key for key in keys if key.lower().endswith(PHOTO_SUFFIXES))
    if not photos:
        raise LocalPlaceError(
            f"the folder {path} holds no photo (nothing named {', '.join(PHOTO_SUFFIXES)}); "
            "choose another: make run IMAGES=folder"
        )
    return Folder(path, photos, tuple(key for key in keys if key not in set(photos)))


def sync(folder: Folder, outputs: Outputs) -> None:
    """Upload what is new or has changed. Raises LocalPlaceError with what the command line says."""
    command = [
        str(Path(sys.executable).with_name("aws")), "s3", "sync", str(folder.path), f"s3://{outputs.bucket}",
        "--endpoint-url", outputs.endpoint_url, "--only-show-errors", "--exclude", "*",
    ]  # fmt: skip
    for suffix in PHOTO_SUFFIXES:
        command += ["--include", f"*{_any_case(suffix)}"]
    finished = subprocess.run(  # noqa: S603
        command, env={**inherited(), **AWS_VARIABLES}, capture_output=True, text=True, check=False
    )
    if finished.returncode:
        said = finished.stderr.strip() or finished.stdout.strip()
        raise LocalPlaceError(f"aws s3 sync failed: {said[-2000:]}", exit_code=1)


def _any_case(suffix: str) -> str:
    """Write a suffix as a pattern: `.jpg` as `.[jJ][pP][gG]`."""
    return "".join(f"[{letter}{letter.upper()}]" if letter.isalpha() else letter for letter in suffix)
