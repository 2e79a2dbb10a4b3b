"""All ways to do the work, by name: ours, and others as small and as honest as we could make them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from loadtest.simulation.programs import Program, pipeline, with_rekognition, without_limiter
from loadtest.simulation.rivals.limited import adaptive_mode, static_split
from loadtest.simulation.rivals.usual import one_message_a_call, powertools_serial

PROGRAMS: Mapping[str, Program] = {
    "budget": pipeline,
    "no limiter": without_limiter,
    "adaptive": partial(with_rekognition, adaptive_mode),
    "static": partial(with_rekognition, static_split),
    "one message": one_message_a_call,
    "serial": powertools_serial,
}
