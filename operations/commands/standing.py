"""How a pipeline stands, read for a command."""

from collections.abc import Sequence

from contract.errors import ImagepipeError
from contract.moments import day_of
from contract.pipeline_status import LaneStatus, PipelineStatus, QuotaInUse, Spent, days_of_month
from operations import terminal
from operations.commands.quotas import in_use
from operations.wiring import DeployedPipeline


def quotas_in_use(pipeline: DeployedPipeline, now: float) -> list[QuotaInUse]:
    """Return how fast operations are called; empty, with a remark, where nobody may know what is deployed."""
    try:
        return in_use(pipeline.deployed, pipeline.table, {}, now)
    except (terminal.OperatorError, ImagepipeError) as error:
        terminal.remark(f"The quotas are not known: {error}")
        return []


def standing(pipeline: DeployedPipeline, now: float, quotas: Sequence[QuotaInUse]) -> PipelineStatus:
    """Read what changes from one moment to the next. `now` is in seconds since 1970."""
    depths = [(lane.name, lane.queue.depth(), lane.dead_letters.depth()) for lane in pipeline.lanes]
    counts = pipeline.table.counts_by_day(days_of_month(now))
    return PipelineStatus(
        at=now,
        lanes=tuple(
            LaneStatus(name, work.waiting, work.in_flight, dead.total) for name, work, dead in depths
        ),
        quotas=tuple(quotas),
        today=counts.get(day_of(now), {}),
        spent=Spent.of(counts, day_of(now)),
    )
