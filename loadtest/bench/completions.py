"""Waiting until each of some photos has ended."""

from __future__ import annotations

import time
from typing import Any

from loadtest.completions import Completions
from loadtest.errors import LoadtestError

PATIENCE_SECONDS = 60.0


def await_all(completions: Completions, keys: set[str]) -> list[float]:
    """Wait for the completion of each key; give the times (monotonic, seconds) at which each was told.

    Raises LoadtestError for a photo that was not recognized, or if none ends for a minute.
    """
    waiting = set(keys)
    told: list[float] = []
    last = time.monotonic()
    while waiting:
        ended = _ended(completions.receive(), waiting)
        now = time.monotonic()
        if ended:
            last = now
        elif now - last > PATIENCE_SECONDS:
            raise LoadtestError(f"{len(waiting)} photos did not end, such as {min(waiting)}")
        told += [now] * len(ended)
        waiting -= ended
    return told


def _ended(bodies: list[dict[str, Any]], waiting: set[str]) -> set[str]:
    ended = {body["key"]: body for body in bodies if body["key"] in waiting}
    for key, body in ended.items():
        if body["status"] != "recognized":
            raise LoadtestError(f"{key} was {body['status']}: {body['rejection']}")
    return set(ended)
