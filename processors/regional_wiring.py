"""What is put together where Rekognition is asked in other regions too; imported only there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.regions import MAX_SENT_BYTES, split_line
from contract.settings import ProcessorSettings
from processors.adapters.photo_bytes import PhotoBytes
from processors.adapters.regional_rekognition import RegionalRekognition
from processors.adapters.rekognition import RekognitionDetectors
from processors.circuit_breaker import CircuitBreaker
from processors.rate_limit import Lane, SharedRateLimiter
from processors.regional_permits import RegionalLine, RegionalLines, RegionalPermits
from processors.runtime import Deadline, Runtime
from processors.telemetry import Log

if TYPE_CHECKING:
    from processors.wiring import Clients

NewLimiter = Callable[[str, float], SharedRateLimiter]
NewPermits = Callable[[Lane, Sequence[int], Deadline], RegionalPermits]


@dataclass(frozen=True)
class Regions:
    """The regions of one worker. `new_limiter` makes what keeps to the line of a name and a quota."""

    settings: ProcessorSettings
    aws: "Clients"
    new_limiter: NewLimiter
    runtime: Runtime

    def rekognition(self, home: RekognitionDetectors, log: Log) -> RegionalRekognition:
        photos = PhotoBytes(
            self.aws.s3, self.settings.bucket_name, self.settings.renditions_bucket, self.runtime.new_lock
        )
        return RegionalRekognition(home, self.aws.abroad, photos, log)

    def permits(self, home: SharedRateLimiter, operation: str) -> NewPermits | None:
        """Return what gives a batch its permits; None for an operation that is asked at home alone."""
        clock, sleep, spread = self.runtime.clock, self.runtime.sleep, self.runtime.spread
        abroad = tuple(
            RegionalLine(split_line(line)[0], self.new_limiter(line, quota), CircuitBreaker(clock))
            for line, quota in self.settings.regional_quotas.items()
            if split_line(line)[1] == operation
        )
        if not abroad:
            return None
        lines = RegionalLines(RegionalLine(self.aws.region, home, CircuitBreaker(clock)), abroad)

        def permits(lane: Lane, photos: Sequence[int], deadline: Deadline) -> RegionalPermits:
            small = sum(size_bytes <= MAX_SENT_BYTES for size_bytes in photos)
            lock, large = self.runtime.new_lock(), len(photos) - small
            return RegionalPermits(lines, lane, small, large, deadline, lock, clock, sleep, spread)

        return permits
