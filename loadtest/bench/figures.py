"""What is measured, beside what it is compared with: tables for the terminal and for docs/performance.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    """One table of figures. `notes` say what is and what is not in them."""

    name: str
    title: str
    notes: str
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
        text = between_markers(text, f"bench:{section.name}", as_markdown(section))
    page.write_text(text)


def as_markdown(section: Section) -> str:
    return f"{section.notes}\n\n{markdown_table(COLUMNS, (figure.cells() for figure in section.figures))}"


def as_table(section: Section) -> Table:
    table = Table(title=section.title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in COLUMNS:
        table.add_column(name, justify="right" if name in {"measured", "ratio"} else "left")
    for figure in section.figures:
        table.add_row(*(cell.replace("**", "") for cell in figure.cells()))
    return table


NOTES: Mapping[str, tuple[str, str]] = {
    "throughput": (
        "Images a second",
        "Medians of rounds in turn, each of photos that nobody has seen before, in the same mix. Asked "
        "directly: four threads call DetectLabels and DetectFaces by S3Object on photos that are there "
        "already. End to end: from the first upload to the last completion received from SNS, uploads "
        "included; each photo took exactly two detector calls.",
    ),
    "processor": (
        "Processor time of an image",
        "Where it was spent in the same rounds, by process. On a machine whose cores are all busy, what all "
        "of them spend together bounds the images a second. The caller asks in one case; in the other it "
        "uploads and follows completions.",
    ),
    "handling": (
        "The processor's own time and requests",
        "The deployed code in an interpreter of its own, handed batches of ten photos that nobody has seen, "
        "two detectors each; a Rekognition that answers at once without looking. The AWS calls were written "
        "down and made again by bare boto3, as many at a time. No waiting is in processor time.",
    ),
    "memory": (
        "Memory at its highest",
        "Resident, looked at three times a second while the rounds ran, and then while four threads kept the "
        "API at work.",
    ),
    "pages": (
        "Questions",
        "The deployed query API in an interpreter of its own, asked for one image and for pages of 50, in "
        "turn with a handler that does one `get_item` by boto3 and no more. The table is made up and answers "
        "after 4 ms, as DynamoDB does; it finds a sort key by halving, and counts read units by DynamoDB's "
        "rules. `Person` is on half of the images, `Outdoors` on 40 %, `Tree` on 30 %: all three on 6 %.",
    ),
    "starting": (
        "Starting and deploying",
        "`make run` on `images/` in a new directory on free ports, with the vision models and the functions' "
        "zips there. The photos' own time is its `recognize` stage; their upload by the AWS CLI is not in "
        "that.",
    ),
    "imports": (
        "Cold imports",
        "A fresh interpreter that imports the deployed handler and builds everything (clients included), "
        "against one that makes the same clients with boto3; medians, in turn. As on Lambda: boto3 has its "
        "bytecode; the zip has it where the machine that deployed has Python 3.13, and none can be written "
        "beside it later, for `/var/task` is read-only.",
    ),
}
