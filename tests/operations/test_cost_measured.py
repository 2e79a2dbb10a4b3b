"""The cost model against the real processor: what it says is used is what a batch of new photos uses."""

from dataclasses import replace
from typing import Any

import pytest

from contract.moments import day_of
from contract.notifications import look_again
from contract.table import budget_key, from_wire, to_wire
from contract.tallies import LABEL_COUNTS
from contract.usage import (
    KEY,
    UPLOADED_AT,
    Assumptions,
    Work,
    item_bytes,
    read_units,
    usage,
    write_units,
)
from loadtest.simulation.table import inserted
from tests.fakes.dynamodb import TABLE
from tests.fakes.s3 import BUCKET
from tests.processors.world import SETTINGS, World

PHOTOS = 10
LABELS = 15
# What the fake answers is short; counting is done by another function.
ASSUMED = Assumptions(answer_bytes={"DetectLabels": 500})
COUNTED_WRITES = 2 * (1 + (1 + len(LABEL_COUNTS) * ASSUMED.tally_item_units) / ASSUMED.tallied_a_transaction)
NAME_WRITES = 1
TALLIED_WRITES = COUNTED_WRITES + NAME_WRITES
TALLIED_READS = 4


class Meter:
    """Counts the units of all that goes to a table."""

    def __init__(self, table: Any) -> None:
        self.writes = self.reads = 0
        self._get = table.batch_get_item
        self._put, self._write = table.put_item, table.batch_write_item
        self._insert, self._update = table.batch_execute_statement, table.update_item
        table.batch_get_item, table.put_item = self.get, self.put
        table.batch_write_item, table.batch_execute_statement = self.write, self.insert
        table.update_item = self.update

    def get(self, **asked: Any) -> Any:
        answer = self._get(**asked)
        found = answer["Responses"][TABLE]
        self.reads += sum(read_units(item_bytes(from_wire(item))) for item in found)
        self.reads += len(asked["RequestItems"][TABLE]["Keys"]) - len(found)
        return answer

    def put(self, **asked: Any) -> Any:
        self._take(asked["Item"])
        return self._put(**asked)

    def write(self, **asked: Any) -> Any:
        for request in asked["RequestItems"][TABLE]:
            self._take(request["PutRequest"]["Item"])
        return self._write(**asked)

    def insert(self, **asked: Any) -> Any:
        for statement in asked["Statements"]:
            self._take(inserted(statement))
        return self._insert(**asked)

    def update(self, **asked: Any) -> Any:
        self.writes += 1
        return self._update(**asked)

    def _take(self, item: dict[str, Any]) -> None:
        self.writes += write_units(item_bytes(from_wire(item)))


def begin_day(world: World) -> None:
    """Have the day's calls counted already, as the first batch of each day sees to."""
    at = budget_key("DetectLabels")
    item = {"pk": at.pk, "sk": at.sk, "calls_day": day_of(world.now), "day_calls": 0}
    world.table.items[at.pk, at.sk] = to_wire(item)


@pytest.mark.parametrize("is_bulk", [False, True], ids=["uploaded", "bulk"])
def test_a_batch_of_new_photos_uses_what_the_model_says(is_bulk: bool) -> None:
    world = World(settings=replace(SETTINGS, detectors=("labels",)))
    begin_day(world)
    meter = Meter(world.table)
    records = [
        world.s3.put(
            f"{number}{KEY}",
            " ".join(f"{number}label{label} 9{label}" for label in range(LABELS)).encode(),
        )
        for number in range(PHOTOS)
    ]
    asked = [look_again(BUCKET, [key], UPLOADED_AT) for key in world.s3.objects]

    assert world.deliver(*(asked if is_bulk else records)) == []

    said = usage(Work.of_new_photos(PHOTOS, ["DetectLabels"], is_bulk=is_bulk), ASSUMED)
    counts_of_the_day = 1  # added up by what is around the batch
    assert meter.writes + counts_of_the_day == pytest.approx(said.write_units - PHOTOS * TALLIED_WRITES)
    assert meter.reads == said.read_units - PHOTOS * TALLIED_READS
    assert world.calls.made["DetectLabels"] == said.calls
    assert world.calls.made["HeadObject"] == said.s3_gets - said.calls
    assert world.calls.made["PublishBatch"] == said.sns_requests
