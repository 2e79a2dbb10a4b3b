"""`make bench`: measures, shows tables, and writes them into docs/performance.md."""

import tempfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from loadtest import LoadtestError
from loadtest.bench import handling, pages, photos, starting, throughput
from loadtest.bench.figures import TITLES, Figure, Section, as_table, write
from loadtest.bench.starting import UnpackedFunction
from loadtest.bench.throughput import ProcessWatcher
from loadtest.completions import following
from loadtest.gauges import circumstances
from loadtest.places import LocalPlace
from loadtest.plots import NoMarkersError
from loadtest.stack import PICTURES, Stack
from local.cloud.environment import LocalCloudError
from local.cloud.stages import console

PAGE_ROUNDS = 200


class Part(StrEnum):
    """What can be measured by itself."""

    STARTING = "starting"
    THROUGHPUT = "throughput"
    HANDLING = "handling"
    PAGES = "pages"
    IMPORTS = "imports"
    PHOTOS = "photos"


def main(
    only: Annotated[Part | None, typer.Option(help="Measure this part, and leave the page as it is.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of throughput.")] = 3,
    round_seconds: Annotated[float, typer.Option(min=1.0, help="About how long one of them takes.")] = 10.0,
    import_rounds: Annotated[int, typer.Option(min=1, help="Rounds of cold imports.")] = 15,
) -> None:
    """Measure the pipeline on this machine, in a place of its own. Takes three to four minutes."""
    shown = console()
    on = circumstances("make bench")
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch, shown.status("") as status:
            bench = Bench(Path(scratch), say=lambda doing: _say(shown, status.update, doing))
            sections = bench.measure(only, rounds, round_seconds, import_rounds)
        for section in sections:
            shown.print(as_table(section), "")
        shown.print(on, highlight=False)
        if only is None:
            write(sections, on)
    except (LoadtestError, LocalCloudError, NoMarkersError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error


class Bench:
    """A place of its own below `scratch`, and what is measured in it."""

    def __init__(self, scratch: Path, say: Callable[[str], None]) -> None:
        self.scratch, self.say = scratch, say
        self.place = LocalPlace(scratch / "place")

    def measure(
        self, only: Part | None, rounds: int, round_seconds: float, import_rounds: int
    ) -> list[Section]:
        """Bring the place up, measure what is asked for, and take it down again. Raises LoadtestError."""
        found: dict[str, list[Figure]] = {}
        if only is Part.PHOTOS:
            # They need no place.
            return [Section("photos", TITLES["photos"], photos.figures(self.scratch / "photos", self.say))]
        try:
            if only in (None, Part.STARTING):
                found["starting"] = starting.figures(self.place, self.say)
            else:
                self.say("make run, in a place of its own")
                self.place.run()
            services = Stack(self.place.outputs())
            if only in (None, Part.THROUGHPUT):
                found |= self._at_work(services, rounds, round_seconds)
            if only in (None, Part.HANDLING):
                found["handling"] = handling.figures(self.scratch, self.say)
            if only in (None, Part.PAGES):
                query_api = UnpackedFunction.at(
                    self.scratch / "pages", services.functions()["query_api"], self.place.packages_of_lambda
                )
            if only in (None, Part.IMPORTS):
                packages, code = self.place.packages_of_lambda, self.scratch / "code"
                compared = starting.comparisons(services.functions(), packages, code)
                if (pictures := services.function(PICTURES)) is not None:
                    compared.append(starting.of_pictures(pictures, packages, code))
        finally:
            self.say("stopping")
            self.place.stop()
        if only in (None, Part.PAGES):
            found["pages"] = pages.Asking(query_api, self.scratch).figures(PAGE_ROUNDS, self.say)
        if only in (None, Part.IMPORTS):
            found["imports"] = starting.import_figures(compared, import_rounds, self.say)
        if only in (None, Part.PHOTOS):
            found["photos"] = photos.figures(self.scratch / "photos", self.say)
        return [Section(name, TITLES[name], figures) for name, figures in found.items()]

    def _at_work(self, services: Stack, rounds: int, round_seconds: float) -> dict[str, list[Figure]]:
        functions = services.functions()
        watch = ProcessWatcher(self.place, functions)
        with watch.watching(), following(services) as completions:
            measured = throughput.Throughput(services, completions, watch)
            both = throughput.rounds_of_both(measured, rounds, round_seconds, self.say)
            self.say("memory: keeping the query function at work")
            throughput.ask_for_a_while(services)
        return {
            "throughput": throughput.figures(*both),
            "processor": throughput.cpu_figures(*both),
            "memory": throughput.memory_figures(watch.peak_mib(), functions),
        }


def _say(console: Console, update: Callable[[str], None], doing: str) -> None:
    update(doing)
    if not console.is_terminal:
        console.print(doing, highlight=False)


if __name__ == "__main__":
    typer.run(main)
