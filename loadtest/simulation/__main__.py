"""`make fleet`: the simulation of the fleet, from the command line."""

from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from loadtest import ROOT
from loadtest.simulation import report
from loadtest.simulation.figures import Simulated, kept, simulate
from loadtest.simulation.scenarios import GROUPS, as_deployed
from local.cloud.stages import console

DIRECTORY = ROOT / "build" / "fleet"


def main(
    only: Annotated[list[str] | None, typer.Option(help=f"Groups: {', '.join(GROUPS)}. Repeatable.")] = None,
    directory: Annotated[Path, typer.Option(help="Where to leave the report.")] = DIRECTORY,
    write: Annotated[bool, typer.Option(help="Write the tables and plots into docs/.")] = True,
    jobs: Annotated[int, typer.Option(min=1, help="Simulations side by side.")] = 2,
) -> None:
    """Simulate the fleet; exit 1 if a promise was broken."""
    shown = console(width=200)
    chosen = only or list(GROUPS)
    unknown = [group for group in chosen if group not in GROUPS]
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}; choose of {', '.join(GROUPS)}")
    shown.print(f"[bold]{report.SIMULATED}[/]")
    results: dict[str, list[Simulated]] = {}
    broken: list[str] = []
    with ProcessPoolExecutor(jobs, max_tasks_per_child=1) as pool:
        running = {
            group: [pool.submit(simulate, as_deployed(one)) for one in GROUPS[group]] for group in chosen
        }
        for group, futures in running.items():
            results[group] = [future.result() for future in futures]
            head, lines = report.table(group, results[group])
            table = Table(*head, title=group)
            for line in lines:
                table.add_row(*line)
            shown.print(table)
            broken += [scenario.title for scenario, seen, _ in results[group] if not kept(scenario, seen)]
            report.write(results, directory, report.PAGE if write else None)
    shown.print(f"report: {directory / 'index.html'}", highlight=False)
    if broken:
        typer.echo(f"error: promises were broken: {'; '.join(broken)}", err=True)
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
