"""`imagepipe export`: photos taken along, as JSON Lines, answers, CSV, COCO or XMP sidecars."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from contract.detectors import DETECTORS
from contract.photos import PICTURE
from contract.records import Status
from operations import terminal
from operations.commands import options
from operations.exporting.files import ExportCheckpoint, ExportProgress
from operations.exporting.run import Export, ExportSource
from operations.exporting.sidecars import SidecarFolder
from operations.exporting.writers import (
    CocoFile,
    LinesFile,
    LinesStream,
    PhotoWriter,
    answer_lines,
    csv_header,
    csv_rows,
    json_lines,
    standard_output,
)
from operations.wiring import connect

STANDARD_OUTPUT = "-"
_GOES_ON = "the same command goes on from there"


class ExportFormat(StrEnum):
    """What photos are written as."""

    JSONL = "jsonl"
    ANSWERS = "answers"
    CSV = "csv"
    COCO = "coco"
    XMP = "xmp"


# The answers that each format shows.
_DETECTORS: Mapping[ExportFormat, frozenset[str]] = {
    ExportFormat.JSONL: frozenset({*DETECTORS, PICTURE}),
    # What the file says is read anew where it is imported: renditions do not come along.
    ExportFormat.ANSWERS: frozenset(DETECTORS),
    ExportFormat.CSV: frozenset(),
    ExportFormat.COCO: frozenset({"labels", "faces"}),
    ExportFormat.XMP: frozenset({"faces"}),
}
# What is read besides of films alone: when something is in them is in no record.
_OF_FILMS: Mapping[ExportFormat, frozenset[str]] = {ExportFormat.CSV: frozenset(DETECTORS)}
_LINES = {
    ExportFormat.JSONL: (json_lines, ""),
    ExportFormat.ANSWERS: (answer_lines, ""),
    ExportFormat.CSV: (csv_rows, csv_header()),
}
# The API refuses a confidence that is about nothing.
_WITH_CONFIDENCE = ("label", "any_label", "not_label", "moderation")


def export(
    output: Annotated[
        str,
        typer.Argument(
            metavar="FILE|FOLDER|-",
            show_default=False,
            help="The file, or the folder for sidecars; - is the standard output.",
        ),
    ],
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    written_as: Annotated[ExportFormat, typer.Option("--format", help="What to write.")] = ExportFormat.JSONL,
    label: Annotated[
        list[str] | None, typer.Option("--label", help="A label that photos carry; all of these.")
    ] = None,
    any_label: Annotated[
        list[str] | None, typer.Option("--any-label", help="Labels of which photos carry one.")
    ] = None,
    not_label: Annotated[
        list[str] | None, typer.Option("--not-label", help="Labels of which photos carry none.")
    ] = None,
    min_confidence: Annotated[
        float,
        typer.Option(
            "--min-confidence",
            min=0,
            max=100,
            help="Labels less sure than this neither count nor are written, in percent.",
        ),
    ] = 0,
    text: Annotated[
        list[str] | None, typer.Option("--text", help="Words that were read; all of them.")
    ] = None,
    moderation: Annotated[
        str | None, typer.Option("--moderation", help="A moderation category that photos fall into.")
    ] = None,
    min_faces: Annotated[
        int | None, typer.Option("--min-faces", min=1, help="The least number of faces.")
    ] = None,
    prefix: options.Prefix = None,
    uploaded_from: Annotated[
        str | None, typer.Option("--from", help="Uploaded then or later: 2026-01-31 or 2026-01-31T08:00Z.")
    ] = None,
    uploaded_to: Annotated[
        str | None, typer.Option("--to", help="Uploaded then or before; a date is its whole day, UTC.")
    ] = None,
    status: Annotated[
        str, typer.Option("--status", help="Where photos have ended: recognized or rejected.")
    ] = str(Status.RECOGNIZED),
    camera: Annotated[str | None, typer.Option("--camera", help="The camera's name.")] = None,
    taken_from: Annotated[
        str | None, typer.Option("--taken-from", help="Taken then or later, by the camera's clock.")
    ] = None,
    taken_to: Annotated[
        str | None, typer.Option("--taken-to", help="Taken then or before, by the camera's clock.")
    ] = None,
    near: Annotated[
        str | None, typer.Option("--near", metavar="LAT,LON,KM", help="Taken within so many kilometres.")
    ] = None,
    restart: options.Restart = False,
) -> None:
    """Write what is known of photos: all, or those that meet every condition, as in GET /images.

    A run that was ended goes on where it was, with the same output and options. Photos uploaded after the
    beginning are not in it.
    """
    meant: dict[str, Any] = {
        "label": label,
        "any_label": any_label,
        "not_label": not_label,
        "text": text,
        "moderation": moderation,
        "min_faces": min_faces,
        "prefix": prefix,
        "from": uploaded_from,
        "to": uploaded_to,
        "status": status,
        "camera": camera,
        "taken_from": taken_from,
        "taken_to": taken_to,
        "near": near,
    }
    question = {name: value for name, value in meant.items() if value}
    if min_confidence and any(name in question for name in _WITH_CONFIDENCE):
        question["min_confidence"] = min_confidence
    if status not in (Status.RECOGNIZED, Status.REJECTED):
        raise terminal.OperatorError(f"--status {status!r} is neither recognized nor rejected")
    pipeline = connect(stack, local, directory)
    asked = {
        "format": str(written_as),
        "table": pipeline.names.table,
        "min_confidence": min_confidence,
        **question,
    }
    with _writer(output, written_as, asked, pipeline.names.bucket, restart=restart) as opened:
        writer, checkpoint, before = opened
        source = ExportSource(
            pipeline.api,
            pipeline.photos,
            question,
            Status(status),
            _DETECTORS[written_as],
            min_confidence,
            _OF_FILMS.get(written_as, frozenset()),
        )
        run = Export(source, writer, checkpoint, pipeline.executor, before)
        began = time.monotonic()
        with terminal.stepwise("reading") as display:
            for reached in display.until_interrupted(run.run()):
                rate = (reached.written - before.written) / max(time.monotonic() - began, 0.001)
                display.show(f"{reached.written:,} photos, {rate:,.0f}/s", done=reached.written)
        _tell(run.progress, output)
        if not run.is_finished:
            goes_on = _GOES_ON if checkpoint else "what was written ends there"
            raise terminal.StoppedError(f"{run.progress.written:,} photos were written; {goes_on}")


@contextmanager
def _writer(
    output: str, written_as: ExportFormat, asked: Mapping[str, Any], bucket: str, *, restart: bool
) -> Iterator[tuple[PhotoWriter, ExportCheckpoint | None, ExportProgress]]:
    """Open where photos go; with what an ended run has left, if it is gone on with. Raise OperatorError."""
    if output == STANDARD_OUTPUT:
        with _to_standard_output(written_as, asked) as writer:
            yield writer, None, ExportProgress(asked)
        return
    path = Path(output).resolve()
    if not path.name or (path.is_dir() and written_as is not ExportFormat.XMP):
        raise terminal.OperatorError(f"{output} is a folder; name a file (or, for sidecars, another folder)")
    checkpoint = ExportCheckpoint.of(path)
    if restart:
        checkpoint.remove()
    before = checkpoint.read(asked) or ExportProgress(asked)
    writer = _to_file(path, written_as, bucket, before)
    try:
        yield writer, checkpoint, before
    finally:
        writer.close()


def _to_file(path: Path, written_as: ExportFormat, bucket: str, before: ExportProgress) -> PhotoWriter:
    if written_as is ExportFormat.XMP:
        return SidecarFolder(path, bucket)
    if written_as is ExportFormat.COCO:
        return CocoFile(path, before)
    return LinesFile(path, *_LINES[written_as], before)


@contextmanager
def _to_standard_output(written_as: ExportFormat, asked: Mapping[str, Any]) -> Iterator[PhotoWriter]:
    if written_as is ExportFormat.XMP:
        raise terminal.OperatorError("sidecars are files; name a folder for them")
    if written_as is not ExportFormat.COCO:
        yield LinesStream(standard_output(), *_LINES[written_as])
        return
    # Its categories are known at the end only.
    with tempfile.TemporaryDirectory(prefix="imagepipe-export-") as folder:
        whole = Path(folder) / "coco.json"
        writer = CocoFile(whole, ExportProgress(asked))
        try:
            yield writer
        finally:
            writer.close()
        if whole.exists():
            with whole.open(encoding="utf-8") as file:
                shutil.copyfileobj(file, standard_output())


def _tell(progress: ExportProgress, output: str) -> None:
    place = "" if output == STANDARD_OUTPUT else f" in {output}"
    left_out = ", ".join(f"{count:,} {reason}" for reason, count in sorted(progress.left_out.items()))
    terminal.remark(f"{progress.written:,} photos{place}{f'; {left_out}' if left_out else ''}.")
