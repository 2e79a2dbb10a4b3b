"""The load test, the benchmark, the fault run and the fleet: what puts the stack to work."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class LoadtestError(Exception):
    """Something could not be measured. The message says what, why, and what to do."""
