"""From a folder to a table: upload, follow, ask the HTTP API, show, with lines to paste into a shell."""

import json
import shlex
import shutil
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from contract.records import Status
from contract.terminal import printable
from infra.bundles import ROOT
from local.cloud.environment import (
    ACCESS_KEY_ID,
    DIRECT,
    SECRET_ACCESS_KEY,
    LocalClients,
    LocalCloudError,
    LocalEnvironment,
    Outputs,
)
from local.cloud.stages import Stages
from local.demo.draining import Drained, FunctionLog, current_etags, drain
from local.demo.folder import Folder, upload


@dataclass(frozen=True)
class Recognition:
    """Puts a folder through a running environment, telling on a console what happens."""

    environment: LocalEnvironment
    outputs: Outputs
    stages: Stages
    console: Console

    def run(self, folder: Folder) -> None:
        """Upload the folder, wait for its photos, and show what is in them. Raises LocalCloudError."""
        function_log = FunctionLog.from_now_on(self.environment.cloud_log)
        clients = LocalClients(self.environment)
        with self.stages.stage("sync", f"uploading {folder.path}") as stage:
            uploaded = upload(folder, clients, self.outputs.bucket)
            there = len(folder.photos) - len(uploaded.not_taken)
            left_out = f", {len(folder.left_out)} other files left out" if folder.left_out else ""
            stage.result = (
                f"{there} photos of {folder.path} are in s3://{self.outputs.bucket} "
                f"({uploaded.count} uploaded now){left_out}"
            )
            not_taken = (*folder.not_taken, *uploaded.not_taken)
            stage.notes = [f"not taken: {each.name}: {each.reason}" for each in not_taken]
        drained = self._follow(clients, folder, function_log)
        if drained.waiting:
            raise LocalCloudError(_why_waiting(drained, function_log), exit_code=1)
        with self.stages.stage("answers", "asking the API") as stage:
            answers = ask(self.outputs, _worth_showing(drained.statuses))
            stage.result = f"asked the API about {len(answers)} of them"
        self._show(answers, drained.statuses)
        self._show_dead_letters(drained)
        self._show_what_next(answers)

    def _follow(self, clients: LocalClients, folder: Folder, function_log: FunctionLog) -> Drained:
        begun = time.monotonic()
        etags = current_etags(clients, self.outputs, folder.keys)
        columns = (TextColumn("  recognizing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        shown = self.console.is_terminal
        with Progress(*columns, console=self.console, transient=True, disable=not shown) as progress:
            task = progress.add_task("", total=len(etags))
            drained = drain(
                clients,
                self.outputs,
                etags,
                ended=lambda count: progress.update(task, completed=count),
                in_trouble=lambda: bool(function_log.last_errors()),
            )
        ended = len(etags) - len(drained.waiting)
        self.stages.done("recognize", f"{ended} of {len(etags)} photos have ended", time.monotonic() - begun)
        return drained

    def _show(self, answers: "Sequence[PhotoAnswer]", statuses: Mapping[str, Status]) -> None:
        self.console.print()
        self.console.print(as_table(answers))
        if len(statuses) > len(answers):
            self.console.print(f"… and {len(statuses) - len(answers)} more")
        counts = Counter(statuses.values())
        self.console.print(
            f"\n{counts[Status.RECOGNIZED]} recognized, {counts[Status.REJECTED]} rejected", highlight=False
        )

    def _show_dead_letters(self, drained: Drained) -> None:
        if drained.dead:
            self.console.print(f"[red]{len(drained.dead)} dead letters[/], of these photos:")
        for letter in drained.dead[:10]:
            about = ", ".join(map(printable, letter.keys)) or printable(letter.body[:100])
            self.console.print(f"  {escape(about)}", highlight=False)

    def _show_what_next(self, answers: "Sequence[PhotoAnswer]") -> None:
        lines = [
            "",
            f"Page: {page_url(self.outputs)}",
            f"API: {self.outputs.api_url}",
            *(f"  {line}" for line in curl_lines(self.outputs, answers)),
            "Add photos:",
            f"  {sync_line(self.outputs)}",
            "Stop:",
            "  make stop",
        ]
        for line in lines:
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _worth_showing(statuses: Mapping[str, Status]) -> list[str]:
    """Choose the photos of the table: the recognized, then the rejected, of each as many as anyone reads."""
    by_status = {
        status: sorted(key for key, found in statuses.items() if found is status)[:MOST_ROWS]
        for status in (Status.RECOGNIZED, Status.REJECTED)
    }
    return [*by_status[Status.RECOGNIZED], *by_status[Status.REJECTED]]


def _why_waiting(drained: Drained, function_log: FunctionLog) -> str:
    keys = sorted(drained.waiting)
    some = ", ".join(map(printable, keys[:3])) + (" …" if len(keys) > 3 else "")  # noqa: PLR2004
    errors = [printable(line) for line in function_log.last_errors()]
    said = "\n  ".join(["", *errors]) if errors else " nothing"
    return (
        f"{len(keys)} photos are not finished ({some}); they stay queued, and make run goes on with them. "
        f"The functions say, in {function_log.path}:{said}"
    )


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
    """Return how to add photos by the AWS CLI, which would upload to AWS without `--endpoint-url`."""
    environment = (
        f"AWS_ACCESS_KEY_ID={ACCESS_KEY_ID} AWS_SECRET_ACCESS_KEY={SECRET_ACCESS_KEY} "
        f"AWS_DEFAULT_REGION={outputs.region}"
    )
    aws = "aws" if shutil.which("aws") else shlex.quote(str(ROOT / ".venv" / "bin" / "aws"))
    return f"{environment} {aws} s3 sync FOLDER s3://{outputs.bucket} --endpoint-url {outputs.endpoint_url}"


def _frequent_label(answers: Sequence[PhotoAnswer]) -> str:
    counts = Counter[str]()
    for answer in answers:
        for name, confidence in answer.labels.items():
            counts[name] += confidence >= 80  # noqa: PLR2004
    return max(counts, key=lambda name: (counts[name], name), default="Cat")
