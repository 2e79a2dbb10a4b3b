"""Lines to paste into a shell: to ask the API, to add photos, to stop."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from infra.bundles import ROOT
from local.cloud.environment import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from local.cloud.outputs import Outputs
from local.demo.summary import Answer


def curl_lines(outputs: Outputs, answers: Sequence[Answer]) -> list[str]:
    """Three questions to the API that have answers: by label, one photo, and whether it works."""
    # One that shows how a key is written in a URL, if there is one.
    keys = sorted((answer.key for answer in answers), key=lambda key: quote(key, safe="") == key)
    key = keys[0] if keys else "photo.jpg"
    label = _frequent_label(answers)
    return [
        f"curl -s '{outputs.api_url}/images?label={quote(label)}&min_confidence=80&limit=10'",
        f"curl -s '{outputs.api_url}/images?key={quote(key, safe='')}'",
        f"curl -s '{outputs.api_url}/health'",
    ]


def sync_line(outputs: Outputs) -> str:
    """Return how to add photos, with all that the AWS CLI needs to know: version 2, or what is in .venv.

    Without `--endpoint-url` it would upload to AWS.
    """
    environment = (
        f"AWS_ACCESS_KEY_ID={ACCESS_KEY_ID} AWS_SECRET_ACCESS_KEY={SECRET_ACCESS_KEY} "
        f"AWS_DEFAULT_REGION={outputs.region}"
    )
    aws = "aws" if shutil.which("aws") else shlex.quote(str(ROOT / ".venv" / "bin" / "aws"))
    return f"{environment} {aws} s3 sync FOLDER s3://{outputs.bucket} --endpoint-url {outputs.endpoint_url}"


def _frequent_label(answers: Sequence[Answer]) -> str:
    counts: dict[str, int] = {}
    for answer in answers:
        for name, confidence in answer.labels.items():
            counts[name] = counts.get(name, 0) + (confidence >= 80)  # noqa: PLR2004
    return _best(counts) if counts else "Cat"


def _best(counts: Mapping[str, int]) -> str:
    return max(counts, key=lambda name: (counts[name], name))
