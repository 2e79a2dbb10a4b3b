"""Plots as SVG text: panels of calls a second against the quota, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from loadtest.simulation.running import Record

WIDTH, HEIGHT, GAP, MARGIN = 380, 150, 46, 44
GREEN, RED, BLACK, GREY = "#2a9d5c", "#d1495b", "#222222", "#888888"
# A panel shows up to so many times the quota; what is above is cut off.
TOP = 3.0


@dataclass(frozen=True)
class Panel:
    """One picture: calls by second, accepted and throttled on top of them; the quota by second."""

    title: str
    accepted: Sequence[float]
    throttled: Sequence[float]
    quota: Sequence[float]


def panel(record: Record, title: str, seconds: int | None = None) -> Panel:
    """Picture the calls of the first operation of a scenario."""
    scenario, paid = record.scenario, record.rekognition
    operation = scenario.operations[0]
    span = range(min(seconds or 1 << 30, int(record.ended_at) + 1))

    def quota(second: int) -> float:
        shares = [share for at, share in scenario.shares if at <= second]
        return scenario.quotas[operation] * (shares[-1] if shares else 1.0)

    return Panel(
        title,
        [paid.accepted[operation][second] for second in span],
        [paid.throttled[operation][second] for second in span],
        [quota(second) for second in span],
    )


def grid(title: str, panels: Sequence[Panel], columns: int = 2) -> str:
    """Draw panels side by side."""
    rows = -(-len(panels) // columns)
    width = MARGIN + columns * (WIDTH + MARGIN)
    height = 64 + rows * (HEIGHT + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'font-family="sans-serif" font-size="12" role="img"><title>{escape(title)}</title>',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        _text(MARGIN, 22, title, BLACK, 'font-size="15"'),
        _text(MARGIN, 42, "■ accepted", GREEN),
        _text(MARGIN + 90, 42, "■ throttled", RED),
        _text(MARGIN + 180, 42, "- - quota; calls a second over seconds. Simulated.", GREY),
    ]
    for place, one in enumerate(panels):
        row, column = divmod(place, columns)
        parts += _drawn(one, MARGIN + column * (WIDTH + MARGIN), 76 + row * (HEIGHT + GAP))
    return "\n".join([*parts, "</svg>\n"])


def _drawn(one: Panel, left: int, top: int) -> Iterator[str]:
    total = [a + t for a, t in zip(one.accepted, one.throttled, strict=True)]
    highest = min(TOP * max(one.quota), max([*total, *one.quota])) * 1.05
    across = WIDTH / max(1, len(total))

    def y(value: float) -> float:
        return top + HEIGHT - HEIGHT * min(value, highest) / highest

    def bars(heights: Sequence[float], colour: str) -> str:
        steps = "".join(
            f"V{y(height):.1f}H{left + (place + 1) * across:.1f}" for place, height in enumerate(heights)
        )
        return f'<path d="M{left} {top + HEIGHT}{steps}V{top + HEIGHT}Z" fill="{colour}"/>'

    yield bars(total, RED)
    yield bars(one.accepted, GREEN)
    line = "".join(
        f"V{y(quota):.1f}H{left + (place + 1) * across:.1f}" for place, quota in enumerate(one.quota)
    )
    dashed = f'fill="none" stroke="{BLACK}" stroke-dasharray="5 4"'
    yield f'<path d="M{left} {y(one.quota[0]):.1f}{line}" {dashed}/>'
    yield f'<path d="M{left} {top}V{top + HEIGHT}H{left + WIDTH}" fill="none" stroke="{GREY}"/>'
    yield _text(left, top - 7, one.title, BLACK)
    for value in (0.0, max(one.quota)):
        yield _text(left - 6, y(value) + 4, f"{value:.0f}", GREY, 'text-anchor="end"')
    yield _text(left + WIDTH, top + HEIGHT + 15, f"{len(total)} s", GREY, 'text-anchor="end"')


def _text(x: float, y: float, text: str, colour: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y:.1f}" fill="{colour}" {more}>{escape(text)}</text>'
