"""Both versions of the AWS CLI bring photos to where they are recognized; version 1 is in maintenance mode.

https://aws.amazon.com/blogs/developer/cli-v1-maintenance-mode-announcement/
"""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.bundles import ROOT
from tests.end_to_end.conftest import Site
from tests.end_to_end.folders import fill, is_taken

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

# CRC-64/NVME of this, as https://reveng.sourceforge.io/crc-catalogue/17plus.htm has it.
CHECKED, CRC64NVME = b"123456789", "rosUhgp5mIg="
CHECKSUM = "x-amz-checksum-crc64nvme"
SIGNED_AS = (
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
)


def version_2() -> Path | None:
    """Find an AWS CLI of version 2 on this machine."""
    for folder in (*os.get_exec_path(), "/usr/local/bin", "/usr/bin"):
        found = shutil.which("aws", path=folder)
        if found is None:
            continue
        said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
        if said.startswith("aws-cli/2."):
            return Path(found)
    return None


@pytest.fixture(params=[1, 2], ids=["version 1", "version 2"])
def program(request: pytest.FixtureRequest) -> Path:
    found = ROOT / ".venv/bin/aws" if request.param == 1 else version_2()
    if found is None:
        pytest.skip("no AWS CLI of version 2 is installed: apt-get install awscli")
    return found


def test_a_synced_folder_is_recognized_and_not_sent_again(
    site: Site, photos: Path, tmp_path: Path, program: Path, request: pytest.FixtureRequest
) -> None:
    prefix = f"cli {request.node.callspec.id}/"
    contents = fill(tmp_path, photos)
    sync = ("s3", "sync", str(tmp_path), f"s3://{site.bucket}/{prefix}", "--no-progress")

    first, again = site.aws(*sync, program=program), site.aws(*sync, program=program)

    assert (first.count("upload: "), again) == (3, "")
    is_taken(site, prefix, contents)


@pytest.mark.parametrize("place", ["header", "trailer"])
def test_the_checksums_that_newer_versions_send_are_taken(site: Site, place: str) -> None:
    """Since 2.23 version 2 sends CRC-64/NVME, which boto3 alone cannot compute; over TLS it is a trailer.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-dataintegrity.html
    """
    key, body, sent = f"checked-{place}.bin", CHECKED, {CHECKSUM: CRC64NVME}
    if place == "trailer":
        body = b"9\r\n%s\r\n0\r\n%s:%s\r\n\r\n" % (CHECKED, CHECKSUM.encode(), CRC64NVME.encode())
        sent = {
            "Content-Encoding": "aws-chunked",
            "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "x-amz-decoded-content-length": str(len(CHECKED)),
            "x-amz-trailer": CHECKSUM,
        }

    assert put(site, key, body, sent) == 200
    kept = site.running.clients.s3.get_object(Bucket=site.bucket, Key=key)
    assert kept["Body"].read() == CHECKED
    assert "aws-chunked" not in kept.get("ContentEncoding", "")


def test_a_file_in_parts_with_such_checksums_is_taken(site: Site) -> None:
    s3, bucket, key = site.running.clients.s3, site.bucket, "checked-parts.bin"
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key=key, ChecksumAlgorithm="CRC64NVME")["UploadId"]
    part = s3.upload_part(
        Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=1, Body=CHECKED, ChecksumCRC64NVME=CRC64NVME
    )
    parts: list[CompletedPartTypeDef] = [
        {"PartNumber": 1, "ETag": part["ETag"], "ChecksumCRC64NVME": CRC64NVME}
    ]
    s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts})

    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == CHECKED


def put(site: Site, key: str, body: bytes, headers: dict[str, str]) -> int:
    address = site.running.outputs.endpoint_url.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.request("PUT", f"/{site.bucket}/{key}", body, {"Authorization": SIGNED_AS, **headers})
        return connection.getresponse().status
    finally:
        connection.close()
