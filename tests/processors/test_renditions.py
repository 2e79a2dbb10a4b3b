"""Renditions go when nobody names them any more, and never while somebody does, whoever breaks in where."""

import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from moto import mock_aws

from contract.errors import ConfigurationError, ImagepipeError, TransientError
from contract.items import key_to_wire, to_wire
from contract.photos import PICTURE
from contract.results import Result, ResultName
from contract.table import record_key, result_key
from contract.tallies import Name, removal_key
from processors.adapters.renditions import rendition_makers
from processors.counting.renditions import left_by_pictures
from tests.fakes.dynamodb import TABLE, FakeDynamoDB
from tests.fakes.late_reads import LateReads
from tests.processors.rendition_world import CALLED_AT, RenditionWorld, a_removal, facts, keys_of
from tests.processors.test_conformance import create_table
from tests.processors.test_tallying import KilledError

EXAMPLES = int(os.environ.get("IMAGEPIPE_EXAMPLES", "80"))


@pytest.fixture
def world() -> RenditionWorld:
    return RenditionWorld()


def left_behind(world: RenditionWorld) -> None:
    """Have a worker die between its renditions and its answer."""
    for act in ("claim", "put", "put", "die"):
        world.act(act)
    world.act("wait", 1)


BEFORE: Mapping[str, Callable[[RenditionWorld], None]] = {
    "nothing": lambda world: None,
    "an answer of other settings": lambda world: world.keep("c1-7", "old", "f2"),
    "an answer that is about to go": lambda world: world.keep("c1-7", "old", expires_at={"N": "1003600"}),
    "a claim that was left": left_behind,
}
SCRIPTS: Sequence[Sequence[str]] = (
    ("claim", "put", "put", "save"),
    ("claim", "put", "put", "fail"),
    ("claim", "put", "die", "put"),
    ("claim", "put", "take over", "put", "put", "put", "save"),
)
# Before each call of a sweep that lists twice, reads and removes, and after it.
GAPS = range(5)


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_worker_breaks_in_on_a_sweep_wherever_it_can(before: str, script: Sequence[str]) -> None:
    for gaps in itertools.combinations_with_replacement(GAPS, len(script)):
        world = RenditionWorld(page=1000)
        BEFORE[before](world)
        todo = list(zip(gaps, script, strict=True))

        def act(call: int, world: RenditionWorld = world, todo: list[tuple[int, str]] = todo) -> None:
            while todo and todo[0][0] <= call:
                world.act(todo.pop(0)[1])

        world.step_in(act)
        world.sweep.sweep(["c1-7"])
        world.what_is_named_is_there()
        for _, kind in todo:
            world.act(kind)
        world.come_to_rest()


ACTS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("claim", "put", "save", "finish", "fail", "die", "wait", "take over"),
                *("expire", "remove by hand", "last record goes", "comes back", "sweep"),
            ]
        ),
        st.integers(0, 7),
    ),
    max_size=4,
)


class AnyRenditions(RuleBasedStateMachine):
    """Whatever happens in between the calls of whatever sweep, or kills it."""

    def __init__(self) -> None:
        super().__init__()
        self.world = RenditionWorld()

    @rule(acts=ACTS)
    def happen(self, acts: list[tuple[str, int]]) -> None:
        for kind, which in acts:
            self.world.act(kind, which)

    @rule(which=st.integers(0, 7), gaps=st.lists(ACTS, max_size=5), killed_at=st.integers(0, 12))
    def break_in(self, which: int, gaps: list[list[tuple[str, int]]], killed_at: int) -> None:
        def act(call: int) -> None:
            if call < len(gaps):
                self.happen(gaps[call])
            if call == killed_at:
                raise KilledError

        self.world.step_in(act)
        try:
            self.world.do_sweep(which)
        except KilledError:
            pass
        finally:
            self.world.step_in(lambda _call: None)
        self.world.what_is_named_is_there()

    def teardown(self) -> None:
        self.world.come_to_rest()


TestAnyRenditions = AnyRenditions.TestCase
TestAnyRenditions.settings = settings(max_examples=EXAMPLES, stateful_step_count=25)


def test_what_nobody_names_goes_page_by_page_and_the_rest_stays(world: RenditionWorld) -> None:
    world.keep("c1-7", "t1")
    world.keep("c1-7", "t2", "f2")
    world.table.claim([ResultName("c1-7", PICTURE, "f3")], "t3")
    for maker in ("t0", "t3", "t4"):
        for key in keys_of("c1-7", maker):
            world.s3.put(key, b"picture")
    world.s3.put("c1-77/t0/thumbnail.webp", b"of another content")

    assert world.sweep.sweep(["c1-7", "none-7"]) == 4
    assert world.makers == ["t0", "t1", "t2", "t3"]
    assert [key for key in world.s3.present() if "t0" in key] == ["c1-77/t0/thumbnail.webp"]


def test_an_answer_that_made_nothing_names_nothing(world: RenditionWorld) -> None:
    world.keep("c1-7", None)
    world.s3.put("c1-7/t0/thumbnail.webp", b"picture")

    assert world.sweep.sweep(["c1-7"]) == 1


RUBBISH: tuple[dict[str, object], ...] = (
    {},
    {"answer": b"no answer", "called_at": CALLED_AT},
    {"answer": Result(ResultName("c1-7", PICTURE, "f1"), {"of": "later"}, "").to_item()["answer"]},
    {"called_at": CALLED_AT},
)


@pytest.mark.parametrize("rubbish", RUBBISH)
def test_while_an_answer_cannot_be_read_everything_stays_and_that_is_told(
    world: RenditionWorld, rubbish: dict[str, Any]
) -> None:
    world.keep("c1-7", "t1")
    at = result_key(ResultName("c1-7", PICTURE, "f2"))
    world.dynamodb.put_item(TableName=TABLE, Item=to_wire(at._asdict() | rubbish))

    assert world.sweep.sweep(["c1-7"]) == 0
    assert world.makers == ["t1"]
    (told,) = world.log.errors
    assert "picture#f2" in str(told["reason"])


def test_a_recount_goes_through_the_whole_bucket_and_stops_in_time(world: RenditionWorld) -> None:
    world.keep("c2-7", "t2")
    for content_id, maker in (("c1-7", "t1"), ("c2-7", "t1"), ("c3-7", "t1")):
        for key in keys_of(content_id, maker):
            world.s3.put(key, b"picture")

    answers, after = [], ""
    while True:
        answers.append(world.sweep.sweep_all(after, lambda: 0))
        cursor: Any = answers[-1]["cursor"]
        if cursor is None:
            break
        after = cursor["after"]

    assert [answer["renditions_removed"] for answer in answers] == [2, 2, 0, 2, 0]
    assert world.makers == ["t2"]
    assert world.sweep.sweep_all("", lambda: 60) == {"renditions_removed": 0, "cursor": None}


def test_what_s3_has_not_removed_though_it_answered_is_a_failure(world: RenditionWorld) -> None:
    for key in keys_of("c1-7", "t1"):
        world.s3.put(key, b"picture")
    _, second = keys_of("c1-7", "t1")

    world.s3.undeletable = {second: "InternalError"}
    with pytest.raises(TransientError, match=second):
        world.sweep.sweep(["c1-7"])
    assert [*world.s3.present()] == [second]
    world.s3.undeletable = {second: "AccessDenied"}
    with pytest.raises(ConfigurationError, match=second):
        world.sweep.sweep(["c1-7"])

    world.s3.undeletable = {}
    assert world.sweep.sweep(["c1-7"]) == 1


def test_more_than_one_call_takes_are_removed_in_several(world: RenditionWorld) -> None:
    for number in range(1001):
        world.s3.put(f"c1-7/t{number}/view.jpg", b"picture")
    world.s3.page = 1000

    assert world.sweep.sweep(["c1-7"]) == 1001
    assert world.calls.made["DeleteObjects"] == 2
    assert world.calls.made["Query"] == 1


def test_only_answers_about_pictures_that_are_gone_lead_to_their_contents() -> None:
    picture, labels = ResultName("c1-7", PICTURE, "f1"), ResultName("c2-7", "labels", "f1")
    others = [record_key("a.jpg"), removal_key("c2-7"), Name("c2-7", "a.jpg", 1).at, record_key("picture#f1")]
    records = [
        a_removal(labels),
        a_removal(ResultName("c3-7", PICTURE, "f1"), "MODIFY"),
        a_removal(ResultName("c3-7", PICTURE, "f1"), "INSERT"),
        *({"eventName": "REMOVE", "dynamodb": {"Keys": key_to_wire(at)}} for at in others),
        {**a_removal(picture), "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"}},
        a_removal(ResultName("c1-7", PICTURE, "f2")),
    ]

    assert left_by_pictures({"Records": records}) == ["c1-7"]


@pytest.fixture(params=["fake", "moto", "moto, read late"])
def dynamodb(request: pytest.FixtureRequest) -> Iterator[Any]:
    if request.param == "fake":
        yield FakeDynamoDB()
        return
    with mock_aws():
        client = boto3.client("dynamodb", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
        create_table(client, TABLE)
        yield LateReads(client, TABLE) if "late" in request.param else client


def test_makers_are_those_of_claims_and_answers_as_of_now(dynamodb: Any) -> None:
    def put(name: ResultName, item: dict[str, Any]) -> None:
        dynamodb.put_item(TableName=TABLE, Item=to_wire(result_key(name)._asdict() | item))

    def answer(maker: str) -> dict[str, Any]:
        return Result(ResultName("c1-7", PICTURE, ""), facts(maker), CALLED_AT).to_item()

    for number in range(3):
        put(ResultName("c1-7", PICTURE, f"f{number}"), answer(f"t{number}"))
    put(ResultName("c1-7", PICTURE, "f3"), {"claimed_by": "t3", "claimed_until": 5, "expires_at": 5})
    put(ResultName("c1-7", "labels", "f1"), {"claimed_by": "t4"})
    put(ResultName("c1-77", PICTURE, "f1"), {"claimed_by": "t5"})

    assert rendition_makers(dynamodb, TABLE, "c1-7") == {"t0", "t1", "t2", "t3"}
    assert rendition_makers(dynamodb, TABLE, "none-7") == set()


def test_an_answer_that_is_cut_off_is_a_word_for_failure(dynamodb: Any) -> None:
    at = result_key(ResultName("c1-7", PICTURE, "f1"))
    dynamodb.put_item(TableName=TABLE, Item=to_wire(at._asdict() | {"answer": b"cut o"}))

    assert isinstance(rendition_makers(dynamodb, TABLE, "c1-7"), ImagepipeError)


@given(st.binary(max_size=40))
def test_whatever_stands_in_the_place_of_an_answer_removes_nothing(rubbish: bytes) -> None:
    world = RenditionWorld()
    world.keep("c1-7", "t1")
    at = result_key(ResultName("c1-7", PICTURE, "f2"))
    world.dynamodb.put_item(TableName=TABLE, Item=to_wire(at._asdict() | {"answer": rubbish}))

    assert world.sweep.sweep(["c1-7"]) == 0
