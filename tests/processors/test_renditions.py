"""Renditions go when nobody names them any more, and never while somebody does, whoever breaks in where."""

import itertools
import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from moto import mock_aws

from aws.calls import TableBatches
from contract.errors import ConfigurationError, ImagepipeError, TransientError
from contract.metrics import TallyMetric
from contract.photos import PICTURE, PhotoFacts, rendition_maker
from contract.records import Result, ResultName
from contract.table import from_wire, key_to_wire, record_key, result_key, to_wire
from contract.tallies import Name, removal_key
from contract.timing import CLAIM_SECONDS, DAY_SECONDS, RESULTS_GRACE_SECONDS, RESULTS_UNSAFE_SECONDS
from processors.adapters.calls import retry_policy, translated
from processors.adapters.dynamodb import ImageTable
from processors.adapters.renditions import RenditionBucket, rendition_makers
from processors.counting.renditions import RenditionSweep, left_by_pictures
from tests.fakes.calls import Calls, nothing
from tests.fakes.dynamodb import TABLE, FakeDynamoDB
from tests.fakes.late_reads import LateReads
from tests.fakes.s3 import BUCKET, FakeS3
from tests.fakes.s3_versions import Versioning
from tests.processors.test_conformance import create_table
from tests.processors.test_tallying import KilledError, Silence
from tests.processors.world import InlineExecutor

EXAMPLES = int(os.environ.get("IMAGEPIPE_EXAMPLES", "150"))
CALLED_AT = "2026-11-23T12:00:00.000Z"
CONTENTS = ("c1-7", "c2-7")
FINGERPRINTS = ("f1", "f2")


def facts(maker: str | None, **more: Any) -> dict[str, Any]:
    photo = PhotoFacts("JPEG", 640, 480, is_direct=True, renditions=maker, has_view=maker is not None, **more)
    return photo.to_json()


def keys_of(content_id: str, maker: str) -> list[str]:
    return [f"{content_id}/{maker}/thumbnail.webp", f"{content_id}/{maker}/view.jpg"]


def a_removal(name: ResultName, event: str = "REMOVE") -> dict[str, Any]:
    return {"eventName": event, "dynamodb": {"Keys": key_to_wire(result_key(name))}}


class Errors(Silence):
    """A log that keeps what needs somebody."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[dict[str, object]] = []

    def error(self, message: str, **facts: object) -> None:
        self.errors.append(facts)


class PictureWorker:
    """A processor that reads a picture, by way of a function that may outlive it."""

    def __init__(self, name: ResultName, token: str, until: float) -> None:
        self.name, self.token, self.until = name, token, until
        self.put: set[str] = set()
        self.is_at_it = True


class RenditionWorld:
    """The claims and answers of the processor, the bucket that its pictures go to, and the tally's sweep."""

    def __init__(self) -> None:
        self.calls = Calls()
        self.dynamodb = FakeDynamoDB(self.calls)
        self.s3 = FakeS3(self.calls, Versioning.NEVER, page=2)
        self.now = 1_000_000.0
        self.log = Errors()
        self.removed = 0
        client: Any = self.dynamodb
        bucket: Any = self.s3
        retry = retry_policy(sleep=lambda _seconds: None)
        batches = TableBatches(client, TABLE, translated, retry, InlineExecutor())
        self.table = ImageTable(batches, retry, lambda: self.now)
        self.sweep = RenditionSweep(
            RenditionBucket(bucket, BUCKET),
            lambda content_id: rendition_makers(client, TABLE, content_id),
            retry,
            InlineExecutor(),
            self._count,
            self.log,
        )

    def _count(self, what: TallyMetric, by: int) -> None:
        assert what is TallyMetric.RENDITIONS_REMOVED
        self.removed += by

    def keep(self, content_id: str, maker: str | None, fingerprint: str = "f1") -> None:
        """Have an answer, and the renditions that it names."""
        name = ResultName(content_id, PICTURE, fingerprint)
        for key in keys_of(content_id, maker) if maker else ():
            self.s3.put(key, b"picture")
        assert not self.table.save_results([Result(name, facts(maker), CALLED_AT)])

    def claim(self, content_id: str, owner: str, fingerprint: str = "f1") -> None:
        assert self.table.claim([ResultName(content_id, PICTURE, fingerprint)], owner) == {}

    @property
    def makers(self) -> list[str]:
        return sorted({rendition_maker(key)[1] for key in self.s3.present()})


@pytest.fixture
def world() -> RenditionWorld:
    return RenditionWorld()


KINDS = (
    "claim",
    "put",
    "save",
    "fail",
    "die",
    "wait",
    "expire",
    "by hand",
    "last goes",
    "comes back",
    "sweep",
)
ACTIONS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 7)), max_size=3)


class AnyInterleaving(RuleBasedStateMachine):
    """Workers, records that come and go, expiry, and sweeps that are broken into at every call."""

    def __init__(self) -> None:
        super().__init__()
        self.world = RenditionWorld()
        self.workers: list[PictureWorker] = []
        self.events: list[dict[str, Any]] = []
        self.late: set[str] = set()
        self.ids = itertools.count()

    @rule(actions=ACTIONS)
    def act(self, actions: list[tuple[str, int]]) -> None:
        for kind, which in actions:
            getattr(self, kind.replace(" ", "_"))(which)
            self.what_is_named_is_there()

    @rule(which=st.integers(0, 7), gaps=st.lists(ACTIONS, max_size=5), killed_at=st.integers(0, 12))
    def sweep_broken_into(self, which: int, gaps: list[list[tuple[str, int]]], killed_at: int) -> None:
        steps = iter(range(100))

        def step(_operation: str) -> None:
            number = next(steps)
            calls.before = nothing
            if number < len(gaps):
                self.act(gaps[number])
            if number == killed_at:
                raise KilledError
            calls.before = step

        calls = self.world.calls
        calls.before = step
        try:
            self.sweep(which)
        except KilledError:
            pass
        finally:
            calls.before = nothing

    @invariant()
    def what_is_named_is_there(self) -> None:
        present = self.world.s3.present()
        for content_id, maker in self._named():
            assert set(keys_of(content_id, maker)) <= present.keys()

    def teardown(self) -> None:
        """Have all come to an end: what no event told of goes with a recount, and nothing is left over."""
        for worker in self.workers:
            worker.is_at_it = False
        self.world.now += CLAIM_SECONDS + 1
        self.expire(0)
        while self.events:
            self.sweep(0)
        self.what_is_named_is_there()
        self._what_was_given_up_is_gone()
        while self.world.sweep.sweep_all("", lambda: 60)["renditions_removed"]:
            pass
        named = {key for named in self._named() for key in keys_of(*named)}
        assert self.world.s3.present().keys() == named

    def _what_was_given_up_is_gone(self) -> None:
        """Nothing is left of a content without answers, but for what was made when nobody had claimed it."""
        given_up = set(CONTENTS) - {name.content_id for name, _ in self._items()}
        left = {key for key in self.world.s3.present() if rendition_maker(key)[0] in given_up}
        assert left <= self.late

    def _items(self) -> list[tuple[ResultName, dict[str, Any]]]:
        return [
            (ResultName(pk.removeprefix("content#"), *sk.split("#")), from_wire(item))
            for (pk, sk), item in self.world.dynamodb.items.items()
        ]

    def _named(self) -> Iterator[tuple[str, str]]:
        for name, item in self._items():
            if (result := Result.from_item(name, item)) is not None:
                yield name.content_id, result.response["renditions"]

    def _remove(self, name: ResultName) -> None:
        at = result_key(name)
        del self.world.dynamodb.items[at.pk, at.sk]
        self.events.append(a_removal(name))

    def _at_work(self, which: int) -> PictureWorker | None:
        """One that its invocation has not ended for: it is over before the claim is."""
        at_work = [worker for worker in self.workers if worker.is_at_it and self.world.now <= worker.until]
        return at_work[which % len(at_work)] if at_work else None

    def claim(self, which: int) -> None:
        name = ResultName(CONTENTS[which % 2], PICTURE, FINGERPRINTS[which // 2 % 2])
        token = f"t{next(self.ids)}"
        if not self.world.table.claim([name], token):
            self.workers.append(PictureWorker(name, token, self.world.now + CLAIM_SECONDS - 1))

    def put(self, which: int) -> None:
        """Put a rendition, whoever asked for it may be dead or alive."""
        unfinished = [worker for worker in self.workers if len(worker.put) < 2]
        if not unfinished:
            return
        worker = unfinished[which % len(unfinished)]
        key = keys_of(worker.name.content_id, worker.token)[len(worker.put)]
        worker.put.add(key)
        self.world.s3.put(key, b"picture")
        at = result_key(worker.name)
        standing = self.world.dynamodb.items.get((at.pk, at.sk), {})
        if standing.get("claimed_by") != {"S": worker.token}:
            self.late.add(key)

    def save(self, which: int) -> None:
        worker = self._at_work(which)
        if worker is not None and len(worker.put) == 2:
            worker.is_at_it = False
            assert not self.world.table.save_results([Result(worker.name, facts(worker.token), CALLED_AT)])

    def fail(self, which: int) -> None:
        worker = self._at_work(which)
        if worker is not None:
            worker.is_at_it = False
            self.world.table.release(worker.name, worker.token)
            self.events.append(a_removal(worker.name))

    def die(self, which: int) -> None:
        if self.workers:
            self.workers[which % len(self.workers)].is_at_it = False

    def wait(self, which: int) -> None:
        self.world.now += (10, CLAIM_SECONDS + 1, DAY_SECONDS, 2 * DAY_SECONDS)[which % 4]

    def expire(self, which: int) -> None:
        for name, item in self._items():
            if "expires_at" in item and item["expires_at"] < self.world.now:
                self._remove(name)

    def by_hand(self, which: int) -> None:
        answers = [name for name, item in self._items() if "answer" in item]
        if answers:
            self._remove(answers[which % len(answers)])

    def last_goes(self, which: int) -> None:
        """The tally gives an expiry to all answers about a content."""
        going = int(self.world.now) + RESULTS_GRACE_SECONDS
        for name, item in self._items():
            if name.content_id == CONTENTS[which % 2] and "answer" in item:
                self._at(name).setdefault("expires_at", {"N": str(going)})

    def comes_back(self, which: int) -> None:
        """The same bytes are uploaded again, in time."""
        for name, item in self._items():
            is_in_time = item.get("expires_at", 0) >= self.world.now + RESULTS_UNSAFE_SECONDS
            if name.content_id == CONTENTS[which % 2] and "answer" in item and is_in_time:
                self._at(name).pop("expires_at", None)

    def sweep(self, which: int) -> None:
        """Deliver one event; it comes again if that comes to no end."""
        if self.events:
            event = self.events[which % len(self.events)]
            self.world.sweep.sweep(left_by_pictures({"Records": [event]}))
            if event in self.events:
                self.events.remove(event)

    def _at(self, name: ResultName) -> dict[str, Any]:
        at = result_key(name)
        item: dict[str, Any] = self.world.dynamodb.items[at.pk, at.sk]
        return item


TestAnyInterleaving = AnyInterleaving.TestCase
TestAnyInterleaving.settings = settings(max_examples=EXAMPLES, stateful_step_count=25, deadline=None)


def test_what_nobody_names_goes_page_by_page_and_the_rest_stays(world: RenditionWorld) -> None:
    world.keep("c1-7", "t1")
    world.keep("c1-7", "t2", "f2")
    world.claim("c1-7", "t3", "f3")
    for maker in ("t0", "t3", "t4"):
        for key in keys_of("c1-7", maker):
            world.s3.put(key, b"picture")
    world.s3.put("c1-77/t0/thumbnail.webp", b"of another content")

    assert world.sweep.sweep(["c1-7", "none-7"]) == world.removed == 4
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
    assert world.removed == 0

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
