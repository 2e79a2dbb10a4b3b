"""How long things take: distributions, and where each comes from."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

# The 99th percentile of the normal distribution, in standard deviations.
_P99 = 2.3263478740408408


@dataclass(frozen=True)
class Latency:
    """A lognormal distribution, given by its median and its 99th percentile in seconds."""

    median: float
    p99: float
    source: str

    def draw(self, random_numbers: random.Random) -> float:
        sigma = math.log(self.p99 / self.median) / _P99
        return self.median * math.exp(sigma * random_numbers.gauss(0, 1))


REKOGNITION = Latency(
    0.45, 1.5, "the middle of the 0.3 to 0.6 s a call usually seen; the tail is an assumption"
)
DYNAMODB = Latency(0.005, 0.030, "single-digit milliseconds, as AWS has it; the tail is an assumption")
SQS = Latency(0.010, 0.040, "assumption")
SNS = Latency(0.010, 0.040, "assumption")
S3 = Latency(0.020, 0.100, "assumption")

# From `Invoke` by the event source to the first line of the handler, and back.
INVOCATION_SECONDS = 0.010
# docs/performance.md: the cold import of the processor "as on Lambda" is 0.82 s.
COLD_START_SECONDS = 0.8
# docs/performance.md had 19 ms of processor time an image of two detectors, for about eight calls. Lambda
# gives a whole processor at 1,769 MB, and less in proportion. A worker's calls share what it has.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MEMORY_MB = 512
CPU_SECONDS_A_CALL = 0.0025 * 1769 / MEMORY_MB
