"""Plots as SVG, with nothing from elsewhere; tables in Markdown, and where they go in the pages of docs/."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 860, 260
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 14, 40
_TICKS = 6
COLOURS = ("#1d6fb8", "#c8553d", "#3a8f5c", "#8a5aa8", "#b08a1e", "#5b6770")
NOTHING = "<p>Nothing to draw.</p>"

PANEL_WIDTH, PANEL_HEIGHT, GAP, MARGIN = 380, 150, 46, 44
GREEN, RED, BLACK, GREY = "#2a9d5c", "#d1495b", "#222222", "#888888"
# A panel shows up to so many times the quota; what is above is cut off.
MOST_OF_QUOTA = 3.0


@dataclass(frozen=True)
class Series:
    """Points (x, y) of one thing, in the order of x; a dashed one is a limit."""

    name: str
    points: Sequence[tuple[float, float]]
    dashed: bool = False


@dataclass(frozen=True)
class Panel:
    """Calls by second, accepted and throttled on top of them; the quota by second."""

    title: str
    accepted: Sequence[float]
    throttled: Sequence[float]
    quota: Sequence[float]


def lines(drawn: Sequence[Series], x_name: str, y_name: str) -> str:
    """Draw lines over a common x, from 0 on both sides."""
    drawn = [line for line in drawn if line.points]
    if not drawn:
        return NOTHING
    axes = _Axes.up_to(
        max(x for line in drawn for x, _ in line.points), max(y for line in drawn for _, y in line.points)
    )
    parts = [axes.drawn(x_name, y_name)]
    for line, colour in zip(drawn, _colours(len(drawn)), strict=True):
        path = " ".join(f"{axes.x(x):.1f},{axes.y(y):.1f}" for x, y in line.points)
        dash = ' stroke-dasharray="6 4"' if line.dashed else ""
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"{dash}/>')
    return _with_legend(parts, [line.name for line in drawn], y_name)


def histogram(values: dict[str, Sequence[float]], x_name: str, y_name: str, bins: int = 40) -> str:
    """Draw how often values of each kind fall into equal ranges; kinds lie over one another."""
    values = {name: found for name, found in values.items() if found}
    if not values:
        return NOTHING
    top = max(max(found) for found in values.values()) or 1.0
    width = top / bins
    counts = {name: _counted(found, width, bins) for name, found in values.items()}
    axes = _Axes.up_to(top, max(max(found) for found in counts.values()))
    parts = [axes.drawn(x_name, y_name)]
    for found, colour in zip(counts.values(), _colours(len(counts)), strict=True):
        for place, count in enumerate(found):
            if count:
                x, y = axes.x(place * width), axes.y(count)
                wide, high = axes.x((place + 1) * width) - x - 0.6, axes.y(0) - y
                parts.append(
                    f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}" '
                    f'fill="{colour}" fill-opacity="0.6"/>'
                )
    return _with_legend(parts, list(counts), y_name)


def grid(title: str, panels: Sequence[Panel], columns: int = 2) -> str:
    """Draw panels of calls a second against the quota side by side, as a file of their own."""
    rows = -(-len(panels) // columns)
    width = MARGIN + columns * (PANEL_WIDTH + MARGIN)
    height = 64 + rows * (PANEL_HEIGHT + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'font-family="sans-serif" font-size="12" role="img"><title>{escape(title)}</title>',
        f'<rect width="{width}" height="{height}" fill="white"/>',
        _text(MARGIN, 22, title, BLACK, 'font-size="15"'),
        _text(MARGIN, 42, "■ accepted", GREEN),
        _text(MARGIN + 90, 42, "■ throttled", RED),
        _text(MARGIN + 180, 42, "- - quota; calls a second over seconds. Simulated.", GREY),
    ]
    for place, panel in enumerate(panels):
        row, column = divmod(place, columns)
        parts += _panel(panel, MARGIN + column * (PANEL_WIDTH + MARGIN), 76 + row * (PANEL_HEIGHT + GAP))
    return "\n".join([*parts, "</svg>\n"])


def ticks(most: float, *, beyond: bool = False) -> list[float]:
    """Return round numbers from 0 to about the most, or just beyond it."""
    if most <= 0:
        return [0.0, 1.0]
    raw = most / _TICKS
    power = 10 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw)
    count = math.ceil(most / step) if beyond else math.floor(most / step)
    return [round(step * place, 10) for place in range(count + 1)]


@dataclass(frozen=True)
class _Frame:
    """From the plot's numbers, 0 to the most, to places in the picture."""

    left: float
    top: float
    width: float
    height: float
    x_most: float
    y_most: float

    def x(self, value: float) -> float:
        return self.left + value / (self.x_most or 1) * self.width

    def y(self, value: float) -> float:
        return self.top + self.height - self.height * min(value, self.y_most) / (self.y_most or 1)

    def steps(self, heights: Sequence[float]) -> str:
        return "".join(f"V{self.y(high):.1f}H{self.x(place):.1f}" for place, high in enumerate(heights, 1))


class _Axes(_Frame):
    """Axes with ticks and names, in a picture of WIDTH and HEIGHT."""

    @classmethod
    def up_to(cls, x_most: float, y_most: float) -> "_Axes":
        width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
        return cls(LEFT, TOP, width, height, x_most, ticks(y_most, beyond=True)[-1])

    def drawn(self, x_name: str, y_name: str) -> str:
        parts = []
        for value in ticks(self.y_most, beyond=True):
            y = self.y(value)
            parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
        low = HEIGHT - BOTTOM + 16
        parts += [
            f'<text x="{self.x(value):.1f}" y="{low}" text-anchor="middle">{value:g}</text>'
            for value in ticks(self.x_most)
        ]
        middle = (LEFT + WIDTH - RIGHT) / 2
        parts.append(f'<text x="{middle}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x_name)}</text>')
        turned = f"rotate(-90 14 {HEIGHT / 2})"
        parts.append(
            f'<text x="14" y="{HEIGHT / 2}" text-anchor="middle" transform="{turned}">{escape(y_name)}</text>'
        )
        return "".join(parts)


def _panel(panel: Panel, left: int, top: int) -> Iterator[str]:
    total = [a + t for a, t in zip(panel.accepted, panel.throttled, strict=True)]
    highest = min(MOST_OF_QUOTA * max(panel.quota), max([*total, *panel.quota])) * 1.05
    frame = _Frame(left, top, PANEL_WIDTH, PANEL_HEIGHT, len(total), highest)
    low, right = top + PANEL_HEIGHT, left + PANEL_WIDTH
    for heights, colour in ((total, RED), (panel.accepted, GREEN)):
        yield f'<path d="M{left} {low}{frame.steps(heights)}V{low}Z" fill="{colour}"/>'
    line = f"M{left} {frame.y(panel.quota[0]):.1f}{frame.steps(panel.quota)}"
    yield f'<path d="{line}" fill="none" stroke="{BLACK}" stroke-dasharray="5 4"/>'
    yield f'<path d="M{left} {top}V{low}H{right}" fill="none" stroke="{GREY}"/>'
    yield _text(left, top - 7, panel.title, BLACK)
    for value in (0.0, max(panel.quota)):
        yield _text(left - 6, frame.y(value) + 4, f"{value:.0f}", GREY, 'text-anchor="end"')
    yield _text(right, low + 15, f"{len(total)} s", GREY, 'text-anchor="end"')


def _counted(values: Sequence[float], width: float, bins: int) -> list[int]:
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int(value / width))] += 1
    return counts


def _colours(count: int) -> list[str]:
    return [COLOURS[number % len(COLOURS)] for number in range(count)]


def _text(x: float, y: float, text: str, colour: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y:.1f}" fill="{colour}" {more}>{escape(text)}</text>'


def _with_legend(parts: Sequence[str], names: Sequence[str], title: str) -> str:
    legend = "".join(
        f'<span><i style="background:{colour}"></i>{escape(name)}</span>'
        for name, colour in zip(names, _colours(len(names)), strict=True)
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
        f'<p class="legend">{legend}</p>'
    )


class NoMarkersError(ValueError):
    """A page has no place for what was to be written."""


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows))


def between_markers(text: str, name: str, content: str) -> str:
    """Return the text with new content between `<!-- NAME -->` and `<!-- /NAME -->`, or raise."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise NoMarkersError(f"the page lacks {begin} … {end}, once each")
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n{content}\n{end}{rest.partition(end)[2]}"
