"""Sessions for a cloud that runs on this machine: nothing of the person's AWS set-up has a say about it."""

import os

import boto3
import botocore.session

ACCESS_KEY_ID = "test"
SECRET_ACCESS_KEY = "test"  # noqa: S105 - the emulator takes any
_WITHOUT_FILES = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def local_session(region: str) -> boto3.Session:
    """Return a session for a region that the local cloud says it is."""
    return boto3.Session(
        ACCESS_KEY_ID,
        SECRET_ACCESS_KEY,
        region_name=region,
        botocore_session=botocore.session.Session(session_vars=_WITHOUT_FILES),
    )
