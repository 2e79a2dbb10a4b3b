"""From a folder to a table: upload, follow, show."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from infra.local import summary
from infra.local.clients import LocalClients
from infra.local.commands import curl_lines, sync_line
from infra.local.draining import Drained, current_etags, drain
from infra.local.faults import LocalPlaceError
from infra.local.function_log import last_errors
from infra.local.outputs import Outputs
from infra.local.place import Place
from infra.local.stages import Stages
from infra.local.summary import Answer
from infra.local.syncing import Folder, sync


def recognize_folder(
    place: Place, outputs: Outputs, folder: Folder, stages: Stages, console: Console
) -> None:
    """Upload the folder, wait for its photos, and show what is in them. Raises LocalPlaceError."""
    clients = LocalClients(place)
    log_offset = place.cloud_log.stat().st_size
    with stages.stage("sync", f"aws s3 sync {folder.path}") as stage:
        sync(folder, outputs)
        left_out = f", {len(folder.left_out)} other files left out" if folder.left_out else ""
        stage.result = f"{len(folder.photos)} photos of {folder.path} are in s3://{outputs.bucket}{left_out}"
    drained = _follow(clients, outputs, folder, stages, console)
    if drained.waiting:
        raise LocalPlaceError(_why_waiting(place, drained, log_offset), exit_code=1)
    answers = summary.ask(outputs, folder.photos)
    _show(console, answers)
    _show_dead_letters(console, outputs, drained)
    _show_what_next(console, outputs, answers)


def _follow(
    clients: LocalClients, outputs: Outputs, folder: Folder, stages: Stages, console: Console
) -> Drained:
    begun = time.monotonic()
    etags = current_etags(clients, outputs, folder.photos)
    columns = (TextColumn("  recognizing"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(etags))
        drained = drain(clients, outputs, etags, lambda count: progress.update(task, completed=count))
    seconds = time.monotonic() - begun
    ended = len(etags) - len(drained.waiting)
    stages.done("recognize", f"{ended} of {len(etags)} photos have ended", seconds)
    return drained


def _show(console: Console, answers: Sequence[Answer]) -> None:
    rejected = [answer for answer in answers if answer.status != "recognized"]
    recognized = [answer for answer in answers if answer.status == "recognized"]
    console.print()
    console.print(summary.as_table([*recognized[: summary.MOST_ROWS], *rejected]))
    if len(recognized) > summary.MOST_ROWS:
        console.print(f"… and {len(recognized) - summary.MOST_ROWS} more recognized")
    console.print(f"\n{len(recognized)} recognized, {len(rejected)} rejected", highlight=False)


def _show_dead_letters(console: Console, outputs: Outputs, drained: Drained) -> None:
    if not drained.dead:
        return
    console.print(
        f"[red]{len(drained.dead)} dead letters[/] in {outputs.dead_letter_queue_url}", soft_wrap=True
    )
    for letter in drained.dead[:10]:
        console.print(f"  {escape(', '.join(letter.keys) or letter.body[:100])}", highlight=False)


def _show_what_next(console: Console, outputs: Outputs, answers: Sequence[Answer]) -> None:
    lines = [
        "",
        f"API: {outputs.api_url}",
        *(f"  {line}" for line in curl_lines(outputs, answers)),
        "Add photos:",
        f"  {sync_line(outputs)}",
        "Stop:",
        "  make stop",
    ]
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _why_waiting(place: Place, drained: Drained, log_offset: int) -> str:
    keys = sorted(drained.waiting)
    some = ", ".join(keys[:3]) + (" …" if len(keys) > 3 else "")  # noqa: PLR2004
    errors = last_errors(place.cloud_log, log_offset)
    said = "\n  ".join(["", *errors]) if errors else " nothing"
    return (
        f"{len(keys)} photos are not finished ({some}); they stay queued, and make run goes on with them. "
        f"The functions say, in {place.cloud_log}:{said}"
    )
