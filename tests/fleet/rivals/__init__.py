"""All ways to do the work, by name: ours, and others as small and as honest as we could make them."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fleet.programs import Program, pipeline, without_limiter

PROGRAMS: Mapping[str, Program] = {
    "budget": pipeline,
    "no limiter": without_limiter,
}
