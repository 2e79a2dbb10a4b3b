"""What rounds of photos amount to: images a second, and processor time an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from loadtest.bench.figures import Figure

AIM = 0.8
_AGAINST = "asked directly"


@dataclass(frozen=True)
class Round:
    """Some photos recognized: the seconds it took, and the processor seconds of each group of processes.

    `steady_rate` is in images a second, between the first and the last tenth of the completions.
    """

    photos: int
    seconds: float
    cpu_seconds: Mapping[str, float]
    steady_rate: float | None = None

    @property
    def rate(self) -> float:
        """Return images a second."""
        return self.photos / self.seconds

    def cpu_ms_an_image(self, group: str) -> float:
        """Return the milliseconds of processor time that an image cost a group of processes."""
        return self.cpu_seconds.get(group, 0.0) * 1000 / self.photos


def photos_a_round(rate: float, round_seconds: float, mix: int) -> int:
    """Choose how many photos take about so long at a rate: a multiple of the mix, so each comes as often."""
    return mix * max(1, round(rate * round_seconds / mix))


def steady_rate(told: list[float]) -> float | None:
    """Return completions a second between the first and the last tenth; None if there are too few."""
    first, last = len(told) // 10, len(told) - 1 - len(told) // 10
    return (last - first) / (told[last] - told[first]) if told[last] > told[first] else None


def figures(direct: list[Round], pipeline: list[Round]) -> list[Figure]:
    """Compare the medians of both."""
    own = median(round_.rate for round_ in direct)
    steady = [round_.steady_rate for round_ in pipeline if round_.steady_rate is not None]
    found = [
        Figure(
            "end to end, first upload to last completion",
            median(round_.rate for round_ in pipeline),
            "images/s",
            _AGAINST,
            own,
            at_least=AIM,
        )
    ]
    if steady:
        found.append(Figure("of that, while all is flowing", median(steady), "images/s", _AGAINST, own))
    return found


def cpu_figures(direct: list[Round], pipeline: list[Round]) -> list[Figure]:
    """Return where the processor time of one image goes, in both; the costliest first."""
    groups = {group for round_ in (*pipeline, *direct) for group, used in round_.cpu_seconds.items() if used}
    ours, own = ({group: _cpu_ms(rounds, group) for group in groups} for rounds in (pipeline, direct))
    found = [
        Figure(group, ours[group], "ms", _AGAINST, own[group])
        for group in sorted(groups, key=ours.__getitem__)
    ]
    return [Figure("all together", sum(ours.values()), "ms", _AGAINST, sum(own.values())), *found][::-1]


def _cpu_ms(rounds: list[Round], group: str) -> float:
    return median(round_.cpu_ms_an_image(group) for round_ in rounds)
