"""Breaks the guards and a sample of everything, and writes docs/mutants.md: `make nightly`."""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Annotated

import typer

from infra.bundles import ROOT
from tests.mutants.choosing import Choice, record
from tests.mutants.copies import Copy
from tests.mutants.guards import Guard, read_guards
from tests.mutants.page import SAMPLE_HEADING, Tried, guards_part, sample_part
from tests.mutants.sampling import Mutation, draw, read_equivalent

PAGE = ROOT / "docs" / "mutants.md"
KEPT = ROOT / "build" / "mutants"


def main(
    sample: Annotated[int, typer.Option(help="How many mutations; with 0, the page keeps its own.")] = 330,
    seed: Annotated[int, typer.Option(help="Another seed is another sample.")] = 1,
    jobs: Annotated[int, typer.Option(min=1, help="How many to try side by side.")] = 2,
    again: Annotated[bool, typer.Option(help="Try only what survived the last time.")] = False,
) -> None:
    """Break the guards and a sample of everything; exit 1 if a guard was broken and nobody noticed."""
    guards, equivalent = read_guards(), read_equivalent()
    known = _read() if again else {}
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as executor:
        copies: SimpleQueue[Copy] = SimpleQueue()
        made = [Copy.make(Path(folder) / str(job)) for job in range(jobs)]
        # Also for what survived the last time: there may be new tests.
        shutil.rmtree(KEPT / "recorded", ignore_errors=True)
        record(made[0], KEPT / "recorded")
        choice = Choice(KEPT / "recorded")
        _require_silence(made[0], guards[0], choice)
        for copy in made:
            copies.put(copy)

        def in_a_copy(name: str, tried: Callable[[Copy], list[str]]) -> Sequence[str]:
            if found := known.get(name):
                return found
            copy = copies.get()
            try:
                noticed_by = tried(copy)
            finally:
                copies.put(copy)
            print(f"{'noticed' if noticed_by else 'SURVIVED'}: {name}", file=sys.stderr)
            _keep(name, noticed_by)
            return noticed_by

        def try_guard(guard: Guard) -> Sequence[str]:
            runs = guard.runs(choice)
            return in_a_copy(guard.breaks, lambda copy: copy.notice(guard.file, guard.broken(), runs))

        def try_mutation(mutation: Mutation) -> Tried:
            noticed_by: Sequence[str] = ()
            if mutation.key not in equivalent:
                intact = (ROOT / mutation.file).read_text()
                run = choice.run_for(mutation.file, intact, mutation.lines)
                noticed_by = in_a_copy(
                    " | ".join(mutation.key),
                    lambda copy: copy.notice(mutation.file, mutation.source, [run] if run else []),
                )
            return Tried(mutation.file, mutation.line, mutation.was, mutation.becomes, noticed_by)

        if not again:
            (KEPT / "results.jsonl").write_text("")
        held = dict(zip((guard.breaks for guard in guards), executor.map(try_guard, guards), strict=True))
        tried = list(executor.map(try_mutation, draw(sample, seed) if sample else []))
    of_before = PAGE.read_text()
    rest = sample_part(tried, equivalent, seed) if sample else of_before[of_before.index(SAMPLE_HEADING) :]
    PAGE.write_text(guards_part(held) + rest)
    unheld = [breaks for breaks, tests in held.items() if not tests]
    survivors = sum(not one.noticed_by and one.key not in equivalent for one in tried)
    print(f"{len(unheld)} of {len(held)} guards and {survivors} of {len(tried)} mutations: nobody noticed")
    print(f"see {PAGE.relative_to(ROOT)}")
    raise typer.Exit(1 if unheld else 0)


def _require_silence(copy: Copy, guard: Guard, choice: Choice) -> None:
    """Raise SystemExit if tests fail where nothing is broken: they would notice everything."""
    if failed := copy.notice(guard.file, guard.intact(), guard.runs(choice)[:1]):
        raise SystemExit(f"these fail although nothing is broken: {', '.join(failed)}")


def _keep(name: str, noticed_by: Sequence[str]) -> None:
    with (KEPT / "results.jsonl").open("a") as results:
        results.write(json.dumps([name, list(noticed_by)]) + "\n")


def _read() -> dict[str, list[str]]:
    return dict(json.loads(line) for line in (KEPT / "results.jsonl").read_text().splitlines())


if __name__ == "__main__":
    typer.run(main)
