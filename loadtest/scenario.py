"""What a load test does: photos in phases, quotas that change on the way, questions to the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Lane(StrEnum):
    """Through which of the two queues photos come."""

    LIVE = "live"
    BULK = "bulk"


class Recognizer(StrEnum):
    """Who recognises: whatever the stack asks, or a canned Rekognition, for which a place is made."""

    STACK = "stack"
    CANNED = "canned"


@dataclass(frozen=True)
class Phase:
    """Photos that come in alike.

    All at once where `per_second` is None. `duplicates` is the share of them, 0 to 1, whose bytes an earlier
    one of the phase has. The phase starts `start_seconds` after the run has, or after the phase that is named
    in `after` has ended. `prepared` photos are in the bucket before, without events; what comes in then are
    messages that ask to look at them, which for the bulk lane is the only way.
    """

    name: str
    photos: int
    per_second: float | None = None
    lane: Lane = Lane.LIVE
    prepared: bool = False
    duplicates: float = 0.0
    start_seconds: float = 0.0
    after: str | None = None


@dataclass(frozen=True)
class QuotaChange:
    """New quotas (calls a second, by operation), so many seconds after the run has started."""

    at_seconds: float
    quotas: Mapping[str, float]


@dataclass(frozen=True)
class ApiLoad:
    """So many users who ask the API without a pause, for so long."""

    users: int
    seconds: float


@dataclass(frozen=True)
class Scenario:
    """One load test.

    `context` are settings of the deployment; with any, a place of its own is made for the scenario. `quotas`
    are what Rekognition lets in, by operation. Steady state begins `warm_up_seconds` after a backlog has.
    The run gives up when no photo has ended for `patience_seconds`. `baseline` asks for the local cloud's own
    rate with a function that does nothing.
    """

    name: str
    about: str
    phases: tuple[Phase, ...] = ()
    recognizer: Recognizer = Recognizer.STACK
    latency_seconds: float = 0.45
    context: Mapping[str, str] = field(default_factory=dict)
    quotas: Mapping[str, float] = field(default_factory=dict)
    changes: tuple[QuotaChange, ...] = ()
    warm_up_seconds: float = 5.0
    patience_seconds: float = 90.0
    baseline: bool = False
    api: ApiLoad | None = None

    @property
    def photos(self) -> int:
        """Return the photos of all phases."""
        return sum(phase.photos for phase in self.phases)

    @property
    def needs_own_place(self) -> bool:
        """Tell whether it cannot run on a stack that is there already."""
        return bool(self.context) or self.recognizer is Recognizer.CANNED or self.baseline

    def reasons_against_aws(self) -> list[str]:
        """Return why it cannot run on AWS; nothing if it can."""
        reasons = {
            "it is recognised by the canned Rekognition": self.recognizer is Recognizer.CANNED,
            "it needs a deployment with settings of its own (context)": bool(self.context),
            "it sets Rekognition's quota (quotas, changes)": bool(self.quotas or self.changes),
            "it sets the bucket's events aside to prepare photos (lane bulk, prepared)": any(
                phase.prepared for phase in self.phases
            ),
            "it measures the local cloud itself (baseline)": self.baseline,
        }
        return [reason for reason, applies in reasons.items() if applies]
