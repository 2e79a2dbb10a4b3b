"""The bucket gives pieces of an object: of the one that is there now, and of one version."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningCloud

CONTENT = bytes(range(200))


@pytest.fixture(params=["current", "version"])
def which(running: RunningCloud, request: pytest.FixtureRequest) -> Mapping[str, Any]:
    place = {"Bucket": running.outputs.bucket, "Key": f"pieces/{uuid4().hex}"}
    put = running.clients.s3.put_object(
        Bucket=place["Bucket"], Key=place["Key"], Body=CONTENT, ChecksumAlgorithm="SHA256"
    )
    return place if request.param == "current" else {**place, "VersionId": put["VersionId"]}


@pytest.mark.parametrize(
    ("asked", "first", "end"), [("bytes=0-9", 0, 10), ("bytes=190-500", 190, 200), ("bytes=-5", 195, 200)]
)
def test_a_piece_comes_alone_and_says_of_how_much(
    running: RunningCloud, which: Mapping[str, Any], asked: str, first: int, end: int
) -> None:
    found = running.clients.s3.get_object(**which, Range=asked, ChecksumMode="ENABLED")

    assert found["Body"].read() == CONTENT[first:end]
    assert found["ContentRange"] == f"bytes {first}-{end - 1}/200"
    assert found["ContentLength"] == end - first
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_what_is_behind_the_end_is_refused(running: RunningCloud, which: Mapping[str, Any]) -> None:
    with pytest.raises(ClientError, match="InvalidRange"):
        running.clients.s3.get_object(**which, Range="bytes=200-")


def test_without_a_range_all_of_it_comes(running: RunningCloud, which: Mapping[str, Any]) -> None:
    assert running.clients.s3.get_object(**which)["Body"].read() == CONTENT
