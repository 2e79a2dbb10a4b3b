"""`imagepipe job status`, `results` and `list`: what has become of the photos of jobs."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from operations import terminal
from operations.backfilling import state_directory
from operations.commands import options
from operations.jobs.job_file import JobFile, JobState, LineCounts, all_jobs, existing_job
from operations.jobs.places import put, require_another_bucket
from operations.jobs.results import JobResults, Outcome
from operations.wiring import DeployedPipeline, connect

NOT_ALL = 1
RESULTS, SUMMARY = "results.jsonl", "manifest-summary.json"

JobId = Annotated[str, typer.Argument(metavar="ID", show_default=False, help="As `job list` shows it.")]
Output = Annotated[
    str | None,
    typer.Option("--output", metavar="s3://BUCKET/PREFIX|FOLDER", help="Where the results go, below the ID."),
]


def status(
    job_id: JobId,
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    json: options.Json = False,
) -> int:
    """Tell how far a job is, and what has become of its photos. Exit code 1 while some wait."""
    with _job(job_id, stack, local, directory) as (file, state, pipeline):
        asked = pipeline.deployed.settings.detectors_of
        results = JobResults(file, pipeline.photos, state.detectors, asked)
        counts = file.counts()
        with terminal.stepwise("reading", counts.photos) as display:
            for done in display.until_interrupted(results.count()):
                display.show(done=done)
            display.raise_if_interrupted("not all photos were looked at")
        document = job_document(job_id, state, counts)
        is_all = not results.counted[Outcome.WAITING]
        document["status"] = "SUCCEEDED" if is_all else "IN_PROGRESS" if state.is_queued else "CREATED"
        document["photos"] = {"all": counts.photos} | {
            each.name.lower(): results.counted[each] for each in Outcome
        }
        if json:
            terminal.print_json(document)
        else:
            told = ", ".join(f"{results.counted[each]:,} {each.name.lower()}" for each in Outcome)
            typer.echo(f"{job_id}: {document['status']}; {counts.photos:,} photos: {told}.")
            if not state.is_queued and not is_all:
                typer.echo(f"Not all were queued: start it again with --manifest {state.manifest}")
        return 0 if is_all else NOT_ALL


def results(
    job_id: JobId,
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    output: Output = None,
    min_confidence: Annotated[
        float,
        typer.Option("--min-confidence", min=0, max=100, help="Labels less sure are left out, in percent."),
    ] = 0,
    json: options.Json = False,
) -> int:
    """Write the answers of a job's photos as a manifest, and a summary of what has none, and why.

    Running it again writes both anew. Exit code 1 while photos wait for their turn.
    """
    with _job(job_id, stack, local, directory) as (file, state, pipeline):
        meant = output or state.output or "."
        require_another_bucket(meant, pipeline)
        asked = pipeline.deployed.settings.detectors_of
        read = JobResults(file, pipeline.photos, state.detectors, asked, min_confidence)
        with tempfile.TemporaryDirectory(prefix="imagepipe-job-") as folder:
            written = Path(folder)
            with terminal.stepwise("writing", file.counts().total) as display:
                with (written / RESULTS).open("w") as manifest, (written / SUMMARY).open("w") as summary:
                    for done in display.until_interrupted(read.write(manifest, summary)):
                        display.show(done=done)
                display.raise_if_interrupted("not all results were written, so none are in place")
            places = [put(written / name, meant, f"{job_id}/{name}", pipeline) for name in (RESULTS, SUMMARY)]
        waiting = read.counted[Outcome.WAITING]
        if json:
            found = {each.name.lower(): read.counted[each] for each in Outcome}
            terminal.print_json(
                {"job_id": job_id, "results": places[0], "summary": places[1], "lines": found}
            )
        else:
            typer.echo(
                f"{read.counted[Outcome.RECOGNIZED]:,} lines have answers: {terminal.printable(places[0])}\n"
                f"What has none, and why: {terminal.printable(places[1])}"
            )
        if waiting:
            terminal.remark(f"{waiting:,} lines wait for their turn; run it again later")
        return NOT_ALL if waiting else 0


def list_jobs(*, json: options.Json = False) -> None:
    """List the jobs that were started on this machine."""
    jobs = all_jobs(state_directory(of="jobs"))
    if json:
        terminal.print_json([job_document(job_id, state, counts) for job_id, state, counts in jobs])
        return
    terminal.print_table(
        ("ID", "Started", "#Photos", "#Queued", "#Dollars", "Manifest"),
        [
            (
                *(job_id, state.created_at, f"{counts.photos:,}", f"{state.progress.queued:,}"),
                *(terminal.money(state.dollars), state.manifest),
            )
            for job_id, state, counts in jobs
        ],
    )


def job_document(job_id: str, state: JobState, counts: LineCounts) -> dict[str, object]:
    return {
        "job_id": job_id,
        "manifest": state.manifest,
        "created_at": state.created_at,
        "priority": state.lane,
        "detectors": list(state.detectors),
        "output": state.output,
        "lines": {"total": counts.total, "invalid": counts.invalid, "repeated": counts.repeated},
        "queued": state.progress.queued,
        "is_queued": state.is_queued,
        "calls": dict(state.progress.calls),
        "dollars": round(state.dollars, 4),
    }


@contextmanager
def _job(
    job_id: str, stack: str | None, local: bool | None, directory: Path | None
) -> Iterator[tuple[JobFile, JobState, DeployedPipeline]]:
    """Open a job of the pipeline that is meant. Raise OperatorError."""
    file = existing_job(state_directory(of="jobs"), job_id)
    pipeline = connect(stack, local, directory)
    with file:
        state = file.state()
        if state is None or not state.is_checked:
            raise terminal.OperatorError(f"the manifest of {job_id} was not read to its end; start it again")
        if state.table != pipeline.names.table:
            raise terminal.OperatorError(
                f"{job_id} is a job of another pipeline, whose table is {state.table}; name its stack"
            )
        yield file, state, pipeline
