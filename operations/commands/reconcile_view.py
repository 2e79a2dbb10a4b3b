"""What differs between bucket and table, for people and for machines."""

from __future__ import annotations

from collections.abc import Mapping

import typer

from operations.reconciling.fix import Fixed
from operations.reconciling.spool import DifferenceKind
from operations.reconciling.survey import SurveyCounts
from operations.terminal import printable

MEANING: Mapping[DifferenceKind, str] = {
    DifferenceKind.MISSING: "photos without a record",
    DifferenceKind.STALE: "records of another version",
    DifferenceKind.ORPHANED: "records without a photo",
    DifferenceKind.ORPHANED_ROWS: "index rows without a record (invisible)",
}


def show(
    counted: SurveyCounts,
    found: Mapping[DifferenceKind, int],
    keys: Mapping[DifferenceKind, list[str]],
    waiting: int,
) -> None:
    notes = f", and {counted.tombstones:,} notes of deleted ones" if counted.tombstones else ""
    typer.echo(
        f"{counted.objects:,} photos in the bucket; {counted.records:,} records{notes}; "
        f"{counted.rows:,} index rows compared; {counted.in_flight:,} in flight"
    )
    if counted.archived:
        typer.echo(
            f"{counted.archived:,} of the photos are archived and cannot be read: with --fix, those without "
            "a record are looked at once, and recorded as rejected"
        )
    for kind, meaning in MEANING.items():
        typer.echo(f"{kind.replace('_', ' '):<14}{found[kind]:>9,}  {meaning}")
        for key in keys[kind]:
            typer.echo(f"{'':<25}{printable(key)}")
    if waiting and any(found.values()):
        typer.echo(f"{waiting:,} messages wait in the queues, and may settle some of it")


def document(
    counted: SurveyCounts,
    found: Mapping[DifferenceKind, int],
    keys: Mapping[DifferenceKind, list[str]],
    waiting: int,
    fixed: Fixed | None,
) -> dict[str, object]:
    return {
        "objects": counted.objects,
        "archived": counted.archived,
        "heads": counted.records,
        "tombstones": counted.tombstones,
        "index_rows": counted.rows,
        "in_flight": counted.in_flight,
        "messages_waiting": waiting,
        **{str(kind): {"count": found[kind], "keys": keys[kind]} for kind in DifferenceKind},
        "fixed": fixed.to_json() if fixed else None,
    }
