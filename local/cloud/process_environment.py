"""Environment variables of what runs here: little is taken over, so that it runs alike for everyone."""

from __future__ import annotations

import os

from local.cloud.environment import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY

_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")

AWS_VARIABLES = {
    "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
    "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    # File names are UTF-8, even where the person's locale says otherwise.
    "PYTHONUTF8": "1",
}


def inherited() -> dict[str, str]:
    """Return what every process needs of this environment: no AWS set-up, proxies or Python settings."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}
