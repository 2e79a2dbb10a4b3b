"""How often a Lambda tries again, within the time that it has."""

from __future__ import annotations

import time
from collections.abc import Callable

from aws.retries import RetryPolicy
from contract.timing import RETRYING_SECONDS

ATTEMPTS = 4
# Within the same time: for what must not be given up.
PATIENT_ATTEMPTS = 12
# For what can be done without.
BRIEF_ATTEMPTS = 2
LONGEST_WAIT_SECONDS = 3.0


def retry_policy(sleep: Callable[[float], None] = time.sleep, attempts: int = ATTEMPTS) -> RetryPolicy:
    """Return a policy of so many attempts."""
    return RetryPolicy(attempts, RETRYING_SECONDS, LONGEST_WAIT_SECONDS, sleep)
