from pathlib import Path

import pytest

from loadtest.bench import figures
from loadtest.bench.figures import TITLES, Figure, Section
from loadtest.plots import NoMarkersError, between_markers

PAGE = """# Performance
<!-- bench:machine -->
<!-- /bench:machine -->
before
<!-- bench:memory -->
of yesterday
<!-- /bench:memory -->
after
"""
MEMORY = Section("memory", "Memory", [Figure(r"MiniStack \1", 161.2, "MiB")])


def test_only_what_is_between_the_markers_changes(tmp_path: Path) -> None:
    path = tmp_path / "performance.md"
    path.write_text(PAGE)
    figures.write([MEMORY], "`make bench`, today", path)
    text = path.read_text()
    assert text.startswith(
        "# Performance\n<!-- bench:machine -->\n`make bench`, today\n<!-- /bench:machine -->\nbefore\n"
    )
    assert text.endswith("| MiniStack \\1 | 161 MiB |  |  |  |\n<!-- /bench:memory -->\nafter\n")
    assert "yesterday" not in text


def test_writing_twice_is_writing_once(tmp_path: Path) -> None:
    path = tmp_path / "performance.md"
    path.write_text(PAGE)
    figures.write([MEMORY], "today", path)
    once = path.read_text()
    figures.write([MEMORY], "today", path)
    assert path.read_text() == once


@pytest.mark.parametrize("text", ["no markers", PAGE + PAGE])
def test_a_page_without_one_place_for_a_section_is_refused(text: str) -> None:
    with pytest.raises(NoMarkersError, match="bench:memory"):
        between_markers(text, "bench:memory", "new")


@pytest.mark.parametrize("name", ["machine", *TITLES])
def test_the_page_has_a_place_for_every_section(name: str) -> None:
    assert "new" in between_markers(figures.PAGE.read_text(), f"bench:{name}", "new")
