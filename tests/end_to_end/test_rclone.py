"""rclone brings photos from wherever they are to where they are recognized, as docs/local.md says."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from local.cloud.environment import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.end_to_end.conftest import Site
from tests.end_to_end.folders import fill, is_taken

pytestmark = [
    pytest.mark.nightly,
    pytest.mark.skipif(shutil.which("rclone") is None, reason="no rclone: apt-get install rclone"),
]


def copy(site: Site, folder: Path, prefix: str) -> str:
    """Copy a folder into the bucket; return rclone's log."""
    environment = {
        # rclone cannot do with a bundle of certificates that is named for AWS's own programs.
        **{name: value for name, value in os.environ.items() if name != "AWS_CA_BUNDLE"},
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        # A configuration of whoever runs this says nothing.
        "RCLONE_CONFIG": os.devnull,
    }
    command = [
        "rclone", "copy", str(folder), f":s3:{site.bucket}/{prefix}", "--verbose",
        "--s3-provider", "Other", "--s3-env-auth", "--s3-no-check-bucket",
        "--s3-endpoint", site.running.outputs.endpoint_url,
        # In two parts, as rclone sends what is larger than 200 MB.
        "--s3-upload-cutoff", "5Mi", "--s3-chunk-size", "5Mi",
    ]  # fmt: skip
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return finished.stderr


def test_a_copied_folder_is_recognized_and_not_sent_again(site: Site, photos: Path, tmp_path: Path) -> None:
    contents = fill(tmp_path, photos)

    first, again = copy(site, tmp_path, "rclone"), copy(site, tmp_path, "rclone")

    assert (first.count("Copied (new)"), again.count("Copied")) == (3, 0)
    is_taken(site, "rclone/", contents)
