"""How many write units a second the table has to take, when photos come as fast as the quotas let them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from contract.capacity import photos_a_second
from contract.cost_model.assumptions import Assumptions
from contract.cost_model.usage import Work, usage

# What a new table takes on demand, and a new index of it, before it has learned from traffic.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/warm-throughput.html
NEW_TABLE_WRITES = 4000


@dataclass(frozen=True)
class Writes:
    """Write units a second: the table's own, and those of its index by confidence, where there is one."""

    table: int
    index: int


def writes_a_second(quotas: Mapping[str, float]) -> Writes:
    """Return what the table has to take at these quotas, by the model of a typical photo."""
    second = Work.of_new_photos(photos_a_second(quotas), tuple(quotas))
    table = usage(second, Assumptions()).write_units
    both = usage(second, Assumptions(copies_of_ranked_rows=2)).write_units
    return Writes(math.ceil(table), math.ceil(both - table))
