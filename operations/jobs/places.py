"""Where manifests come from and results go: S3, or this machine."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from operations.adapters.s3_objects import download, upload
from operations.planning import Place
from operations.terminal import OperatorError
from operations.wiring import DeployedPipeline


@contextmanager
def on_disk(manifest: str, pipeline: DeployedPipeline) -> Iterator[Path]:
    """Have a manifest as a file. Raise OperatorError."""
    if not manifest.startswith("s3://"):
        path = Path(manifest)
        if not path.is_file():
            raise OperatorError(f"there is no file {manifest}")
        yield path
        return
    place = Place.read(manifest)
    if not place.prefix:
        raise OperatorError(f"{manifest} names a bucket and no object in it")
    with tempfile.TemporaryDirectory(prefix="imagepipe-job-") as folder:
        path = Path(folder) / "manifest.jsonl"
        download(pipeline.any_bucket(place.bucket), place.prefix, path)
        yield path


def require_another_bucket(output: str, pipeline: DeployedPipeline) -> None:
    """Raise OperatorError if what is put there would be taken for a photo."""
    if not output.startswith("s3://"):
        return
    place = Place.read(output)
    ours, keys = pipeline.names.bucket, pipeline.names.keys
    if place.bucket == ours and keys.accepts(f"{place.prefix.rstrip('/')}/results.jsonl"):
        raise OperatorError(
            f"s3://{ours} is the bucket of the photos, and what is put there is taken for one; choose "
            "another bucket or a folder for --output"
        )


def put(written: Path, output: str, name: str, pipeline: DeployedPipeline) -> str:
    """Put a finished file in its place, and return where that is."""
    if output.startswith("s3://"):
        place = Place.read(output)
        prefix = f"{place.prefix.rstrip('/')}/" if place.prefix else ""
        upload(pipeline.any_bucket(place.bucket), written, f"{prefix}{name}")
        return f"s3://{place.bucket}/{prefix}{name}"
    target = Path(output) / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{target.name}.partial")
        shutil.copyfile(written, partial)
        partial.replace(target)
    except OSError as error:
        raise OperatorError(f"{target} cannot be written: {error.strerror or error}") from error
    return str(target)
