"""Outcomes and samples made up for tests."""

from collections.abc import Callable

from loadtest.arithmetic import Window
from loadtest.gauges import QUEUES, OperationCounts, Sample
from loadtest.outcome import Dollars, LatencyFigures, LoadtestOutcome, OperationFigures
from loadtest.verifying import Searchable, Unheard


def samples(accepted_at: Callable[[float], float], seconds: int) -> list[Sample]:
    """One look a second at a count of DetectLabels."""
    return [sample(float(at), int(accepted_at(at))) for at in range(1, seconds + 1)]


def sample(at_seconds: float, accepted: int, throttled: int = 0) -> Sample:
    return Sample(
        at_seconds,
        sent=100,
        ended=accepted,
        waiting=dict.fromkeys(QUEUES, 3),
        in_flight=dict.fromkeys(QUEUES, 2),
        calls=OperationCounts({"DetectLabels": accepted}, {"DetectLabels": throttled}),
    )


def outcome(**others: object) -> LoadtestOutcome:
    """A run in which nothing went wrong, unless told otherwise."""
    values: dict[str, object] = {
        "scenario": "made-up",
        "about": "Nothing <b>real</b>",
        "where": "a local environment of its own",
        "is_canned": True,
        "canned_latency_seconds": 0.45,
        "circumstances": "`make loadtest`, today",
        "begun_at": "2026-11-23T12:00:00+00:00",
        "seconds": 20.0,
        "gave_up": False,
        "sent": 100,
        "statuses": {"recognized": 100},
        "images_a_second": 9.0,
        "steady_images_a_second": 9.8,
        "steady": Window(2.0, 9.0),
        "latencies": (LatencyFigures("photos", 100, 1.0, 2.0, 3.0, 4.0),),
        "operations": (OperationFigures("DetectLabels", 100, 0, 10.0, 0.98, (7.5,)),),
        "unheard": Unheard(),
        "dead_letters": 0,
        "calls_too_many": 0,
        "searchable": Searchable(25, 25),
        "dollars": Dollars(1000.0, 12.5),
        "samples": tuple(sample(float(at), 10 * at) for at in range(1, 11)),
        "ended_at": tuple(at / 10 for at in range(1, 101)),
        "latency_seconds": {"photos": (0.5, 1.0, 1.0, 3.0)},
        "quotas": {"DetectLabels": ((0.0, 10.0), (5.0, 5.0))},
    }
    return LoadtestOutcome(**{**values, **others})  # type: ignore[arg-type]
