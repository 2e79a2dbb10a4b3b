"""`imagepipe status --watch`: how things stand, drawn anew every few seconds."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from contract.errors import ConfigurationError, ImagepipeError
from contract.metrics import Metric
from contract.moments import to_text
from contract.pipeline_status import PipelineStatus
from contract.terminal import as_json
from operations import terminal
from operations.commands.quotas import in_use
from operations.commands.standing import quotas_in_use, standing
from operations.wiring import DeployedPipeline

# Calls a second are told over so many looks, for calls are reserved in runs.
LOOKS = 10
BAR_CELLS = 12
_FULL, _BUSY = 0.95, 0.5


def watch(
    pipeline: DeployedPipeline, every: float, *, json: bool, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Show how things stand until Ctrl-C, which interrupts nothing but this."""
    try:
        if json:
            for status, _, trouble in looks(pipeline, every, sleep):
                if trouble is None:
                    sys.stdout.write(as_json(status.to_json()) + "\n")
                    sys.stdout.flush()
                else:
                    terminal.remark(trouble)
            return
        with terminal.live() as display:
            for status, before, trouble in looks(pipeline, every, sleep):
                display.update(drawn(status, status.rates(before), trouble), refresh=True)
    except KeyboardInterrupt:
        return


def looks(
    pipeline: DeployedPipeline, every: float, sleep: Callable[[float], None]
) -> Iterator[tuple[PipelineStatus, PipelineStatus | None, str | None]]:
    """Yield how things stand, one of the looks before, and why a look failed: then the last one is repeated.

    Raise a word for failure if the first look fails, and if somebody has to mend what is wrong.
    """
    seen: deque[PipelineStatus] = deque(maxlen=LOOKS)
    # Whoever may not know what is deployed is told so once.
    are_known = bool(quotas_in_use(pipeline, time.time()))
    while True:
        now, trouble = time.time(), None
        try:
            quotas = in_use(pipeline.deployed, pipeline.table, {}, now) if are_known else []
            seen.append(standing(pipeline, now, quotas))
        except ConfigurationError:
            raise
        except ImagepipeError as error:
            if not seen:
                raise
            trouble = f"no answer at {to_text(now)[11:19]} (UTC), trying again: {error}"
        yield seen[-1], seen[0] if len(seen) > 1 else None, trouble
        sleep(every)


def drawn(status: PipelineStatus, rates: dict[str, float], trouble: str | None) -> RenderableType:
    """Return all of it as tables and lines."""
    lanes = terminal.table_of(
        ("Lane", "#Waiting", "#At work", "#Dead letters"),
        [
            (
                lane.name,
                f"{lane.waiting:,}",
                f"{lane.in_flight:,}",
                Text(f"{lane.dead_letters:,}", style="red" if lane.dead_letters else ""),
            )
            for lane in status.lanes
        ],
    )
    calls = terminal.table_of(
        ("Calls a second", "#Now", "#Allowed", "#Quota", "In use", "#Today", "#Of"),
        [
            (
                quota.operation,
                "-" if (now := rates.get(quota.operation)) is None else f"{now:.1f}",
                f"{quota.rate:.1f}",
                f"{quota.in_use:g}",
                _bar(now, quota.in_use),
                f"{quota.daily.today:,}",
                "-" if quota.daily.in_use is None else f"{quota.daily.in_use:,}",
            )
            for quota in status.quotas
        ],
    )
    made = status.calls
    ratio = "" if made.hit_ratio is None else f" ({made.hit_ratio:.1%})"
    counted = status.today
    lines = [
        f"Today (UTC): {counted.get(Metric.IMAGES_RECOGNIZED, 0):,} recognized, "
        f"{counted.get(Metric.IMAGES_REJECTED, 0):,} rejected, "
        f"{counted.get(Metric.DEAD_LETTERS, 0):,} given up",
        f"Calls: {made.made:,} made, {made.avoided:,} avoided{ratio}, {made.throttled:,} throttled",
        f"Rekognition: ${status.spent.today:,.2f} today, ${status.spent.month:,.2f} this month",
    ]
    end = Text(trouble, style="red") if trouble else Text(f"{to_text(status.at)[11:19]} UTC, Ctrl-C ends")
    return Group(lanes, Text(), calls, Text(), *map(Text, lines), Text(), end)


def _bar(calls_a_second: float | None, quota: float) -> Text:
    """Draw which part of a quota is in use."""
    if calls_a_second is None:
        return Text("-")
    share = min(1.0, calls_a_second / quota)
    style = "green" if share >= _FULL else "yellow" if share >= _BUSY else ""
    full = round(share * BAR_CELLS)
    return Text(f"{'#' * full}{'.' * (BAR_CELLS - full)} {share:.0%}", style=style)
