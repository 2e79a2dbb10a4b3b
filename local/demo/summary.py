"""The table at the end: what is in each photo, asked of the HTTP API as any client would."""

from __future__ import annotations

import json
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
from local.cloud.errors import LocalCloudError
from local.cloud.outputs import Outputs

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_QUESTIONS_AT_ONCE = 2
_NOT_FOUND = 404
_LABELS_SHOWN = 4
# More rows of a kind than this are not read by anyone.
MOST_ROWS = 100


@dataclass(frozen=True)
class Answer:
    """What the API says of one photo. `labels` are in percent; the surest first, then the most specific."""

    key: str
    status: str
    labels: Mapping[str, float]
    faces: int | None
    rejection: str


def ask(outputs: Outputs, keys: Sequence[str]) -> list[Answer]:
    """Ask the API for each photo. Raises LocalCloudError if it does not answer as it should."""
    with ThreadPoolExecutor(_QUESTIONS_AT_ONCE) as pool:
        return list(pool.map(lambda key: _ask_one(outputs, key), keys))


def page_url(outputs: Outputs) -> str:
    """Return where photos are looked at. It ends in a slash: all that the page loads is below it."""
    return f"{outputs.api_url}/"


def as_table(answers: Sequence[Answer]) -> Table:
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


def _ask_one(outputs: Outputs, key: str) -> Answer:
    # By parameter: MiniStack finds no route for a path with a line feed in it.
    url = f"{outputs.api_url}/images?key={quote(key, safe='')}"
    try:
        with _DIRECT.open(url, timeout=30) as reply:
            found: dict[str, Any] = json.load(reply)
    except urllib.error.HTTPError as fault:
        if fault.code == _NOT_FOUND:
            return Answer(key, "waiting", {}, None, "not recognized yet")
        raise LocalCloudError(
            f"the API answers {fault.code} at {url}: {fault.read()[:300]!r}", exit_code=1
        ) from fault
    rejection = found["rejection"]
    return Answer(
        key=key,
        status=found["status"],
        labels={label["name"]: label["confidence"] for label in sorted(found["labels"], key=_surest_first)},
        faces=found["faces"],
        rejection=f"{rejection['code']}: {rejection['message']}" if rejection else "",
    )


def _surest_first(label: Mapping[str, Any]) -> tuple[int, int]:
    return -round(label["confidence"]), -len(label.get("parents", []))
