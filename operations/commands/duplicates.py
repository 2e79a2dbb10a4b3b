"""`imagepipe duplicates`: photos that are the same or nearly, and what they take. It changes nothing."""

import sys
from collections.abc import Iterable, Sequence
from itertools import islice, repeat
from pathlib import Path
from typing import Annotated

import typer

from contract.prices import MILLION, Prices
from contract.terminal import as_json
from operations import terminal
from operations.commands import options
from operations.duplicates.hashes import MOST_DISTANCE
from operations.duplicates.photos import Burst, ComparedPhotos, DuplicateTotals
from operations.duplicates.report import html_page
from operations.exporting.files import partial_of, told_of
from operations.wiring import DeployedPipeline, connect


def duplicates(
    *,
    stack: options.Stack = None,
    local: options.Local = None,
    directory: options.Directory = None,
    prefix: options.Prefix = None,
    distance: Annotated[
        int,
        typer.Option(
            "--distance",
            min=0,
            max=MOST_DISTANCE,
            help="In how many of 64 bits near duplicates differ at most.",
        ),
    ] = 3,
    burst_seconds: Annotated[
        float,
        typer.Option(
            "--burst-seconds", min=0, help="How far apart photos of a burst are at most; 0 looks for none."
        ),
    ] = 2.0,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write a page with pictures to this file (HTML).")
    ] = None,
    pictures: Annotated[
        int, typer.Option("--pictures", min=1, help="At most so many pictures of groups, and of bursts.")
    ] = 300,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Print at most so many groups.")] = 20,
    json: Annotated[
        bool, typer.Option("--json", help="Write a JSON document a line: each group, each burst, the totals.")
    ] = False,
) -> None:
    """Find photos with the same content and nearly the same picture, and bursts. Nothing is deleted.

    Of each group the largest picture is kept, of those the sharpest. It reads the whole table once: about 16
    cents and some minutes for a million photos.
    """
    pipeline = connect(stack, local, directory)
    with ComparedPhotos() as photos:
        units = _read(pipeline, photos, prefix or "", distance)
        totals = photos.totals()
        if report is not None:
            _write(report, pipeline, photos, burst_seconds, pictures)
        if json:
            _print_json(photos, totals, _bursts(photos, burst_seconds))
        else:
            _print(photos, totals, _bursts(photos, burst_seconds), limit)
    dollars = units * Prices().million_read_units / MILLION
    terminal.remark(f"Reading the table took {units:,.0f} read units, ${dollars:.4f}. Nothing was changed.")


def _read(pipeline: DeployedPipeline, photos: ComparedPhotos, prefix: str, distance: int) -> float:
    """Read and group all photos; return the read units that it took. Raise StoppedError on Ctrl-C."""
    found = unreadable = 0
    units = 0.0
    with terminal.stepwise("reading") as display:
        for page in display.until_interrupted(pipeline.photos.scan_photos(prefix)):
            photos.add(page.photos)
            found, unreadable = found + len(page.photos), unreadable + page.unreadable
            units += page.units
            display.show(f"{found:,} photos", done=found)
        display.raise_if_interrupted(f"{found:,} photos were read and not compared; nothing was changed")
        display.follow(photos.group(distance), "the photos were not all compared; nothing was changed")
    if unreadable:
        terminal.remark(f"{unreadable:,} records cannot be read, and are left out")
    return units


def _bursts(photos: ComparedPhotos, seconds: float) -> Iterable[Burst]:
    return photos.bursts(seconds) if seconds else ()


def _write(
    report: Path, pipeline: DeployedPipeline, photos: ComparedPhotos, burst_seconds: float, pictures: int
) -> None:
    bucket = pipeline.renditions
    if bucket is None:
        terminal.remark("This deployment makes no thumbnails (its setting pictures), so the report has none")

    def read(keys: Sequence[str]) -> Iterable[bytes | None]:
        return repeat(None, len(keys)) if bucket is None else pipeline.executor.map(bucket.read, keys)

    partial = partial_of(report)
    page = html_page(photos.totals(), photos.groups(), _bursts(photos, burst_seconds), read, pictures)
    with terminal.stepwise("writing the report") as display, told_of(report):
        with partial.open("w", encoding="utf-8", errors="backslashreplace") as file:
            for text in display.until_interrupted(page):
                file.write(text)
        if display.is_interrupted:
            partial.unlink()
            raise terminal.StoppedError("the report was not written")
        partial.replace(report)
    terminal.remark(f"The report is {report}")


def _print_json(photos: ComparedPhotos, totals: DuplicateTotals, bursts: Iterable[Burst]) -> None:
    for group in photos.groups():
        sys.stdout.write(as_json(group.to_json()) + "\n")
    count = 0
    for burst in bursts:
        count += 1
        sys.stdout.write(as_json(burst.to_json()) + "\n")
    sys.stdout.write(as_json({"kind": "totals", **totals._asdict(), "bursts": count}) + "\n")


def _print(photos: ComparedPhotos, totals: DuplicateTotals, bursts: Iterable[Burst], limit: int) -> None:
    rows = [
        (
            group.kept.key,
            f"{len(group.photos):,}",
            "exact" if group.is_exact else "near",
            terminal.size(group.saved_bytes),
            terminal.first_of([photo.key for photo in group.photos[1:]]),
        )
        for group in photos.groups(limit)
    ]
    if rows:
        terminal.print_table(("Keep", "#Photos", "Kind", "#Could save", "Others"), rows)
        typer.echo()
    left = f" (these are {limit:,} of them)" if totals.groups > limit else ""
    typer.echo(
        f"{totals.photos:,} photos; {totals.groups:,} groups{left}, in which {totals.duplicates:,} photos "
        f"could go: {terminal.size(totals.saved_bytes)}, "
        f"{terminal.size(totals.exact_saved_bytes)} of it exact copies."
    )
    found = iter(bursts)
    shown = [
        (burst.sharpest.key, f"{len(burst.photos):,}", burst.photos[0].taken_at or "")
        for burst in islice(found, limit)
    ]
    if shown:
        further = sum(1 for _ in found)
        typer.echo()
        terminal.print_table(("Sharpest of a burst", "#Photos", "Taken at"), shown)
        typer.echo(
            f"\n{len(shown) + further:,} bursts{f' (these are {limit:,} of them)' if further else ''}."
        )
    if totals.unhashed:
        typer.echo(
            f"{totals.unhashed:,} photos were never looked at as files, so only exact copies of them are "
            "found: imagepipe backfill --metadata"
        )
