"""`make loadtest`: drives a running stack from outside, shows figures, and writes a JSON file and a page."""

import json
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from loadtest import ROOT, LoadtestError
from loadtest.places import LOCAL_DIRECTORY
from loadtest.scenario import BUILT_IN, Scenario
from local.cloud.stages import console

if TYPE_CHECKING:
    from loadtest.outcome import LoadtestOutcome

_INTERRUPTED = 130


def main(  # noqa: PLR0917  # typer makes options of them
    names: Annotated[list[str] | None, typer.Argument(metavar="[SCENARIO]...", help="smoke if none.")] = None,
    stack: Annotated[str | None, typer.Option(help="Run on this stack on AWS.")] = None,
    local: Annotated[bool, typer.Option("--local", help="Run on this machine, as without --stack.")] = False,
    directory: Annotated[Path, typer.Option(help="Where the local environment is.")] = LOCAL_DIRECTORY,
    scenarios: Annotated[Path, typer.Option(help="A file of scenarios.")] = BUILT_IN,
    out: Annotated[Path, typer.Option(help="Where the reports go.")] = ROOT / "build" / "loadtest",
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="Only list the scenarios.")] = False,
) -> None:
    """Put photos through a running stack, follow them, and report. Scenarios are in a file.

    Exit code 1: photos were lost, or were still on their way when it was given up.
    """
    from loadtest import page, report
    from loadtest.scenario import read_scenarios

    shown = console(stderr=as_json)
    with _faults_in_one_line():
        if stack and local:
            raise LoadtestError("both a stack and this machine are asked for; choose one")
        known = read_scenarios(scenarios)
        if listing:
            shown.print(report.listed(known.values()))
            return
        chosen = [_chosen(known, name) for name in names or ["smoke"]]
        outcomes = _measure_all(shown, chosen, stack, directory, out)
    if as_json:
        typer.echo(json.dumps([page.figures(outcome) for outcome in outcomes], indent=1))
    if any(outcome.gave_up or outcome.unheard.lost for outcome in outcomes):
        raise typer.Exit(1)


def _measure_all(
    console: Console, chosen: list[Scenario], stack: str | None, directory: Path, out: Path
) -> "list[LoadtestOutcome]":
    """Carry scenarios out one after the other; the report of those that are done is there after each."""
    from loadtest import page, report
    from loadtest.outcome import measure
    from loadtest.places import place_for

    stem = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{'-'.join(scenario.name for scenario in chosen)}"
    outcomes: list[LoadtestOutcome] = []
    for scenario in chosen:
        with (
            report.live(console, scenario) as (say, show),
            place_for(scenario, stack, directory, say) as place,
        ):
            outcomes.append(measure(scenario, place, out, say, show))
        page.write(outcomes, out, stem)
        console.print(report.summary(outcomes[-1]), "")
    console.print(f"{out / stem}.html and .json", highlight=False, soft_wrap=True)
    return outcomes


@contextmanager
def _faults_in_one_line() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (LoadtestError, BotoCoreError, ClientError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    except KeyboardInterrupt as error:
        typer.echo("interrupted; what was subscribed, set or started is undone", err=True)
        raise typer.Exit(_INTERRUPTED) from error


def _chosen(known: Mapping[str, Scenario], name: str) -> Scenario:
    if name not in known:
        raise LoadtestError(f"no scenario {name}; there are {', '.join(known)}")
    return known[name]


if __name__ == "__main__":
    # Told to end, it cleans up as after a Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    typer.run(main)
