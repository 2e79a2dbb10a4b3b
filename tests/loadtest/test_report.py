"""The page and the rows say what was run, and what was reached."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from loadtest import page, plots
from loadtest.outcome import LatencyFigures, OperationFigures
from loadtest.plots import Series, ticks
from loadtest.report import Row, rows, what_was_run
from loadtest.verifying import Searchable, Unheard
from tests.loadtest.looks import outcome


def row(found: list[Row], beginning: str) -> Row:
    (only,) = [row for row in found if row.what.startswith(beginning)]
    return only


class Loads(HTMLParser):
    """Collects what a page would fetch, and whether every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "data"}]
        if tag not in {"meta", "line", "rect", "polyline", "link", "img"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [value or "" for name, value in attrs if name in {"src", "href"}]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_fetches_nothing_from_anywhere_and_closes_what_it_opens() -> None:
    html = page.as_html([outcome(), outcome(scenario="another")])
    loads = Loads()
    loads.feed(html)

    assert loads.fetched == []
    assert loads.open == []
    assert "://" not in html
    assert "@import" not in html
    assert "url(" not in html
    assert len(html) < 1_000_000


def test_the_page_says_first_what_was_run_and_what_was_not_real() -> None:
    html = page.as_html([outcome()])

    assert html.index("Rekognition was CANNED") < html.index("<table>")
    assert "nothing simulated" in html


def test_texts_are_shown_as_texts() -> None:
    assert "Nothing &lt;b&gt;real&lt;/b&gt;" in page.as_html([outcome()])


def test_a_run_where_somebody_looked_is_not_called_canned() -> None:
    said = what_was_run(outcome(is_canned=False, canned_latency_seconds=None))

    assert "CANNED" not in said
    assert "really looks" in said


def test_on_aws_nothing_is_said_of_this_machine() -> None:
    said = what_was_run(outcome(is_canned=False, where="stack imagepipe on AWS, us-east-1"))

    assert "MiniStack" not in said
    assert "local" not in said


def test_what_was_reached_and_what_was_missed_is_told_apart() -> None:
    good, bad = (
        rows(outcome()),
        rows(outcome(operations=(OperationFigures("DetectLabels", 90, 10, 10.0, 0.8),))),
    )

    assert row(good, "DetectLabels: accepted / quota").verdict == "≥ 0.95 reached"
    assert row(bad, "DetectLabels: accepted / quota").verdict == "≥ 0.95 missed"
    assert row(bad, "throttled").value == "0.1000"
    assert row(bad, "throttled").reached is False


def test_trouble_is_a_missed_aim() -> None:
    found = rows(outcome(unheard=Unheard(1, 2, 3), dead_letters=2, searchable=Searchable(25, 24)))

    assert row(found, "lost").value == "3"
    missed = ["lost", "recorded, but", "dead letters", "found by the API"]
    assert all(row(found, beginning).reached is False for beginning in missed)


def test_live_photos_during_a_backlog_are_compared_with_those_alone() -> None:
    latencies = (
        LatencyFigures("idle", 20, 1.0, 2.0, 2.0, 2.0),
        LatencyFigures("during", 20, 1.0, 5.0, 5.0, 5.0),
    )

    assert row(rows(outcome(latencies=latencies)), "p95 during").value == "2.50"


def test_json_and_page_are_written_beside_each_other(tmp_path: Path) -> None:
    html, data = page.write([outcome()], tmp_path / "new", "run")
    (read,) = json.loads(data.read_text())

    assert html.exists()
    assert read["operations"][0]["use"] == 0.98
    assert read["throttled_share"] == 0.0
    assert len(read["samples"]) == 10


@pytest.mark.parametrize("most", [0.0, 0.03, 1.0, 7.0, 49.9, 50.0, 3500.0])
def test_ticks_are_round_and_reach_as_far_as_is_drawn(most: float) -> None:
    found = ticks(most, beyond=True)

    assert found[0] == 0
    assert found[-1] >= most
    assert 2 <= len(found) <= 8


def test_points_lie_inside_the_picture() -> None:
    svg = plots.lines(
        [Series("a", [(0, 0), (80, 52.5)]), Series("quota", [(0, 50), (80, 50)], True)], "s", "calls"
    )

    for points in re.findall(r'points="([^"]+)"', svg):
        for point in points.split():
            x, y = map(float, point.split(","))
            assert 0 <= x <= plots.WIDTH
            assert 0 <= y <= plots.HEIGHT


def test_every_value_is_in_one_bar_of_the_histogram() -> None:
    svg = plots.histogram({"photos": [0.0, 0.1, 0.1, 4.0]}, "seconds", "photos")

    assert svg.count("<rect") == 3


def test_nothing_is_drawn_of_nothing() -> None:
    assert "<svg" not in plots.lines([], "s", "calls")
    assert "<svg" not in plots.histogram({"photos": []}, "s", "photos")
