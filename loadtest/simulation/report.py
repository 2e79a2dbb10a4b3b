"""The report: tables and plots between the markers of docs/fleet.md, and all of it in one directory."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from html import escape
from pathlib import Path

from loadtest import ROOT
from loadtest.plots import between_markers, grid, markdown_table
from loadtest.simulation.figures import Aftermath, Figures, Simulated
from loadtest.simulation.scenario import FleetScenario

PAGE = ROOT / "docs" / "fleet.md"
IMAGES = ROOT / "docs" / "images"
SIMULATED = "Simulated, not run: the pipeline's code is the real one, AWS and its time are not."


HEAD = (
    "scenario",
    "use of the quota",
    "throttled",
    "images/s",
    "worker-s an image",
    "Lambda $/M",
    "DynamoDB requests an image",
    "budget writes an image",
    "lost / dead / paid twice",
    "virtual s",
)
OUTAGES_HEAD = (
    "what is missing",
    "dead letters",
    "lost",
    "paid twice (of how many that may be)",
    "done after all was well again",
    "most receives of a message",
    "invocations a photo",
    "invocations that Lambda refused",
)
LANES_HEAD = ("scenario", "use of the quota", "live p50", "live p95", "backlog p95", "budget writes an image")
PLOTTED = {"quotas", "rivals", "faults"}
# Hours on end, which no plot by the second shows.
NOT_DRAWN = {"outages"}


def table(group: str, results: Sequence[Simulated]) -> tuple[Sequence[str], list[list[str]]]:
    if group == "lanes":
        return LANES_HEAD, [_lanes_line(scenario, seen) for scenario, seen, _ in results]
    if group == "outages":
        return OUTAGES_HEAD, [_outage_line(scenario, seen.aftermath) for scenario, seen, _ in results]
    return HEAD, [_usual_line(scenario, seen) for scenario, seen, _ in results]


def _usual_line(scenario: FleetScenario, seen: Figures) -> list[str]:
    return [
        f"{scenario.title}{_more(scenario, seen)}",
        _use(seen),
        f"{seen.throttled:.1%}",
        f"{seen.images_a_second:.1f}",
        f"{seen.worker_seconds:.2f}",
        f"{seen.lambda_dollars_a_million:.2f}",
        f"{seen.requests:.2f}",
        f"{seen.budget_writes:.2f}",
        f"{seen.aftermath.lost} / {seen.aftermath.dead.total()} / {seen.aftermath.paid_twice}",
        f"{seen.seconds:.0f}",
    ]


def _lanes_line(scenario: FleetScenario, seen: Figures) -> list[str]:
    live, bulk = seen.live, seen.bulk
    return [
        scenario.title,
        _use(seen),
        _seconds(live.p50 if live else None),
        _seconds(live.p95 if live else None),
        _seconds(bulk.p95 if bulk else None),
        f"{seen.budget_writes:.2f}",
    ]


def _outage_line(scenario: FleetScenario, seen: Aftermath) -> list[str]:
    refused = [(seen.dropped, "recursive"), (seen.throttled, "for want of concurrency")]
    return [
        scenario.title,
        ", ".join(f"{number} {cause}" for cause, number in seen.dead.most_common()) or "0",
        str(seen.lost),
        f"{seen.paid_twice} ({scenario.may_pay_twice})",
        f"{seen.recovery_seconds / 60:.0f} min",
        str(seen.receives),
        f"{seen.invocations:.1f}",
        ", ".join(f"{number} {why}" for number, why in refused if number) or "0",
    ]


def _more(scenario: FleetScenario, seen: Figures) -> str:
    parts = [scenario.notes] if scenario.notes else []
    for (at, _), change in zip(scenario.shares, seen.changes, strict=True):
        back = "never" if change.back is None else f"after {change.back:.0f} s"
        parts.append(
            f"from {at:.0f} s: use {change.use:.2f}, steadily over 0.9 {back}, {change.throttled} throttled"
        )
    parts += [f"{number:.2f} {kind} an image refused" for kind, number in seen.refused_writes.items()]
    if scenario.kills:
        parts.append(f"{seen.killed} killed")
    return f" ({'; '.join(parts)})" if parts else ""


def _use(seen: Figures) -> str:
    return ", ".join(
        f"{use:.2f}" if len(seen.use) == 1 else f"{operation} {use:.2f}"
        for operation, use in seen.use.items()
    )


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"


def write(
    groups: Mapping[str, Sequence[Simulated]],
    directory: Path,
    page: Path | None,
) -> None:
    """Write the groups' tables and plots into the directory, and into the page where there is one."""
    directory.mkdir(parents=True, exist_ok=True)
    for group, results in groups.items():
        if group not in NOT_DRAWN:
            drawing = grid(f"{group}: calls a second", [panel for _, _, panel in results])
            (directory / f"fleet-{group}.svg").write_text(drawing)
        lines = [{"scenario": asdict(scenario), "figures": asdict(seen)} for scenario, seen, _ in results]
        (directory / f"{group}.json").write_text(json.dumps(lines, indent=1))
        if page is not None:
            told = markdown_table(*table(group, results))
            page.write_text(between_markers(page.read_text(), f"fleet:{group}", told))
            if group in PLOTTED:
                IMAGES.mkdir(exist_ok=True)
                (IMAGES / f"fleet-{group}.svg").write_text(drawing)
    (directory / "index.html").write_text(_html(groups, directory))


def _html(groups: Mapping[str, Sequence[Simulated]], directory: Path) -> str:
    parts = [
        "<!doctype html><meta charset=utf-8><title>Fleet</title>",
        "<style>body{font-family:sans-serif;margin:2em}td,th{padding:.2em .6em;text-align:left}</style>",
        f"<h1>Fleet</h1><p><strong>{SIMULATED}</strong>",
    ]
    for group, results in groups.items():
        head, lines = table(group, results)
        rows = [head, *lines]
        cells = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        parts.append(f"<h2>{group}</h2><table>{cells}</table>")
        if group not in NOT_DRAWN:
            parts.append((directory / f"fleet-{group}.svg").read_text())
    return "\n".join(parts)
