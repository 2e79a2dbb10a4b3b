"""`make chaos`: the fault run, from the command line."""

import random
from pathlib import Path
from typing import Annotated

import typer

from loadtest import ROOT
from loadtest.faults import report, running
from loadtest.faults.running import display
from loadtest.faults.script import script_of
from local.cloud.environment import LocalCloudError
from local.cloud.stages import console

PHOTOS = 500
KILLS = 20
LOG = ROOT / "build" / "chaos" / "cloud.log"


def main(
    seed: Annotated[int | None, typer.Option(help="Which faults; any, if not given.")] = None,
    photos: Annotated[int, typer.Option(min=50, max=5000, help="How many photos.")] = PHOTOS,
    kills: Annotated[int, typer.Option(min=0, max=200, help="How many workers to kill.")] = KILLS,
    log: Annotated[Path, typer.Option(help="Where to leave what the place has said.")] = LOG,
    write: Annotated[bool, typer.Option(help="Write the tables into docs/reliability.md.")] = True,
) -> None:
    """Upload photos while calls fail and workers die; exit 1 if a promise was broken."""
    shown = console()
    order = running.RunOrder(random.SystemRandom().randrange(10_000) if seed is None else seed, photos, kills)
    shown.print(
        f"seed {order.seed}: the same faults again with make chaos SEED={order.seed}", highlight=False
    )
    steps = sum(len(wave) for wave in script_of(order.seed, photos))
    try:
        with display(shown, steps) as progress:
            done = running.run(order, progress, log)
    except LocalCloudError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(error.exit_code) from error
    shown.print(*report.as_tables(done), sep="\n")
    if write and photos == PHOTOS:
        report.write(done)
    if not done.verdict.kept:
        typer.echo(f"error: a promise was broken; the place has said why in {log}", err=True)
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
