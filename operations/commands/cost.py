"""`imagepipe cost`: what photos cost, by the model. It asks no pipeline."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from contract.cost_model.costs import bill
from contract.cost_model.usage import Assumptions, Work, seconds_at_quota
from contract.detectors import DEFAULT_DETECTORS, OPERATIONS
from operations import terminal
from operations.commands import options
from operations.cost_page import money, page
from operations.faults import OperatorError


def cost(
    *,
    photos: Annotated[int, typer.Option("--photos", min=1, help="How many new photos.")] = 1_000_000,
    detectors: Annotated[
        str, typer.Option("--detectors", help="Which detectors, comma-separated.")
    ] = ",".join(DEFAULT_DETECTORS),
    bulk: Annotated[bool, typer.Option("--bulk", help="Price a backfill, not uploads.")] = False,
    labels: Annotated[
        float, typer.Option("--labels", min=0, help="Labels per photo.")
    ] = Assumptions.labels_a_photo,
    markdown: Annotated[bool, typer.Option("--markdown", help="Write docs/cost.md to stdout.")] = False,
    json: options.Json = False,
) -> None:
    """Print what new photos cost by service, and how long they take at the usual quotas."""
    if markdown:
        sys.stdout.write(page())
        return
    assumed = Assumptions(labels_a_photo=labels)
    work = Work.of_new_photos(photos, _operations(detectors), is_bulk=bulk)
    costs, hours = bill(work, assumed), seconds_at_quota(work.calls, assumed.quotas) / 3600
    if json:
        terminal.print_json({"photos": photos, "hours": round(hours, 2), "dollars": costs.to_json()})
        return
    shown = terminal.table("Service", "#Dollars")
    for service, dollars in {**costs.by_service, "all": costs.total}.items():
        shown.add_row(service, money(dollars))
    terminal.results().print(shown)
    typer.echo(
        f"\n{photos:,} photos take {hours:,.1f} hours at the usual quotas; keeping what is found costs "
        f"${money(costs.storage_a_month)} a month. Assumptions: docs/cost.md"
    )


def _operations(detectors: str) -> tuple[str, ...]:
    names = [name.strip() for name in detectors.split(",") if name.strip()]
    unknown = [name for name in names if name not in OPERATIONS]
    if unknown or not names:
        raise OperatorError(f"--detectors {detectors!r}: choose one or more of {', '.join(OPERATIONS)}")
    return tuple(dict.fromkeys(OPERATIONS[name] for name in names))
