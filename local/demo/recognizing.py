"""From a folder to a table: upload, follow, show."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from contract.records import Status
from contract.terminal import printable
from local.cloud.clients import LocalClients
from local.cloud.environment import LocalEnvironment, Outputs
from local.cloud.errors import LocalCloudError
from local.cloud.stages import Stages
from local.demo import summary
from local.demo.draining import Drained, FunctionLog, current_etags, drain
from local.demo.folder import Folder
from local.demo.summary import PhotoAnswer, curl_lines, sync_line
from local.demo.uploading import upload


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
            answers = summary.ask(self.outputs, _worth_showing(drained.statuses))
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

    def _show(self, answers: Sequence[PhotoAnswer], statuses: Mapping[str, Status]) -> None:
        self.console.print()
        self.console.print(summary.as_table(answers))
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

    def _show_what_next(self, answers: Sequence[PhotoAnswer]) -> None:
        lines = [
            "",
            f"Page: {summary.page_url(self.outputs)}",
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
        status: sorted(key for key, found in statuses.items() if found is status)[: summary.MOST_ROWS]
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
