"""Plots as SVG: no script, no font and no picture from elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 860, 260
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 14, 40
_TICKS = 6
COLOURS = ("#1d6fb8", "#c8553d", "#3a8f5c", "#8a5aa8", "#b08a1e", "#5b6770")

Point = tuple[float, float]


@dataclass(frozen=True)
class Series:
    """Points of one thing, in the order of their first number; a dashed one is a limit."""

    name: str
    points: Sequence[Point]
    dashed: bool = False


def lines(drawn: Sequence[Series], x_name: str, y_name: str) -> str:
    """Draw lines over a common x, from 0 on both sides."""
    drawn = [line for line in drawn if line.points]
    if not drawn:
        return "<p>Nothing to draw.</p>"
    frame = _Frame(
        max(x for line in drawn for x, _ in line.points), max(y for line in drawn for _, y in line.points)
    )
    parts = [frame.axes(x_name, y_name)]
    for number, line in enumerate(drawn):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in line.points)
        dash = ' stroke-dasharray="6 4"' if line.dashed else ""
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"{dash}/>')
    return _svg(parts, [line.name for line in drawn], y_name)


def histogram(values: dict[str, Sequence[float]], x_name: str, y_name: str, bins: int = 40) -> str:
    """Draw how often values of each kind fall into equal ranges; kinds lie over one another."""
    values = {name: found for name, found in values.items() if found}
    if not values:
        return "<p>Nothing to draw.</p>"
    top = max(max(found) for found in values.values()) or 1.0
    width = top / bins
    counts = {name: _counted(found, width, bins) for name, found in values.items()}
    frame = _Frame(top, max(max(found) for found in counts.values()))
    parts = [frame.axes(x_name, y_name)]
    for number, found in enumerate(counts.values()):
        colour = COLOURS[number % len(COLOURS)]
        for place, count in enumerate(found):
            if count:
                x, y = frame.x(place * width), frame.y(count)
                wide, high = frame.x((place + 1) * width) - x - 0.6, frame.y(0) - y
                parts.append(
                    f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" '
                    f'fill="{colour}" fill-opacity="0.6"/>'
                )
    return _svg(parts, list(counts), y_name)


def _counted(values: Sequence[float], width: float, bins: int) -> list[int]:
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int(value / width))] += 1
    return counts


@dataclass(frozen=True)
class _Frame:
    """From the plot's numbers to places in the picture."""

    x_most: float
    y_most: float

    def x(self, value: float) -> float:
        return LEFT + value / (self.x_most or 1) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        most = self.y_ticks()[-1] or 1
        return HEIGHT - BOTTOM - value / most * (HEIGHT - TOP - BOTTOM)

    def y_ticks(self) -> list[float]:
        return ticks(self.y_most, beyond=True)

    def axes(self, x_name: str, y_name: str) -> str:
        parts = []
        for value in self.y_ticks():
            y = self.y(value)
            parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
        for value in ticks(self.x_most):
            x = self.x(value)
            parts.append(
                f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{value:g}</text>'
            )
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_name)}</text>')
        turned = f"rotate(-90 14 {HEIGHT / 2})"
        parts.append(
            f'<text x="14" y="{HEIGHT / 2}" text-anchor="middle" transform="{turned}">{escape(y_name)}</text>'
        )
        return "".join(parts)


def ticks(most: float, *, beyond: bool = False) -> list[float]:
    """Return round numbers from 0 to about the most, or just beyond it."""
    if most <= 0:
        return [0.0, 1.0]
    raw = most / _TICKS
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw)
    count = math.ceil(most / step) if beyond else math.floor(most / step)
    return [round(step * place, 10) for place in range(count + 1)]


def _svg(parts: Sequence[str], names: Sequence[str], title: str) -> str:
    legend = "".join(
        f'<span><i style="background:{COLOURS[number % len(COLOURS)]}"></i>{escape(name)}</span>'
        for number, name in enumerate(names)
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
        f'<p class="legend">{legend}</p>'
    )
