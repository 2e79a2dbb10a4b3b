"""Whatever stands in one item, newer or mad: it stands in the way of its own image, and of no other."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import FAILURE_ATTRIBUTE, Failure
from contract.items import from_wire
from contract.notifications import look_again
from contract.records import Status
from contract.results import pack
from contract.table import RECORD
from contract.timing import MAX_ATTEMPTS
from processors.adapters.dynamodb import record_in
from tests.fakes.s3 import BUCKET
from tests.processors.world import World

RUBBISH: list[dict[str, Any]] = [
    {"S": ""},
    {"S": "rubbish"},
    {"S": "\u0000'; DROP"},
    {"N": "-1"},
    {"N": "0.5"},
    {"N": "1E+125"},
    {"BOOL": True},
    {"NULL": True},
    {"B": b"\x00\xff"},
    {"B": pack({"Labels": None})},
    {"B": pack({"FaceDetails": 7, "Labels": [{"Name": None}]})},
    {"L": []},
    {"L": [{"N": "1"}, {"M": {}}]},
    {"M": {}},
    {"M": {"labels": {"L": []}, "Cat": {"S": "sure"}}},
    {"SS": ["a"]},
    {"NS": ["1"]},
]
VALUES = st.sampled_from(RUBBISH)
GONE: dict[str, Any] = {}
RECORD_ATTRIBUTES = (
    *("key", "etag", "size_bytes", "version_id", "uploaded_at", "status", "sequencer", "generation"),
    *("revision", "decided_at", "decided_by", "detectors", "labels", "parents", "faces", "moderation"),
    *("words", "expires_at", "rejection_code", "rejection_message", "rejection_detector", "of_later"),
)


def spoil(item: dict[str, Any], changes: dict[str, dict[str, Any]]) -> None:
    for name, value in changes.items():
        if value:
            item[name] = value
        else:
            item.pop(name, None)


@given(st.dictionaries(st.sampled_from(RECORD_ATTRIBUTES), VALUES | st.just(GONE), min_size=1, max_size=3))
def test_a_record_full_of_rubbish_costs_no_other_image(changes: dict[str, dict[str, Any]]) -> None:
    world = World()
    world.deliver(world.s3.put("bad.jpg", b"dog 88"))
    at = ("image#bad.jpg", RECORD)
    spoil(world.table.items[at], changes)

    bad, good = world.s3.put("bad.jpg", b"cow 70"), world.s3.put("good.jpg", b"cat 97")
    failed = world.deliver(bad, look_again(BUCKET, ["bad.jpg"], "2026-01-02T00:00:00.000Z"), good)

    assert "2" not in failed
    assert world.status("good.jpg") is Status.RECOGNIZED
    assert world.rekognition.paid["DetectLabels", b"cat 97"] == 1


@given(
    st.dictionaries(
        st.sampled_from(["answer", "called_at", "claimed_by", "claimed_until", "of_later"]),
        VALUES | st.just(GONE),
        min_size=1,
    )
)
def test_a_result_or_a_claim_full_of_rubbish_costs_no_other_image(changes: dict[str, dict[str, Any]]) -> None:
    world = World()
    world.deliver(world.s3.put("bad.jpg", b"dog 88"))
    for at in [at for at in world.table.items if at[0].startswith("content#")]:
        spoil(world.table.items[at], changes)

    copy, good = world.s3.put("copy.jpg", b"dog 88"), world.s3.put("good.jpg", b"cat 97")
    failed = world.deliver(copy, good)

    assert "1" not in failed
    assert world.status("good.jpg") is Status.RECOGNIZED
    assert failed == ["0"] or world.status("copy.jpg") is Status.RECOGNIZED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", {"S": "of later"}),
        ("sequencer", {"N": "5"}),
        ("version_id", {"BOOL": True}),
        ("words", {"S": "abc"}),
        ("key", {"S": "another.jpg"}),
    ],
)
def test_a_record_that_cannot_be_read_is_left_alone_and_its_dead_letter_says_so(
    name: str, value: dict[str, Any]
) -> None:
    world = World()
    world.deliver(world.s3.put("bad.jpg", b"dog 88"))
    at = ("image#bad.jpg", RECORD)
    world.table.items[at][name] = value
    before, paid = dict(world.table.items[at]), world.rekognition.paid.copy()
    put = world.s3.put("bad.jpg", b"cow 70")

    for _ in range(MAX_ATTEMPTS - 1):
        assert world.deliver(put) == ["0"]
    assert world.deliver(put) == []

    (letter,) = world.queues.sent
    failure = Failure.from_json(letter.attributes[FAILURE_ATTRIBUTE])
    assert (failure.code, failure.keys) == ("UnreadableItem", ("bad.jpg",))
    assert "image#bad.jpg record" in failure.message
    assert (world.table.items[at], world.rekognition.paid) == (before, paid)


def test_what_cannot_be_read_of_an_item_is_said() -> None:
    world = World()
    world.deliver(world.s3.put("a.jpg", b"dog 88"))
    item = from_wire(world.table.items["image#a.jpg", RECORD])

    said = [str(record_in({**item, **rubbish})) for rubbish in ({"words": "abc"}, {"key": "another.jpg"})]

    assert "words is 'abc'" in said[0]
    assert said[0].endswith("if newer code wrote it, deploy that again; else remove the item; then redrive")
    assert "key is 'another.jpg'" in said[1]


def test_an_answer_that_cannot_be_read_is_not_paid_for_again() -> None:
    world = World()
    world.deliver(world.s3.put("a.jpg", b"dog 88"))
    for item in world.table.items.values():
        if "answer" in item:
            item["answer"] = {"B": b"packed as nobody knows yet"}
    paid = world.rekognition.paid.copy()

    assert world.deliver(world.s3.put("copy.jpg", b"dog 88")) == ["0"]

    assert world.rekognition.paid == paid
