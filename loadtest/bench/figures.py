"""What is measured, beside what it is compared with."""

from __future__ import annotations

from dataclasses import dataclass, field


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
        """Return what was aimed at, and whether it was reached."""
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
