"""The run as a table: for the terminal, and between markers in docs/reliability.md."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.table import Table

from contract.policy import ModerationAction
from loadtest import ROOT
from loadtest.faults.calls import AwsService
from loadtest.faults.ledger import DETECTORS
from loadtest.faults.plan import InjectedFault
from loadtest.faults.running import Run
from loadtest.faults.script import Act
from loadtest.plots import between_markers, markdown_table

PAGE = ROOT / "docs" / "reliability.md"

Row = tuple[str, str]


def rows(run: Run) -> list[Row]:
    verdict, ledger, twice = run.verdict, run.ledger, run.verdict.twice
    in_flight = sum((kill.in_flight for kill in ledger.kills), Counter[str]())
    paid_in_flight = sum(count for operation, count in in_flight.items() if operation in DETECTORS)
    changes = ", ".join(f"{run.acts[act]} {said}" for act, said in _CHANGES.items())
    return [
        ("seed", str(run.order.seed)),
        ("photos", f"{run.acts[Act.UPLOAD]}; {changes}"),
        ("films, pictures of a camera", f"{run.acts[Act.FILM]}, {run.acts[Act.PICTURE]}"),
        ("calls of the processor", _listed({service: ledger.calls[service] for service in AwsService})),
        ("faults injected", f"{sum(ledger.faults.values())}: {_faults_by_kind(ledger.faults)}"),
        ("workers killed (`kill -9`)", str(len(ledger.kills))),
        (
            "calls in flight at the kills",
            f"{sum(in_flight.values())}, of which {paid_in_flight} detector calls",
        ),
        ("**lost**", _with_reasons(verdict.lost)),
        ("**stale**", _with_reasons(verdict.stale)),
        ("**names counted wrongly** (labels, statuses)", str(len(verdict.miscounted))),
        ("**dead letters**", _listed(verdict.dead) if verdict.dead else "0"),
        (
            "completions missing",
            f"{len(verdict.silent)} ({run.completions} announced, {run.repeats} of them repeated)",
        ),
        ("**completions that say what the record does not**", _with_reasons(verdict.misspoken)),
        (
            "photos allowed, to be reviewed, blocked",
            ", ".join(str(run.by_action[action]) for action in ModerationAction),
        ),
        ("**rules of alerts that counted wrongly**", _of(verdict.alerts, run.alerts, " messages")),
        ("**photos that name others than those on them**", _of(verdict.strangers, run.with_persons)),
        ("**photos whose rows have not their vector**", _of(verdict.vectors, run.vectors, " vectors")),
        ("**jobs on films** that were begun twice, or not used", _of(verdict.jobs, run.jobs, " jobs")),
        ("**wrong about a camera** (what is asked about, events)", _with_reasons(verdict.events)),
        ("**places that tell of who was forgotten**", _with_reasons(verdict.traces)),
        ("detector calls paid", str(run.paid)),
        ("paid more than once", str(twice.extra)),
        *((f"because {fate}", str(count)) for fate, count in twice.explained.items()),
        ("**paid more than once without a cause**", str(len(twice.unexplained))),
        ("messages left in the queues", str(run.left_over)),
        ("duration", f"{run.seconds_under_fault:.0f} s under fault, {run.seconds_drained:.0f} s to drain"),
    ]


_CHANGES: Mapping[Act, str] = {
    Act.OVERWRITE: "overwritten",
    Act.DELETE: "deleted",
    Act.COPY: "copied",
    Act.LOOK_AGAIN: "asked for again through the bulk queue",
}
_MOST_REASONS = 5


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _with_reasons(keys: Mapping[str, str]) -> str:
    some = "; ".join(f"{key}: {reason}" for key, reason in list(keys.items())[:_MOST_REASONS])
    return f"{len(keys)} ({some})" if keys else "0"


def _of(broken: Mapping[str, str], number: int, what: str = "") -> str:
    return f"{_with_reasons(broken)} (of {number:,}{what})"


def _faults_by_kind(faults: Mapping[tuple[AwsService, InjectedFault], int]) -> str:
    kinds = Counter[str]()
    for (_, fault), count in faults.items():
        kinds[fault] += count
    return _listed(dict(kinds.most_common()))


def fault_grid(run: Run) -> tuple[list[str], list[list[str]]]:
    """Return faults by kind (rows) and service (columns), with a head."""
    kinds = [fault for fault in InjectedFault if fault is not InjectedFault.NONE]
    return (
        ["fault", *AwsService],
        [[str(kind), *(str(run.ledger.faults[service, kind]) for service in AwsService)] for kind in kinds],
    )


OUTAGES_HEAD = (
    "outage",
    "seconds",
    "calls refused",
    "messages handed back",
    "most receives of a message",
    "dead letters",
    "paid again without a cause",
)


def outage_grid(run: Run) -> list[list[str]]:
    return [
        [
            result.spell.outage.name,
            f"{result.spell.ended_at - result.spell.begun_at:.0f}",
            str(result.spell.refused),
            str(result.spell.handed_back),
            str(result.spell.receives),
            str(result.dead),
            str(result.paid_without_a_cause),
        ]
        for result in run.outages
    ]


def as_tables(run: Run) -> Iterable[Table]:
    plain = [[cell.replace("*", "").replace("`", "") for cell in row] for row in rows(run)]
    faults, outages, table = (
        Table(*fault_grid(run)[0]),
        Table(*OUTAGES_HEAD),
        Table("", "", show_header=False),
    )
    for shown, lines in ((faults, fault_grid(run)[1]), (outages, outage_grid(run)), (table, plain)):
        for line in lines:
            shown.add_row(*line)
    return faults, outages, table


def as_markdown(run: Run) -> str:
    head, grid = fault_grid(run)
    return "\n\n".join(
        (
            markdown_table(
                [f"{run.order.photos} photos, seed {run.order.seed}", ""],
                [list(row) for row in rows(run)[1:]],
            ),
            "Outages, and what came of each until the next:",
            markdown_table([*OUTAGES_HEAD], outage_grid(run)),
            "Faults by kind and service, beside the outages:",
            markdown_table(head, grid),
        )
    )


def write(run: Run, page: Path = PAGE) -> None:
    """Put the tables between the markers of the page. Raises NoMarkersError if they are not there."""
    page.write_text(between_markers(page.read_text(), "chaos", as_markdown(run)))
