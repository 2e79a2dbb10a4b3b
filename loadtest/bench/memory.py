"""How much memory the processes of a local environment take at most, each at its work."""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from loadtest.bench.figures import Figure
from loadtest.bench.processes import CLOUD, REKOGNITION, function_group
from loadtest.bench.services import DeployedFunction, Services

ASKERS = 4
ASKING_SECONDS = 4.0


def ask_for_a_while(services: Services) -> int:
    """Keep the query function at work: pages of 50, and single images. Give the number of answers."""
    listed = services.ask("/images?label=Animal&limit=50")["images"]
    questions = ["/images?label=Animal&limit=50", "/images?label=Person&min_confidence=80&limit=50"]
    questions += [f"/images?key={urllib.parse.quote(image['key'], safe='')}" for image in listed[:2]]
    end = time.monotonic() + ASKING_SECONDS

    def keep_asking(question: str) -> int:
        answers = 0
        while time.monotonic() < end:
            services.ask(question)
            answers += 1
        return answers

    with ThreadPoolExecutor(ASKERS) as askers:
        return sum(askers.map(keep_asking, questions))


def figures(peak_mib: Mapping[str, float], functions: Mapping[str, DeployedFunction]) -> list[Figure]:
    """Compare each function with the memory that the template gives it; the rest has no baseline."""
    found = [
        Figure(
            f"one process of the {function_group(room)}",
            peak_mib[function_group(room)],
            "MiB",
            "memory given to it",
            float(function.memory_mb),
            at_most=1.0,
        )
        for room, function in sorted(functions.items())
        if function_group(room) in peak_mib
    ]
    found += [Figure(name, peak_mib[name], "MiB") for name in (CLOUD, REKOGNITION) if name in peak_mib]
    return found
