"""The page and the JSON file. The page needs nothing from anywhere else."""

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from loadtest import plots
from loadtest.gauges import Sample
from loadtest.outcome import LoadtestOutcome
from loadtest.plots import Series
from loadtest.report import rows, what_was_run

_STYLE = Path(__file__).with_name("page.css")
# A rate is drawn over so many seconds: of one alone it would be mostly chance.
SMOOTHED_SECONDS = 5.0


def write(outcomes: Sequence[LoadtestOutcome], directory: Path, stem: str) -> tuple[Path, Path]:
    """Write `stem`.html and `stem`.json into a directory, and return their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    html, data = directory / f"{stem}.html", directory / f"{stem}.json"
    html.write_text(as_html(outcomes))
    data.write_text(json.dumps([outcome.to_json() for outcome in outcomes], indent=1) + "\n")
    return html, data


def figures(outcome: LoadtestOutcome) -> dict[str, Any]:
    """Return the figures of an outcome without what was looked at once a second."""
    left_out = ("samples", "ended_at", "latency_seconds")
    return {name: value for name, value in outcome.to_json().items() if name not in left_out}


def as_html(outcomes: Sequence[LoadtestOutcome]) -> str:
    body = "".join(_section(outcome) for outcome in outcomes)
    title = "Load test: " + ", ".join(outcome.scenario for outcome in outcomes)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE.read_text()}</style></head>"
        f"<body><h1>{escape(title)}</h1>{body}</body></html>\n"
    )


def _section(outcome: LoadtestOutcome) -> str:
    parts = [
        f"<h2>{escape(outcome.scenario)}</h2><p>{escape(outcome.about)}</p>",
        f'<p class="where">{escape(what_was_run(outcome))}</p>',
        f'<p class="on">{escape(outcome.circumstances.replace("`", ""))}; begun {outcome.begun_at}</p>',
        _table(outcome),
        _api(outcome),
        "<h3>Calls a second, against the quota</h3>",
        plots.lines(_throughput(outcome), "seconds since the first photo", "calls a second"),
        f'<p class="note">A point is the mean of the {SMOOTHED_SECONDS:g} s before it.{_steady(outcome)}</p>',
        "<h3>From put in to searchable</h3>",
        plots.histogram(dict(outcome.latency_seconds), "seconds", "photos"),
        '<p class="note">From the moment S3 (for prepared photos: SQS) had taken it to the moment its '
        "completion was received, which is sent after the commit that makes it searchable.</p>",
        "<h3>Messages in the queues</h3>",
        plots.lines(_depths(outcome.samples), "seconds since the first photo", "messages"),
    ]
    return f"<section>{''.join(parts)}</section>"


def _table(outcome: LoadtestOutcome) -> str:
    written = []
    for row in rows(outcome):
        side = "" if row.reached is None else "good" if row.reached else "bad"
        cells = f"<td>{escape(row.what)}</td><td>{escape(row.value)}</td>"
        written.append(f'<tr>{cells}<td class="{side}">{escape(row.verdict)}</td></tr>')
    return f"<table><tr><th>figure</th><th>measured</th><th>aim</th></tr>{''.join(written)}</table>"


def _api(outcome: LoadtestOutcome) -> str:
    if not outcome.api:
        return ""
    columns = ("what", "requests", "failures", "a_second", "p50_ms", "p95_ms", "p99_ms")
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(getattr(asked, name)))}</td>" for name in columns) + "</tr>"
        for asked in outcome.api
    )
    name = escape(f"{outcome.scenario}-locust.html")
    return (
        f"<h3>The API under load</h3><table><tr>{head}</tr>{body}</table>"
        f'<p class="note">Locust&#39;s own page lies beside this one: <a href="{name}">{name}</a></p>'
    )


def _cell(value: Any) -> str:
    return "?" if value is None else f"{value:.1f}" if isinstance(value, float) else str(value)


def _steady(outcome: LoadtestOutcome) -> str:
    if outcome.steady is None:
        return ""
    begin, end = outcome.steady.begin, outcome.steady.end
    return (
        f" Steady state is from {begin:.0f} s, a time for workers to start, to {end:.0f} s, when 95 % of the "
        "backlog had ended: the accepted calls of that time over what the quota allowed in it."
    )


def _throughput(outcome: LoadtestOutcome) -> list[Series]:
    last = outcome.samples[-1].at_seconds if outcome.samples else 0.0
    drawn = [Series("images ended", _smoothed([(s.at_seconds, s.ended) for s in outcome.samples]))]
    for call in outcome.operations:
        accepted = [(s.at_seconds, s.calls.accepted.get(call.name, 0)) for s in outcome.samples]
        throttled = [(s.at_seconds, s.calls.throttled.get(call.name, 0)) for s in outcome.samples]
        drawn.append(Series(f"{call.name} accepted", _smoothed(accepted)))
        if call.throttled:
            drawn.append(Series(f"{call.name} throttled", _smoothed(throttled)))
        if steps := outcome.quotas.get(call.name):
            drawn.append(Series(f"{call.name} quota", _stairs(steps, last), dashed=True))
    return drawn


def _smoothed(totals: Sequence[tuple[float, int]]) -> list[tuple[float, float]]:
    """Turn totals over time into their growth a second."""
    drawn, earlier = [], [(0.0, 0), *totals]
    first = 0
    for at, total in totals:
        while earlier[first + 1][0] <= at - SMOOTHED_SECONDS:
            first += 1
        since, before = earlier[first]
        if at > since:
            drawn.append((at, (total - before) / (at - since)))
    return drawn


def _stairs(steps: Sequence[tuple[float, float]], last: float) -> list[tuple[float, float]]:
    drawn = []
    for (since, value), end in zip(steps, [since for since, _ in steps[1:]] + [last], strict=True):
        drawn += [(since, value), (end, value)]
    return drawn


def _depths(samples: Sequence[Sample]) -> list[Series]:
    names = {"queue_url": "images", "bulk_queue_url": "bulk"}
    drawn = []
    for queue, name in names.items():
        waiting = [(sample.at_seconds, float(sample.waiting[queue])) for sample in samples]
        in_flight = [(sample.at_seconds, float(sample.in_flight[queue])) for sample in samples]
        if any(count for _, count in (*waiting, *in_flight)):
            drawn += [Series(f"{name}: waiting", waiting), Series(f"{name}: in flight", in_flight)]
    return drawn
