"""Docs that name tests, files and headings name such as exist."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

import pytest

from infra.bundles import ROOT

TEST_SOURCES = {path: path.read_text() for path in (ROOT / "tests").rglob("test_*.py")}
TEST_NAMES = {
    name
    for source in TEST_SOURCES.values()
    for name in re.findall(r"^def (test_\w+)", source, flags=re.MULTILINE)
} | {path.name for path in TEST_SOURCES}


def test_every_trap_is_held_by_tests_that_exist_or_a_reason() -> None:
    rows = re.findall(
        r"^\| (\d+) \| .*? \| (.*) \|$", (ROOT / "docs/traps.md").read_text(), flags=re.MULTILINE
    )

    assert [int(number) for number, _ in rows] == list(range(1, 38))
    for number, held_by in rows:
        named = re.findall(r"`(test_[\w.*]+)`", held_by)
        assert (
            named
            or "cannot occur" in held_by
            or "not used" in held_by
            or "no such" in held_by
            or number == "19"
        )
        for name in named:
            assert fnmatch.filter(TEST_NAMES, name), f"trap {number} names {name}, which is not there"


@pytest.mark.parametrize(
    "page", [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"], ids=lambda page: page.name
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"
