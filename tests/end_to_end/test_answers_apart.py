"""`share_answers=false` on the running stack: photos of the same bytes are asked about each by itself."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest

from contract.detectors import DEFAULT_DETECTORS
from contract.notifications import look_again
from loadtest.stack import Stack
from tests.end_to_end.conftest import Site


@pytest.fixture(scope="module")
def apart(site: Site) -> Iterator[Site]:
    """The site with the processor as the setting deploys it."""
    stack = Stack(asdict(site.running.outputs))
    processor = stack.functions()["processors"]

    def configure(**changes: str) -> None:
        stack.functions_client.update_function_configuration(
            FunctionName=processor.name, Environment={"Variables": {**processor.environment, **changes}}
        )

    configure(SHARE_ANSWERS="no")
    yield site
    configure()


def test_copies_are_paid_for_each_and_one_that_goes_takes_nothing_from_the_other(
    apart: Site, photos: Path
) -> None:
    cat = (photos / "cat.jpg").read_bytes() + b"of one's own"
    keys = ["apart/cat.jpg", "apart/copy of cat.jpg"]
    for key in keys:
        apart.put(key, cat)
    apart.completions(keys)

    records = [apart.record(key) for key in keys]
    assert records[0]["labels"] == records[1]["labels"] != []
    assert [apart.calls(key) for key in keys] == [len(DEFAULT_DETECTORS)] * 2

    apart.running.clients.s3.delete_object(Bucket=apart.bucket, Key=keys[0])
    apart.completions(keys[:1], status="deleted")

    assert apart.get("/images", key=keys[0])[0] == 404
    assert apart.record(keys[1])["labels"] == records[1]["labels"]
    assert apart.get("/images", key=keys[1], raw="true")[1]["labels"]["Labels"]


def test_a_version_that_is_told_of_again_is_paid_for_once(apart: Site, photos: Path) -> None:
    key, dog = "apart/dog.jpg", (photos / "dog.jpg").read_bytes() + b"of one's own"
    apart.put(key, dog)
    apart.completions([key])
    calls = apart.calls(key)

    apart.running.clients.sqs.send_message(
        QueueUrl=apart.running.outputs.queue_url,
        MessageBody=look_again(apart.bucket, [key], "2026-01-01T00:00:00.000Z"),
    )
    # The queue is empty again when what was put after it has been announced.
    apart.put(key, dog + b" overwritten")
    apart.completions([key])

    assert apart.calls(key) == calls + len(DEFAULT_DETECTORS)
