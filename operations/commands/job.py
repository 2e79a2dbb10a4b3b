"""`imagepipe job start`: photos that a manifest names are queued, within bounds."""

import re
import time
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from contract.moments import to_text
from operations import terminal
from operations.adapters.s3_objects import NamedObjects
from operations.adapters.sqs import Pace
from operations.backfilling import Backfill, Bounds, Ended, state_directory
from operations.commands import backfill, job_results, options
from operations.jobs.checking import ManifestCheck
from operations.jobs.job_file import JobFile, JobState, LineCounts, job_file
from operations.jobs.manifests import digest_of
from operations.jobs.places import on_disk, require_another_bucket
from operations.planning import Assessor, ObjectFilter
from operations.pricing import Pricing
from operations.temporary_database import SeenContents
from operations.wiring import DeployedPipeline, QueuePair, connect

NOT_ALL = 1
SHOWN_FAULTS = 20
_GOES_ON = "the same command goes on from there"

app = typer.Typer(
    help="Photos that a manifest names: recognize them within bounds, and write their answers as a manifest, "
    "in the form of Rekognition's own bulk analysis.",
    no_args_is_help=True,
)


app.command("status")(job_results.status)
app.command("results")(job_results.results)
app.command("list")(job_results.list_jobs)


class Priority(StrEnum):
    """Which queue photos wait in."""

    BULK = "bulk"
    LIVE = "live"


Detectors = Annotated[
    list[str] | None,
    typer.Option(
        "--detector", help="A detector whose answers are wanted; without it, all that are deployed."
    ),
]


@app.command("start")
def start(
    *,
    manifest: Annotated[
        str,
        typer.Option(
            "--manifest",
            metavar="s3://BUCKET/KEY|FILE",
            show_default=False,
            help='The photos, a line each: {"source-ref": "s3://bucket/key"}.',
        ),
    ],
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    name: Annotated[
        str | None, typer.Option("--name", help="What the job's ID begins with; else the manifest's name.")
    ] = None,
    detector: Detectors = None,
    output: job_results.Output = None,
    priority: Annotated[
        Priority, typer.Option("--priority", help="bulk goes behind what is uploaded now, live among it.")
    ] = Priority.BULK,
    max_cost: options.MaxCost = None,
    limit: options.QueueLimit = None,
    rate: options.Rate = None,
    skip_bad_lines: Annotated[
        bool, typer.Option("--skip-bad-lines", help="Leave lines out that cannot be used, and go on.")
    ] = False,
    restart: options.Restart = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Queue the photos that a manifest names, once all of it was read and every photo looked up.

    What has its record is not paid for again. A job that was ended goes on when it is started again with the
    same manifest.
    """
    terminal.require_consent_possible(yes, "a job")
    pipeline = connect(stack, local, directory)
    detectors = _wanted(detector, pipeline)
    if output is not None:
        require_another_bucket(output, pipeline)
    with on_disk(manifest, pipeline) as path:
        about = {
            "bucket": pipeline.names.bucket,
            "table": pipeline.names.table,
            "manifest": manifest,
            "content": digest_of(path),
        }
        file = job_file(state_directory(of="jobs"), name or _name_of(manifest), about)
        if restart:
            file.remove()
        with file:
            state = file.state() or JobState(
                pipeline.names.bucket, pipeline.names.table, manifest, to_text(time.time()), detectors
            )
            state = replace(state, detectors=detectors, output=output or state.output, lane=str(priority))
            if not state.is_checked:
                state = _checked(file, state, path, pipeline, skip_bad_lines=skip_bad_lines)
    with file:
        return _queued(
            file,
            state,
            pipeline,
            Bounds(limit, max_cost),
            Pace(rate, time.monotonic, time.sleep),
            yes=yes,
            json=json,
        )


def _checked(
    file: JobFile, state: JobState, path: Path, pipeline: DeployedPipeline, *, skip_bad_lines: bool
) -> JobState:
    """Read all of the manifest. Raise OperatorError if it cannot be used as it is; nothing is left then."""
    objects = NamedObjects(pipeline.any_bucket(pipeline.names.bucket), pipeline.executor)
    check = ManifestCheck(file, path, pipeline.names.bucket, objects, pipeline.names.keys)
    with terminal.stepwise("reading") as display:
        for step in display.until_interrupted(check.run()):
            display.show(step)
        display.raise_if_interrupted("the manifest was not read to its end; nothing was queued")
    counts = file.counts()
    for line in file.faults(SHOWN_FAULTS):
        terminal.remark(f"line {line.number:,}: {line.message}")
    if counts.invalid > SHOWN_FAULTS:
        terminal.remark(f"… and {counts.invalid - SHOWN_FAULTS:,} lines more that cannot be used")
    for repeat in check.repeats:
        terminal.remark(f"{repeat}; it is recognized once, and is in the results at both")
    if counts.invalid and not skip_bad_lines:
        file.remove()
        raise terminal.OperatorError(
            f"{counts.invalid:,} of {counts.total:,} lines of {state.manifest} cannot be used; nothing was "
            "queued; mend them, or leave them out with --skip-bad-lines"
        )
    if not counts.valid:
        file.remove()
        raise terminal.OperatorError(f"{state.manifest} names no photo that can be used; nothing was queued")
    state = replace(state, is_checked=True)
    file.write(state)
    return state


def _queued(
    file: JobFile,
    state: JobState,
    pipeline: DeployedPipeline,
    bounds: Bounds,
    pace: Pace,
    *,
    yes: bool,
    json: bool,
) -> int:
    counts = file.counts()
    pricing = Pricing.of(pipeline.deployed, pipeline.table)
    if not terminal.consents(
        yes, _question(counts, pricing, state, bounds), f"{file.id}: nothing was queued"
    ):
        return NOT_ALL
    lane = _lane(pipeline, state)
    most_waiting = backfill.most_waiting(pricing)
    with terminal.stepwise("queueing", counts.photos) as display, SeenContents() as contents:
        run = Backfill(
            pipeline,
            lane.queue,
            Assessor(
                pipeline.deployed,
                pipeline.table,
                contents,
                has_records=True,
                faces=pipeline.faces_to_search(to_text(time.time())),
            ),
            price=lambda queued: backfill.dollars(pricing, queued),
            pace=pace,
            bounds=replace(bounds, most_waiting=most_waiting),
            now=lambda: to_text(time.time()),
            progress=state.progress,
        )
        began = time.monotonic()
        steps = run.run(file.objects(state.progress.after), ObjectFilter())
        for reached in display.until_interrupted(steps):
            state = replace(state, progress=reached, dollars=run.dollars)
            file.write(state)
            display.show(backfill.progress(run, pricing, time.monotonic() - began), done=run.totals.objects)
    state = replace(state, is_queued=run.ended is Ended.ALL)
    file.write(state)
    if json:
        terminal.print_json({**job_results.job_document(file.id, state, counts), "ended": str(run.ended)})
    else:
        _show_queued(file.id, run, counts, pricing)
    if run.ended is Ended.STOPPED:
        raise terminal.StoppedError(f"{run.queued:,} were queued; {_GOES_ON}")
    return 0 if run.ended in (Ended.ALL, Ended.LIMIT) else NOT_ALL


def _question(counts: LineCounts, pricing: Pricing, state: JobState, bounds: Bounds) -> str:
    most = "whatever they cost" if bounds.max_dollars is None else f"for at most ${bounds.max_dollars:,.2f}"
    asked = ", ".join(f"{operation} at {quota:g} a second" for operation, quota in pricing.quotas.items())
    before = f", going on after {state.progress.queued:,} queued before" if state.progress.after else ""
    return f"Queue what has no current record of {counts.photos:,} photos for {asked}, {most}{before}?"


def _show_queued(job_id: str, run: Backfill, counts: LineCounts, pricing: Pricing) -> None:
    left_out = f", {counts.invalid:,} lines left out" if counts.invalid else ""
    archived = f", {run.totals.archived:,} are archived and were left alone" if run.totals.archived else ""
    takes = terminal.duration(pricing.seconds(run.progress.calls, run.most_vectors, films=run.progress.films))
    typer.echo(
        f"{job_id}: {run.progress.queued:,} of {counts.photos:,} photos are queued, {run.totals.current:,} "
        f"of those looked at now have their record{archived}{left_out}.\n"
        f"About ${terminal.money(run.dollars)}, {takes} at "
        f"the quota. {backfill.ENDINGS[run.ended]}\n{backfill.faces_in_words(run.totals)}"
        f"How far it is: imagepipe job status {job_id}"
    )


def _wanted(detectors: list[str] | None, pipeline: DeployedPipeline) -> tuple[str, ...]:
    """Return the detectors whose answers are wanted. Raise OperatorError."""
    deployed = pipeline.deployed.settings.every_detector
    missing = [name for name in detectors or () if name not in deployed]
    if missing:
        raise terminal.OperatorError(
            f"{', '.join(missing)} is not deployed, only {', '.join(deployed)}; deploy it first: "
            f'make deploy SETTINGS="-c detectors={",".join((*deployed, *missing))}"'
        )
    return tuple(dict.fromkeys(detectors)) if detectors else tuple(deployed)


def _lane(pipeline: DeployedPipeline, state: JobState) -> QueuePair:
    return pipeline.images if state.lane == Priority.LIVE else pipeline.bulk


def _name_of(manifest: str) -> str:
    """Return what a job of a manifest is called: the file's name, of characters that an ID may have."""
    stem = manifest.rstrip("/").rpartition("/")[2].partition(".")[0]
    return re.sub(r"[^a-zA-Z0-9_\-]+", "-", stem)[:40].strip("-") or "job"
