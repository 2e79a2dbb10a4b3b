"""The tables, on the terminal and between the markers of docs/performance.md."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from rich.table import Table

from loadtest.bench.figures import COLUMNS, Section

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


class NoMarkersError(Exception):
    """The page has no place for what was to be written."""


def write(sections: Iterable[Section], circumstances: str, page: Path = PAGE) -> None:
    """Replace what stands between the markers of each section, and of `machine`. Raises NoMarkersError."""
    text = between_markers(page.read_text(), "machine", circumstances)
    for section in sections:
        text = between_markers(text, section.name, as_markdown(section))
    page.write_text(text)


def between_markers(text: str, name: str, content: str) -> str:
    """Return the text with new content between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`."""
    start, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    if text.count(start) != 1 or text.count(end) != 1:
        raise NoMarkersError(f"docs/performance.md needs {start} and {end}, once each")
    pattern = re.escape(start) + ".*?" + re.escape(end)
    return re.sub(pattern, lambda _: f"{start}\n{content}\n{end}", text, flags=re.DOTALL)


def as_markdown(section: Section) -> str:
    """Write a section as a paragraph and a table."""
    rows = [COLUMNS, ("---",) * len(COLUMNS), *(figure.cells() for figure in section.figures)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in rows)
    return f"{section.notes}\n\n{table}"


def as_table(section: Section) -> Table:
    """Lay a section out for a terminal."""
    table = Table(title=section.title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in COLUMNS:
        table.add_column(name, justify="right" if name in {"measured", "ratio"} else "left")
    for figure in section.figures:
        table.add_row(*(cell.replace("**", "") for cell in figure.cells()))
    return table
