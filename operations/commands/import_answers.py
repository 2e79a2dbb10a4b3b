"""`imagepipe import`: answers that were had elsewhere, taken over without a call."""

import hashlib
import json as json_form
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from contract.moments import to_seconds
from contract.terminal import as_json
from operations import terminal
from operations.adapters.dynamodb_answers import ImportOutcome
from operations.adapters.s3_objects import NamedObjects
from operations.backfilling import state_directory
from operations.commands import options
from operations.importing.questions import AnswerCheck, read_asked
from operations.importing.run import Import, Moved, Refusal
from operations.importing.sources import ReadPosition, identity, pages_of
from operations.planning import Place
from operations.wiring import DeployedPipeline, connect

NOT_ALL = 1
SHOWN_REFUSALS = 20


def import_answers(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE|FOLDER…",
            show_default=False,
            help="Lines of JSON: of export --format answers, of job results, of Rekognition's bulk "
            "analysis, or plain answers with a key. Or a folder of plain answers, KEY.json.",
        ),
    ],
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    asked_at: Annotated[
        str | None,
        typer.Option(
            "--asked-at",
            metavar="TIME",
            help="When answers were had that do not say which bytes they are about, like "
            "2026-01-31T08:00 (UTC): an object that has changed since is not taken for theirs.",
        ),
    ] = None,
    asked: Annotated[
        list[str] | None,
        typer.Option(
            "--asked",
            metavar="OPERATION[:PARAMETER=VALUE,…]",
            help="By which parameters answers were had that do not say so; others are AWS's defaults.",
        ),
    ] = None,
    moved: Annotated[
        str | None,
        typer.Option(
            "--moved",
            metavar="s3://BUCKET/PREFIX=PREFIX",
            help="Photos of another bucket, and the prefix in ours below which they are now.",
        ),
    ] = None,
    refused: Annotated[
        Path | None, typer.Option("--refused", help="Write what is refused, and why, to this file.")
    ] = None,
    restart: options.Restart = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Take over answers of Rekognition that were had before, and pay nothing.

    An answer is kept if it is about the bytes that are in the bucket, by the parameters that this deployment
    asks with, and if none is there. Photos that then lack no answer become records without a call; others are
    left to backfill, which pays for what they lack. It needs the right to write to the table.
    """
    terminal.require_consent_possible(yes, "import")
    there = read_asked(asked or [])
    since = _moment(asked_at)
    away = _read_moved(moved)
    about = [identity(path) for path in files]
    pipeline = connect(stack, local, directory)
    names = {"files": about, "table": pipeline.names.table, "typed": [asked_at, asked, moved]}
    checkpoint = ImportCheckpoint(_checkpoint_path(names))
    if restart:
        checkpoint.path.unlink(missing_ok=True)
    question = (
        f"Take the answers in {terminal.first_of([str(path) for path in files])} for those of photos in "
        f"s3://{pipeline.names.bucket}, where none are? No detector is called."
    )
    if not terminal.consents(yes, question, "nothing was imported"):
        return NOT_ALL
    run = _import(pipeline, AnswerCheck.of(pipeline.deployed.settings, there), since, away)
    reasons: Counter[str] = Counter()
    with _refusals_to(refused) as out, terminal.stepwise("reading") as display:
        shown = 0
        for refusals in display.until_interrupted(_steps(run, files, checkpoint)):
            for refusal in refusals:
                reasons[refusal.reason] += 1
                if out is not None:
                    out.write(as_json(refusal._asdict()) + "\n")
                if shown < SHOWN_REFUSALS:
                    terminal.remark(f"{refusal.where}: {refusal.what}: {refusal.reason}")
                    shown += 1
            display.show(
                f"{run.kept[ImportOutcome.WRITTEN]:,} answers taken over, {run.queued:,} photos queued"
            )
        is_stopped = display.is_interrupted
    if json:
        terminal.print_json(_document(run, reasons))
    else:
        _tell(run, shown)
    if is_stopped:
        raise terminal.StoppedError("what was taken over is kept; the same command goes on from there")
    checkpoint.path.unlink(missing_ok=True)
    return NOT_ALL if run.refused or run.lacking else 0


class ImportCheckpoint:
    """The file that says how far an import is: which of its files, and where in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[int, ReadPosition]:
        """Read how far the last run was. Raise OperatorError."""
        try:
            number, lines, place = json_form.loads(self.path.read_text())
            return int(number), ReadPosition(int(lines), int(place))
        except FileNotFoundError:
            return 0, ReadPosition()
        except (OSError, ValueError, TypeError) as error:
            raise terminal.OperatorError(
                f"{self.path} cannot be read ({error}); begin anew with --restart"
            ) from error

    def write(self, number: int, place: ReadPosition) -> None:
        """Keep how far it is, as a whole. Raise OperatorError."""
        partial = self.path.with_suffix(".partial")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json_form.dumps([number, *place]))
            partial.replace(self.path)
        except OSError as error:
            raise terminal.OperatorError(
                f"{self.path} cannot be written ({error}); choose another place by XDG_STATE_HOME"
            ) from error


def _steps(run: Import, files: Sequence[Path], checkpoint: ImportCheckpoint) -> Iterator[list[Refusal]]:
    """Take over page after page, and note how far it is behind each; yield what was refused of it."""
    first, place = checkpoint.read()
    for number, path in enumerate(files[first:], first):
        for page in pages_of(path, place):
            refusals = [*page.refusals, *run.take(page.photos)]
            run.refused += len(page.refusals)
            checkpoint.write(number, page.place)
            yield refusals
        place = ReadPosition()
        checkpoint.write(number + 1, place)


def _import(
    pipeline: DeployedPipeline, check: AnswerCheck, asked_at: float | None, moved: Moved | None
) -> Import:
    originals = None if moved is None else NamedObjects(pipeline.any_bucket(moved.bucket), pipeline.executor)
    return Import(
        bucket=pipeline.names.bucket,
        deployed=pipeline.deployed,
        check=check,
        table=pipeline.answers,
        objects=NamedObjects(pipeline.any_bucket(pipeline.names.bucket), pipeline.executor),
        keys=pipeline.names.keys,
        queue=pipeline.bulk.queue,
        clock=time.time,
        asked_at=asked_at,
        moved=moved,
        originals=originals,
    )


def _tell(run: Import, shown: int) -> None:
    if run.refused > shown:
        terminal.remark(f"… and {run.refused - shown:,} more; --refused FILE has them all")
    archived = f", {run.archived:,} are archived and were left alone" if run.archived else ""
    typer.echo(
        f"{run.kept[ImportOutcome.WRITTEN]:,} answers were taken over, "
        f"{run.kept[ImportOutcome.THERE]:,} were there, "
        f"{run.refused:,} refused. {run.queued:,} photos were queued, which calls no detector; "
        f"{run.current:,} have their record{archived}."
    )
    for missing, count in run.lacking.most_common():
        typer.echo(f"{count:,} photos lack {' and '.join(missing)}, and were left to imagepipe backfill.")


def _document(run: Import, reasons: Counter[str]) -> dict[str, object]:
    return {
        "taken_over": run.kept[ImportOutcome.WRITTEN],
        "there_already": run.kept[ImportOutcome.THERE],
        "refused": run.refused,
        "reasons": [{"reason": reason, "count": count} for reason, count in reasons.most_common(100)],
        "queued": run.queued,
        "current": run.current,
        "archived": run.archived,
        "lacking": [{"detectors": list(missing), "photos": count} for missing, count in run.lacking.items()],
    }


def _moment(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return to_seconds(text)
    except ValueError as error:
        raise terminal.OperatorError(f"--asked-at {text!r} is no time like 2026-01-31T08:00") from error


def _read_moved(text: str | None) -> Moved | None:
    if text is None:
        return None
    source, equals, prefix = text.rpartition("=")
    if not equals:
        raise terminal.OperatorError(f"--moved {text!r} is not like s3://bucket/prefix=prefix")
    place = Place.read(source)
    return Moved(place.bucket, place.prefix, prefix)


def _checkpoint_path(names: Mapping[str, object]) -> Path:
    digest = hashlib.blake2b(json_form.dumps(names, sort_keys=True).encode(), digest_size=8).hexdigest()
    return state_directory(of="import") / f"{digest}.json"


@contextmanager
def _refusals_to(path: Path | None) -> Iterator[TextIO | None]:
    if path is None:
        yield None
        return
    try:
        with path.open("a", encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise terminal.OperatorError(f"{path} cannot be written: {error.strerror or error}") from error
