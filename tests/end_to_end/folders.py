"""A folder such as people copy to the bucket, by whatever program."""

from collections.abc import Mapping
from pathlib import Path

from tests.end_to_end.conftest import Site
from tests.end_to_end.test_bad_input import big_jpeg


def fill(folder: Path, photos: Path) -> Mapping[str, bytes]:
    """Write photos with names that programs escape, one of them large enough to be sent in two parts."""
    contents = {
        "a cat+dog 100%.jpg": (photos / "cat.jpg").read_bytes(),
        "é [1]/😀.jpg": (photos / "dog.jpg").read_bytes(),
        "in two parts.jpg": big_jpeg(9_000_000),
    }
    for name, body in contents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(body)
    return contents


def is_taken(site: Site, prefix: str, contents: Mapping[str, bytes]) -> None:
    """Assert that all of a folder is in the bucket, byte for byte, and recognized."""
    announced = site.completions([prefix + name for name in contents])
    assert {each["status"] for each in announced.values()} == {"recognized"}
    for name, body in contents.items():
        kept = site.running.clients.s3.get_object(Bucket=site.bucket, Key=prefix + name)["Body"].read()
        assert kept == body
