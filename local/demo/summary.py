"""What is shown at the end: what is in each photo, asked of the HTTP API, and lines to paste into a shell."""

from __future__ import annotations

import json
import shlex
import shutil
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from rich.markup import escape
from rich.table import Table

from contract.terminal import printable
from infra.bundles import ROOT
from local.cloud.environment import ACCESS_KEY_ID, DIRECT, SECRET_ACCESS_KEY, Outputs
from local.cloud.errors import LocalCloudError

_QUESTIONS_AT_ONCE = 2
_NOT_FOUND = 404
_LABELS_SHOWN = 4
# More rows of a kind than this are not read by anyone.
MOST_ROWS = 100


@dataclass(frozen=True)
class PhotoAnswer:
    """What the API says of one photo. `labels` are in percent; the surest first, then the most specific."""

    key: str
    status: str
    labels: Mapping[str, float]
    faces: int | None
    rejection: str


def ask(outputs: Outputs, keys: Sequence[str]) -> list[PhotoAnswer]:
    """Ask the API for each photo. Raises LocalCloudError if it does not answer as it should."""
    with ThreadPoolExecutor(_QUESTIONS_AT_ONCE) as pool:
        return list(pool.map(lambda key: _ask_one(outputs, key), keys))


def page_url(outputs: Outputs) -> str:
    """Return where photos are looked at. It ends in a slash: all that the page loads is below it."""
    return f"{outputs.api_url}/"


def as_table(answers: Sequence[PhotoAnswer]) -> Table:
    """Lay the answers out: file, labels with confidence, faces."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("File", overflow="fold")
    table.add_column("Labels")
    table.add_column("Faces", justify="right")
    for answer in answers:
        surest = list(answer.labels.items())[:_LABELS_SHOWN]
        labels = ", ".join(
            f"{escape(printable(name))} [dim]{confidence:.0f}[/]" for name, confidence in surest
        )
        if answer.status != "recognized":
            labels = f"[red]{escape(answer.status)}[/] {escape(printable(answer.rejection))}"
        table.add_row(
            escape(printable(answer.key)),
            labels or "[dim]nothing[/]",
            "" if answer.faces is None else str(answer.faces),
        )
    return table


def _ask_one(outputs: Outputs, key: str) -> PhotoAnswer:
    # By parameter: MiniStack finds no route for a path with a line feed in it.
    url = f"{outputs.api_url}/images?key={quote(key, safe='')}"
    try:
        with DIRECT.open(url, timeout=30) as reply:
            found: dict[str, Any] = json.load(reply)
    except urllib.error.HTTPError as error:
        if error.code == _NOT_FOUND:
            return PhotoAnswer(key, "waiting", {}, None, "not recognized yet")
        raise LocalCloudError(
            f"the API answers {error.code} at {url}: {error.read()[:300]!r}", exit_code=1
        ) from error
    rejection = found["rejection"]
    return PhotoAnswer(
        key=key,
        status=found["status"],
        labels={label["name"]: label["confidence"] for label in sorted(found["labels"], key=_surest_first)},
        faces=found["faces"],
        rejection=f"{rejection['code']}: {rejection['message']}" if rejection else "",
    )


def _surest_first(label: Mapping[str, Any]) -> tuple[int, int]:
    return -round(label["confidence"]), -len(label.get("parents", []))


def curl_lines(outputs: Outputs, answers: Sequence[PhotoAnswer]) -> list[str]:
    """Return three questions to the API that have answers: by label, one photo, and whether it works."""
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


def _frequent_label(answers: Sequence[PhotoAnswer]) -> str:
    counts: dict[str, int] = {}
    for answer in answers:
        for name, confidence in answer.labels.items():
            counts[name] = counts.get(name, 0) + (confidence >= 80)  # noqa: PLR2004
    return _best(counts) if counts else "Cat"


def _best(counts: Mapping[str, int]) -> str:
    return max(counts, key=lambda name: (counts[name], name))
