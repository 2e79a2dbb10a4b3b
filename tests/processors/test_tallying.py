"""Whatever is delivered how often, in whatever pieces, whoever dies of it.

counts are those of the records.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from contract.errors import TransientError
from contract.items import ItemKey
from contract.metrics import TallyMetric
from contract.records import Findings, ImageRecord, ImageVersion, Status
from contract.table import RECORD, index_rows, record_key
from contract.tallies import STATUS_COUNTS, CountedImage, Differences, Share, counted_key, label_counts_key
from contract.timing import RESULTS_GRACE_SECONDS, RESULTS_UNSAFE_SECONDS
from processors.adapters.calls import retry_policy
from processors.counting.contents import ContentNames
from processors.counting.label_counter import MANY_NAMES, MAX_KEYS, LabelCounter, changed_keys, recount
from tests.fakes.calls import nothing
from tests.fakes.tallies import FakeContents, FakeTallies

EXAMPLES = int(os.environ.get("IMAGEPIPE_EXAMPLES", "80"))

KEYS = ["a.jpg", "b/ c+%.jpg", "c.jpg"]
ETAGS = ["e1", "e2"]
STREAM_HOURS = 24
LABELS = st.frozensets(st.sampled_from(["Animal", "Cat", "Dog", "dog"]))


class KilledError(BaseException):
    """The function is gone: nothing after this happens."""


class Silence:
    """A log that keeps faults."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def warning(self, message: str, **facts: object) -> None: ...

    def error(self, message: str, **facts: object) -> None: ...

    def exception(self, message: str, **facts: object) -> None:
        self.faults.append(message)


class TallyWorld:
    """A tally on a store in memory."""

    def __init__(self) -> None:
        self.store = FakeTallies()
        self.log = Silence()
        self.metrics: Counter[TallyMetric] = Counter()
        self.now = 1_000_000.0
        retry = retry_policy(sleep=lambda _seconds: None)
        content_store: Any = FakeContents(self.store)
        self.contents = ContentNames(content_store, retry, lambda: self.now)
        self.tally = LabelCounter(self.store, self.contents, retry, self._count, self.log, lambda: self.now)

    def _count(self, what: TallyMetric, by: int) -> None:
        self.metrics[what] += by

    def recount(self, seconds_left: float = 60) -> None:
        """Go through all keys, in as many invocations as it takes."""
        event: Mapping[str, Any] = {"recount": True}
        while True:
            answer = recount(self.tally, event, lambda: seconds_left)
            if answer["cursor"] is None:
                return
            event = {"recount": True, "cursor": answer["cursor"]}

    @property
    def counts(self) -> dict[ItemKey, dict[str, int]]:
        """All counts but zeros."""
        found = {at: +Counter(counts) for at, counts in self.store.counts.items()}
        assert all(value >= 0 for counts in self.store.counts.values() for value in counts.values())
        return {at: dict(counts) for at, counts in found.items() if counts}


def a_record(
    key: str, generation: int, status: Status, labels: Iterable[str] = (), etag: str = "abc"
) -> ImageRecord:
    return ImageRecord(
        version=ImageVersion(key, etag, 7, None, "2026-11-23T12:00:00.000Z"),
        status=status,
        sequencer=f"{generation:04}",
        generation=generation,
        decided_at="2026-11-23T12:00:05.000Z",
        findings=Findings(dict.fromkeys(sorted(labels), 98.5)),
    )


def cat(key: str, *labels: str) -> ImageRecord:
    return a_record(key, 1, Status.RECOGNIZED, labels or ("Animal", "Cat"))


def counted_from(records: Iterable[ImageRecord]) -> dict[ItemKey, dict[str, int]]:
    """Count records one by one, by the index rows that they stand for."""
    counts: dict[ItemKey, Counter[str]] = {}
    for record in records:
        if record.status is not Status.DELETED:
            counts.setdefault(STATUS_COUNTS, Counter())[record.status] += 1
        for name in Share.of(record).labels:
            counts.setdefault(label_counts_key(name), Counter())[name] += 1
        rows = [row for row in index_rows(record) if row.at.pk.startswith("index#label:")]
        assert len(Share.of(record).labels) == len(rows)
    return {at: dict(metrics) for at, metrics in counts.items()}


def stream_event(keys: Iterable[str], sort_key: str = RECORD) -> dict[str, Any]:
    places = [{"pk": {"S": record_key(key).pk}, "sk": {"S": sort_key}} for key in keys]
    return {"Records": [{"eventName": "MODIFY", "dynamodb": {"Keys": place}} for place in places]}


class Tallying(RuleBasedStateMachine):
    """Records change; the stream is delivered in pieces that repeat and overlap; faults hit any step."""

    def __init__(self) -> None:
        super().__init__()
        self.world = TallyWorld()
        # Results of contents that were named anew while the stream forgot: docs/decisions/0011.
        self.gone_unseen: set[str] = set()
        self.stream: list[str] = []
        self.delivered = 0
        self.is_complete = True
        self.hours_behind = 0

    @rule(
        key=st.sampled_from(KEYS), status=st.sampled_from(Status), labels=LABELS, etag=st.sampled_from(ETAGS)
    )
    def commit(self, key: str, status: Status, labels: frozenset[str], etag: str) -> None:
        """Write a record as the processor does: with results that are there, or are paid for."""
        store = self.world.store
        standing = store.records.get(key)
        generation = standing.generation + 1 if standing else 1
        shown = labels if status is Status.RECOGNIZED else frozenset()
        record = a_record(key, generation, status, shown, "" if status is Status.DELETED else etag)
        if status is not Status.DELETED:
            content = record.version.content_id
            expires_at = store.results.get(content)
            if content not in store.results or (
                expires_at is not None and expires_at < self.world.now + RESULTS_UNSAFE_SECONDS
            ):
                store.results[content] = None
                store.ever_named.discard(content)
        store.records[key] = record
        self.stream.append(key)

    @rule(key=st.sampled_from(KEYS))
    def remove(self, key: str) -> None:
        """A tombstone expires, or somebody removes a record by hand."""
        if self.world.store.records.pop(key, None):
            self.stream.append(key)

    @rule(hours=st.sampled_from([12, 25]))
    def time_passes(self, hours: int) -> None:
        """A stream that is not read for a day has forgotten."""
        if self.delivered == len(self.stream):
            self.hours_behind = 0
        else:
            self.hours_behind += hours
            if self.hours_behind > STREAM_HOURS:
                self.the_stream_forgets()
        self.world.now += hours * 3600 + 1
        self._expire()

    def _expire(self) -> None:
        store = self.world.store
        before = set(store.results)
        store.expire(self.world.now)
        gone = (before - store.results.keys()) & self._contents()
        if self.is_complete:
            assert not gone
        self.gone_unseen |= gone

    def _contents(self) -> set[str]:
        records = self.world.store.records.values()
        return {record.version.content_id for record in records if record.status is not Status.DELETED}

    @precondition(lambda self: self.stream)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """Deliver a piece that begins at, or before, what was delivered last; a fault may hit it."""
        start = data.draw(st.integers(0, self.delivered))
        end = data.draw(st.integers(min(start + 1, len(self.stream)), len(self.stream)))
        keys = self.stream[start:end]
        if self._with_fault(data, lambda: self.world.tally.bring_in_line(keys)):
            self.delivered = max(self.delivered, end)

    @rule(data=st.data())
    def recount(self, data: st.DataObject) -> None:
        lost_before = len(self.stream)
        if self._with_fault(data, lambda: self.world.recount(seconds_left=0)):
            self.delivered, self.is_complete = max(self.delivered, lost_before), True

    @precondition(lambda self: self.delivered < len(self.stream))
    @rule()
    def the_stream_forgets(self) -> None:
        """The tally was down for a day."""
        self.delivered, self.is_complete = len(self.stream), False
        self.hours_behind = 0

    def _with_fault(self, data: st.DataObject, work: Callable[[], object]) -> bool:
        """Do the work with something happening at one of its steps; say whether it came to its end."""
        calls = self.world.store.calls
        happening = data.draw(
            st.sampled_from(
                ["nothing", "kill before", "kill after", "error", "lost answer", "change", "other"]
            )
        )
        place = data.draw(st.integers(1, 25))
        steps = iter(range(1, 1000))

        def step(_operation: str) -> None:
            if next(steps) != place:
                return
            calls.before = calls.after = nothing
            if happening.startswith("kill"):
                raise KilledError
            if happening in ("error", "lost answer"):
                raise TransientError("InternalServerError", "as arranged")
            if happening in ("change", "other"):
                self.commit(
                    data.draw(st.sampled_from(KEYS)),
                    data.draw(st.sampled_from(Status)),
                    data.draw(LABELS),
                    data.draw(st.sampled_from(ETAGS)),
                )
            if happening == "other":
                self._another_is_faster(data)

        if happening != "nothing":
            is_after = happening in ("kill after", "lost answer")
            calls.before, calls.after = (nothing, step) if is_after else (step, nothing)
        try:
            work()
        except KilledError:
            return False
        finally:
            calls.before = calls.after = nothing
        return True

    def _another_is_faster(self, data: st.DataObject) -> None:
        """While one recounts, or is taken for dead, another delivers all there is, perhaps to and fro."""
        self.world.tally.bring_in_line(self.stream)
        if data.draw(st.booleans()):
            self.remove(data.draw(st.sampled_from(KEYS)))
            self.world.tally.bring_in_line(self.stream)
        self._expire()
        self.delivered = len(self.stream)

    @invariant()
    def counts_are_the_sum_of_shares(self) -> None:
        differences = Differences()
        for counted in self.world.store.shares.values():
            differences.add(Share(), counted.share)
        assert self.world.counts == {at: dict(counts) for at, counts in differences.by_item.items()}

    @invariant()
    def counts_are_those_of_the_records_once_all_is_delivered(self) -> None:
        if self.is_complete and self.delivered == len(self.stream):
            assert self.world.counts == counted_from(self.world.store.records.values())

    @invariant()
    def results_go_with_their_last_record_once_all_is_delivered(self) -> None:
        if self.is_complete and self.delivered == len(self.stream):
            store = self.world.store
            for content, expires_at in store.results.items():
                if content in self._contents():
                    assert expires_at is None
                elif content in store.ever_named:
                    assert expires_at is not None

    def teardown(self) -> None:
        """Once the stream is drained, or all was counted anew, counts are those of the records."""
        if self.is_complete:
            self.world.tally.bring_in_line(self.stream[self.delivered :])
        else:
            self.world.recount()
        expected = counted_from(self.world.store.records.values())
        assert self.world.counts == expected
        assert self.world.tally.bring_in_line(self.stream) == 0
        assert self.world.counts == expected
        assert not self.world.log.faults
        self._nothing_is_left_of_what_was_saved_in_vain()

    def _nothing_is_left_of_what_was_saved_in_vain(self) -> None:
        self.world.recount()
        self.world.now += RESULTS_GRACE_SECONDS + 1
        self.world.store.expire(self.world.now)
        assert self.world.store.results.keys() <= self._contents()
        assert self._contents() - self.world.store.results.keys() <= self.gone_unseen
        assert {name.content_id for name in self.world.store.names.values()} == self._contents()


TestTallying = Tallying.TestCase
TestTallying.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=25,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink],
)


@pytest.fixture
def world() -> TallyWorld:
    return TallyWorld()


def test_trap_19_a_change_that_is_delivered_again_is_not_counted_again(world: TallyWorld) -> None:
    world.store.records["a.jpg"] = cat("a.jpg")

    assert world.tally.bring_in_line(["a.jpg", "a.jpg"]) == 1
    assert world.tally.bring_in_line(["a.jpg"]) == 0
    assert world.counts == counted_from([cat("a.jpg")])


def test_an_overwrite_moves_an_image_and_a_deletion_takes_it_out(world: TallyWorld) -> None:
    world.store.records["a.jpg"] = cat("a.jpg")
    world.tally.bring_in_line(["a.jpg"])
    world.store.records["a.jpg"] = a_record("a.jpg", 2, Status.RECOGNIZED, ["Dog"])
    world.tally.bring_in_line(["a.jpg"])
    assert world.counts == {STATUS_COUNTS: {"recognized": 1}, label_counts_key("Dog"): {"Dog": 1}}

    world.store.records["a.jpg"] = a_record("a.jpg", 3, Status.REJECTED)
    world.tally.bring_in_line(["a.jpg"])
    assert world.counts == {STATUS_COUNTS: {"rejected": 1}}

    world.store.records["a.jpg"] = a_record("a.jpg", 4, Status.DELETED)
    world.tally.bring_in_line(["a.jpg"])
    assert world.counts == {}


def test_the_expiry_of_a_tombstone_changes_nothing_and_its_key_can_come_again(world: TallyWorld) -> None:
    world.store.records["a.jpg"] = a_record("a.jpg", 9, Status.DELETED)
    world.tally.bring_in_line(["a.jpg"])
    del world.store.records["a.jpg"]
    world.tally.bring_in_line(["a.jpg"])
    assert world.counts == {}

    world.store.records["a.jpg"] = cat("a.jpg")
    world.tally.bring_in_line(["a.jpg"])
    assert world.counts == counted_from([cat("a.jpg")])


@pytest.mark.parametrize("step", ["read shares", "read records", "write"])
@pytest.mark.parametrize("last", [None, a_record("a.jpg", 3, Status.DELETED), cat("a.jpg", "Dog")])
def test_who_was_overtaken_writes_nothing_old(world: TallyWorld, step: str, last: ImageRecord | None) -> None:
    """While one is at some step, another counts what came and went meanwhile, and its traces expire."""

    def overtake(operation: str) -> None:
        if operation != step:
            return
        world.store.calls.before = nothing
        for record in (cat("a.jpg"), last):
            world.store.records.update({"a.jpg": record} if record else {})
            if record is None:
                del world.store.records["a.jpg"]
            world.tally.bring_in_line(["a.jpg"])
            world.store.expire(world.now)

    world.store.records["a.jpg"] = cat("a.jpg", "Moose")
    world.store.calls.before = overtake
    world.tally.bring_in_line(["a.jpg"])

    assert world.counts == counted_from(world.store.records.values())


@pytest.mark.parametrize("step", ["read records", "write"])
def test_who_finds_the_old_share_right_leaves_nothing_wrong_behind(world: TallyWorld, step: str) -> None:
    """One has read a record that goes before its share is written; the other, sent for that, sees none."""

    def delete(operation: str) -> None:
        if operation == step:
            world.store.calls.before = world.store.calls.after = nothing
            world.store.records["a.jpg"] = a_record("a.jpg", 2, Status.DELETED)
            assert world.tally.bring_in_line(["a.jpg"]) == 0

    world.store.records["a.jpg"] = cat("a.jpg")
    if step == "read records":
        world.store.calls.after = delete
    else:
        world.store.calls.before = delete
    world.tally.bring_in_line(["a.jpg"])

    assert world.counts == {}


def test_names_that_differ_in_case_are_one_label_of_an_image() -> None:
    assert len(Share.of(cat("a.jpg", "Dog", "dog", "DOG")).labels) == 1


def test_more_keys_than_a_transaction_takes_go_into_several(world: TallyWorld) -> None:
    records = {f"{number}.jpg": cat(f"{number}.jpg") for number in range(3 * MAX_KEYS)}
    world.store.records.update(records)

    assert world.tally.bring_in_line(records) == 3 * MAX_KEYS
    assert world.counts == counted_from(records.values())
    assert world.store.calls.made["write"] == 3


def test_more_names_than_an_update_takes_go_into_several_transactions(world: TallyWorld) -> None:
    names = (f"Thing {number}" for number in range(100_000))
    same_item = [name for name in names if label_counts_key(name) == label_counts_key("Cat")]
    records = {
        f"{number}.jpg": cat(f"{number}.jpg", *same_item[90 * number : 90 * (number + 1)])
        for number in range(10)
    }
    world.store.records.update(records)
    most = 0

    def look(_operation: str) -> None:
        nonlocal most
        counts = world.store.counts[label_counts_key("Cat")]
        most, seen[0] = max(most, len(counts) - seen[0]), len(counts)

    seen = [0]
    world.store.calls.after = look
    world.tally.bring_in_line(records)

    assert world.counts == counted_from(records.values())
    assert most < MANY_NAMES + 100


def test_a_record_that_cannot_be_read_is_left_as_it_was_counted_and_stops_no_other(world: TallyWorld) -> None:
    world.store.records["a.jpg"] = cat("a.jpg")
    world.tally.bring_in_line(["a.jpg"])

    class Unreadable(ImageRecord):
        def to_item(self) -> dict[str, object]:
            return {"key": self.key}

    broken = cat("a.jpg")
    world.store.records["a.jpg"] = Unreadable(
        **{name: getattr(broken, name) for name in broken.__match_args__}
    )
    world.store.records["b.jpg"] = cat("b.jpg", "Dog")

    assert world.tally.bring_in_line(["a.jpg", "b.jpg"]) == 1
    assert world.counts == counted_from([cat("a.jpg"), cat("b.jpg", "Dog")])
    assert world.metrics[TallyMetric.RECORDS_UNREADABLE] == 1
    assert "a.jpg" in world.log.faults[0]


# Everything that DynamoDB can hold, as `from_wire` reads it.
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.text(max_size=300)
    | st.binary(max_size=3)
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**38) + 1, max_value=10**38 - 1)
    | st.sampled_from(["deleted", "recognized", "recognised", Decimal(1) / 3, Decimal(10) ** 37])
    | st.frozensets(st.text(max_size=3))
    | st.frozensets(st.decimals(-9, 9, places=1)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=300), inner, max_size=3),
    max_leaves=4,
)


@pytest.mark.parametrize("kind", ["record", "counted"])
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_rubbish_in_one_key_stops_no_other_and_no_recount(kind: str, data: st.DataObject) -> None:
    world = TallyWorld()
    records = {"a.jpg": cat("a.jpg"), "b.jpg": cat("b.jpg"), "c.jpg": cat("c.jpg", "Dog")}
    world.store.records.update(records)
    world.tally.bring_in_line(records)
    whole = {"record": records["b.jpg"].to_item(), "counted": world.store.shares["b.jpg"].to_item()}[kind]
    replaced = data.draw(
        st.dictionaries(st.sampled_from([*sorted(whole), "new_field", "expires_at"]), VALUES, min_size=1)
    )
    missing = data.draw(st.sets(st.sampled_from(sorted(whole))))
    item = {name: value for name, value in {**whole, **replaced}.items() if name not in missing}
    world.store.rubbish[record_key("b.jpg") if kind == "record" else counted_key("b.jpg")] = item
    world.store.records["a.jpg"] = a_record("a.jpg", 2, Status.REJECTED)
    world.store.records["c.jpg"] = cat("c.jpg", "Moose")
    if kind == "counted":
        world.store.records["b.jpg"] = cat("b.jpg", "Cow")

    world.tally.bring_in_line(records)
    world.recount()

    assert world.store.shares["a.jpg"].share == Share.of(world.store.records["a.jpg"])
    assert world.store.shares["c.jpg"].share == Share.of(world.store.records["c.jpg"])
    assert all(isinstance(name, str) for counts in world.store.counts.values() for name in counts)


def test_a_recount_finds_what_the_stream_never_told(world: TallyWorld) -> None:
    world.store.records.update({key: cat(key) for key in KEYS})
    world.tally.bring_in_line(KEYS)
    world.store.records["c.jpg"] = a_record("c.jpg", 2, Status.RECOGNIZED, ["Dog"])
    del world.store.records["a.jpg"]

    world.recount()

    assert world.counts == counted_from(world.store.records.values())


def test_what_is_wrong_for_long_is_an_error_so_that_the_stream_sends_it_again(world: TallyWorld) -> None:
    world.store.records["a.jpg"] = cat("a.jpg")

    def fail(_operation: str) -> None:
        raise TransientError("InternalServerError", "as arranged")

    world.store.calls.before = fail
    with pytest.raises(TransientError):
        world.tally.bring_in_line(["a.jpg"])


def test_only_changes_of_records_are_read_from_an_event_each_key_once() -> None:
    event = stream_event(["a.jpg", "b/ c+%.jpg", "a.jpg"])
    event["Records"] += stream_event(["c.jpg"], sort_key="labels#f1")["Records"]

    assert changed_keys(event) == ["a.jpg", "b/ c+%.jpg"]


def test_a_share_is_read_back_as_it_was_written() -> None:
    for counted in (CountedImage(Share.of(cat("a.jpg")), 7), CountedImage(Share(), 8, 1_000_000)):
        assert CountedImage.from_item(counted.to_item()) == counted
