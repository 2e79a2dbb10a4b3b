"""What is measured, beside what it is compared with: tables for the terminal and for docs/performance.md."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Table

from loadtest import ROOT
from loadtest.plots import between_markers, markdown_table


@dataclass(frozen=True)
class Figure:
    """One measured value and, where there is one, the named baseline that its ratio is taken against.

    The ratio is to be `at_least` or `at_most` a number where a number was aimed at. `baseline` has the same
    unit as `value`.
    """

    what: str
    value: float
    unit: str
    against: str = ""
    baseline: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def ratio(self) -> float | None:
        """Return value over baseline; None without a baseline, or with one of zero."""
        return self.value / self.baseline if self.baseline else None

    @property
    def aim(self) -> str:
        if self.ratio is None or (self.at_least is None and self.at_most is None):
            return ""
        if self.at_least is not None:
            return f"≥ {self.at_least:g} {_verdict(self.ratio >= self.at_least)}"
        assert self.at_most is not None
        return f"≤ {self.at_most:g} {_verdict(self.ratio <= self.at_most)}"

    def cells(self) -> tuple[str, str, str, str, str]:
        """Return the texts of a table's row: what, measured, baseline, ratio, aim."""
        compared = "" if self.baseline is None else f"{in_unit(self.baseline, self.unit)} {self.against}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return self.what, in_unit(self.value, self.unit), compared.strip(), ratio, self.aim


@dataclass(frozen=True)
class Section:
    """One table of figures. What is and what is not in them stands in the page."""

    name: str
    title: str
    figures: list[Figure] = field(default_factory=list)


COLUMNS = ("what", "measured", "baseline", "ratio", "aim")


def in_unit(value: float, unit: str) -> str:
    """Write a value with three digits that mean something, and its unit."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2  # noqa: PLR2004
    return f"{value:.{digits}f} {unit}"


def _verdict(reached: bool) -> str:
    return "reached" if reached else "**missed**"


PAGE = ROOT / "docs" / "performance.md"


def write(sections: Iterable[Section], circumstances: str, page: Path = PAGE) -> None:
    """Replace what stands between the markers of each section, and of `machine`. Raises NoMarkersError."""
    text = between_markers(page.read_text(), "bench:machine", circumstances)
    for section in sections:
        told = markdown_table(COLUMNS, (figure.cells() for figure in section.figures))
        text = between_markers(text, f"bench:{section.name}", told)
    page.write_text(text)


def as_table(section: Section) -> Table:
    table = Table(title=section.title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in COLUMNS:
        table.add_column(name, justify="right" if name in {"measured", "ratio"} else "left")
    for figure in section.figures:
        table.add_row(*(cell.replace("**", "") for cell in figure.cells()))
    return table


TITLES = {
    "throughput": "Images a second",
    "processor": "Processor time of an image",
    "handling": "The processor's own time and requests",
    "memory": "Memory at its highest",
    "pages": "Questions",
    "starting": "Starting and deploying",
    "imports": "Cold imports",
    "photos": "Photos of each format",
}
