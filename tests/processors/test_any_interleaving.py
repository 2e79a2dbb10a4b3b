"""Any interleaving of changes, deliveries and faults: drained, table equals bucket, nothing was paid twice.

The real handler code runs on AWS in memory. A fault is injected at one AWS call of a delivery, any call site:
a kill before the call or after it took effect, an error, a throttle, another worker's whole batch.
"""

import json
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from contract.block_tag import BLOCK_TAG
from contract.edits import Decision, Edit
from contract.face_search import FaceBox
from contract.items import from_wire
from contract.notifications import completion, look_again
from contract.photos import PICTURE, PhotoFacts
from contract.policy import to_json
from contract.records import Status, content_id
from contract.results import unpack
from contract.said_of_persons import PersonsEdit
from contract.table import (
    camera_term,
    decision_term,
    hash_terms,
    label_term,
    person_term,
    place_term,
)
from loadtest.simulation.outages import client_error
from tests.fakes.calls import nothing
from tests.fakes.event_bridge import as_event
from tests.fakes.pictures import FUNCTION, GEOHASHES, RENDITIONS, camera_of, hash_of
from tests.fakes.s3 import BUCKET
from tests.fakes.s3_versions import Versioning
from tests.processors.world import (
    EUROPE,
    SETTINGS,
    WEST,
    WITH_PICTURES,
    WITH_REGIONS,
    Delivery,
    World,
)

EXAMPLES = int(os.environ.get("IMAGEPIPE_EXAMPLES", "80"))
SHRINK = os.environ.get("IMAGEPIPE_SHRINK", "yes") == "yes"

KEYS = st.sampled_from(["a.jpg", "b/ c+%.jpg"])
# The first two are of one size.
BODIES = st.sampled_from(
    [b"cat 97", b"owl 91", b"dog 88 sofa 70", b"person 99 faces 2", b"not an image", b""]
)
FAULTS = st.sampled_from(
    ["none", "kill before", "kill after", "error", "throttle", "access denied", "other worker"]
)
FACE = FaceBox(0.1, 0.1, 0.2, 0.2)
EDITS = (
    Edit(add=("Bird",), decision=Decision.BLOCK),
    Edit(remove=("cat", "Sofa")),
    Edit(rename={"Dog": "Wolf", "owl": "bird"}),
    Edit(reset=("cat", "owl"), decision=""),
    Edit(persons=PersonsEdit({"p1": None}, not_there=("p2",))),
    Edit(remove=("dog",), persons=PersonsEdit({"p2": FACE}, reset=("p1",))),
)
PLACES = st.integers(min_value=1, max_value=25)


class KilledError(BaseException):
    """The function is gone: nothing after this happens, and SQS brings the batch back."""


@dataclass(eq=False)
class Queued:
    """A message in the queue, and how often it was received."""

    id: str
    body: str
    sent_at: float
    receives: int = 0


class Interleavings(RuleBasedStateMachine):
    """Changes of a bucket, and deliveries of what it says, in any order."""

    versioning = Versioning.ENABLED
    settings = SETTINGS

    def __init__(self) -> None:
        super().__init__()
        self.world = World(settings=self.settings)
        self.world.s3.versioning = self.versioning
        self.queue: list[Queued] = []
        self.records: list[dict[str, Any]] = []
        self.told: list[str] = []
        self.lost_answers: Counter[tuple[Any, ...]] = Counter()

    @rule(key=KEYS, body=BODIES)
    def put(self, key: str, body: bytes) -> None:
        self._tell(self.world.s3.put(key, body))

    @precondition(lambda self: self.world.s3.present())
    @rule(data=st.data(), to=KEYS)
    def copy(self, data: st.DataObject, to: str) -> None:
        self._tell(self.world.s3.copy(data.draw(st.sampled_from(sorted(self.world.s3.present()))), to))

    @precondition(lambda self: self.world.s3.present())
    @rule(data=st.data(), by=st.sampled_from(["ObjectRemoved", "LifecycleExpiration"]))
    def delete(self, data: st.DataObject, by: str) -> None:
        self._tell(self.world.s3.delete(data.draw(st.sampled_from(sorted(self.world.s3.present()))), by))

    @precondition(lambda self: self.world.s3.versioning is not Versioning.NEVER and self.world.s3.present())
    @rule(data=st.data())
    def delete_the_current_version_for_good(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.world.s3.present())))
        current = self.world.s3.current(key)
        assert current is not None
        self._tell(self.world.s3.delete_version(key, current.version_id))

    @precondition(lambda self: self.world.s3.noncurrent())
    @rule(data=st.data())
    def a_lifecycle_rule_expires_what_is_not_current(self, data: st.DataObject) -> None:
        self._tell(self.world.s3.expire(*data.draw(st.sampled_from(self.world.s3.noncurrent()))))

    @rule(key=KEYS, body=BODIES)
    def put_into_an_archive(self, key: str, body: bytes) -> None:
        self._tell(self.world.s3.put(key, body, archived_in="DEEP_ARCHIVE"))

    @precondition(lambda self: self._archived())
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        self._tell(self.world.s3.restore(data.draw(st.sampled_from(self._archived()))))

    @precondition(lambda self: self.queue)
    @rule(data=st.data())
    def duplicate_a_message(self, data: st.DataObject) -> None:
        original = data.draw(st.sampled_from(self.queue))
        self._send(original.body)

    @precondition(lambda self: self.queue)
    @rule(data=st.data(), fault=FAULTS, at=PLACES, unwritten=st.integers(0, 3), refused=st.integers(0, 2))
    def deliver(self, data: st.DataObject, fault: str, at: int, unwritten: int, refused: int) -> None:
        chosen = data.draw(
            st.lists(st.sampled_from(range(len(self.queue))), min_size=1, max_size=4, unique=True)
        )
        batch = [self.queue[place] for place in chosen]
        others = [message for message in self.queue if message not in batch][:2]
        self.world.table.leave_unwritten, self.world.topic.refuse = unwritten, refused
        self._inject(fault, at, others)
        self._hand_over(batch)
        self._heal()

    def teardown(self) -> None:
        """Let everything drain without faults, then compare; then let a quiet month go by."""
        self._heal()
        self._drain()
        self._compare_table_with_bucket()
        self._check_what_was_announced()
        self._check_what_was_paid()
        self._let_a_quiet_month_go_by()
        self._compare_table_with_bucket()
        assert self.world.queues.sent == [], "nothing is to be a dead letter, or to be sent anew"

    @precondition(lambda self: self.records)
    @rule(data=st.data(), through_event_bridge=st.booleans())
    def tell_of_a_change_once_more(self, data: st.DataObject, *, through_event_bridge: bool) -> None:
        """Each way delivers at least once; a bucket may tell on both."""
        self._say(data.draw(st.sampled_from(self.records)), through_event_bridge=through_event_bridge)

    def _tell(self, record: dict[str, Any]) -> None:
        self.records.append(record)
        self._say(record, through_event_bridge=len(self.records) % 2 == 0)

    def _say(self, record: dict[str, Any], *, through_event_bridge: bool) -> None:
        self._send(json.dumps(as_event(record) if through_event_bridge else {"Records": [record]}))

    def _send(self, body: str) -> None:
        self.told.append(body)
        self.queue.append(Queued(f"m{len(self.told)}", body, self.world.now))

    def _archived(self) -> list[str]:
        present = self.world.s3.present()
        return sorted(key for key, stored in present.items() if not stored.is_readable)

    def _drain(self) -> None:
        for _ in range(50):
            if not self.queue:
                break
            self.world.now += 100
            self._hand_over(self.queue[:10])
        assert self.queue == [], "the queue does not drain"

    def _let_a_quiet_month_go_by(self) -> None:
        """Nothing changes what anybody is shown: no event of these is announced, or pays, or writes a row."""
        s3, table = self.world.s3, self.world.table
        announced = {published["id"] for published in self.world.topic.published}
        calls, writes = self.world.rekognition.paid.copy(), self.world.calls.made["BatchWriteItem"]
        self.world.now += 40 * 86_400
        for at, item in list(table.items.items()):
            if "expires_at" in item and int(item["expires_at"]["N"]) < self.world.now:
                del table.items[at]
        while s3.noncurrent():
            self._tell(s3.expire(*s3.noncurrent()[0]))
        for body in list(self.told):
            self._send(body)
        look = look_again(BUCKET, sorted({"never.jpg", *s3.objects}), "2026-02-10T00:00:00.000Z")
        self._send(look)
        self._drain()
        assert [told for told in self.world.topic.published if told["id"] not in announced] == []
        assert self.world.rekognition.paid == calls
        assert self.world.calls.made["BatchWriteItem"] == writes

    def _hand_over(self, batch: list[Queued]) -> None:
        for message in batch:
            message.receives += 1
        paid_before = self._paid().copy()
        try:
            failed = self.world.deliver_messages(
                [Delivery(message.id, message.body, message.receives, message.sent_at) for message in batch]
            )
        except KilledError:
            failed = [message.id for message in batch]
        kept = [message for message in batch if message.id in failed]
        self.queue = [message for message in self.queue if message not in batch or message in kept]
        self._note_lost_answers(paid_before)

    def _inject(self, fault: str, at: int, others: list[Queued]) -> None:
        calls = self.world.calls
        countdown = iter(range(at, 0, -1))

        def strike(operation: str) -> None:
            if next(countdown, 0) != 1:
                return
            if fault.startswith("kill"):
                raise KilledError
            if fault == "error":
                raise client_error("InternalServerError", operation)
            if fault == "throttle":
                calls.before = _always("ProvisionedThroughputExceededException")
                calls.before(operation)
            if fault == "access denied":
                raise client_error("AccessDeniedException", operation)
            if fault == "other worker" and others:
                self._heal()
                self._hand_over(others)

        if fault == "kill after":
            calls.after = strike
        elif fault != "none":
            calls.before = strike

    def _heal(self) -> None:
        self.world.calls.before = self.world.calls.after = nothing
        self.world.table.leave_unwritten = self.world.topic.refuse = 0

    def _paid(self) -> Counter[tuple[Any, ...]]:
        """Return how often was paid for what is to be paid for once."""
        return cast("Counter[tuple[Any, ...]]", self.world.rekognition.paid)

    def _saved(self) -> set[tuple[Any, ...]]:
        return cast("set[tuple[Any, ...]]", self.world.saved_results())

    def _note_lost_answers(self, before: Counter[tuple[Any, ...]]) -> None:
        """Note calls whose answers were not saved because of a fault: those may be paid for again."""
        saved = self._saved()
        lost = [paid for paid in self._paid() - before if paid not in saved]
        assert len(lost) <= 1 or self.versioning is not Versioning.ENABLED, (
            f"one fault cost several answers: {lost}"
        )
        self.lost_answers.update(lost)

    def _compare_table_with_bucket(self) -> None:
        present = self.world.s3.present()
        for key in set(self.world.s3.objects) | {"a.jpg", "b/ c+%.jpg"}:
            record, stored = self.world.record(key), present.get(key)
            if stored is None or stored.body is None:
                assert record is None or record.status is Status.DELETED, f"{key} is gone and still there"
                assert self.world.visible_terms(key) == set()
                continue
            assert record is not None, f"{key} is lost"
            assert (record.version.etag, record.version.version_id) == (stored.etag, stored.version_id), (
                f"{key} stale"
            )
            assert self.world.visible_terms(key) == self.terms_of(stored.body) or (
                not stored.is_readable and record.rejection is not None and record.rejection.is_about_access
            )

    def terms_of(self, body: bytes) -> set[str]:
        return expected_terms(body)

    def _check_what_was_announced(self) -> None:
        announced = {published["id"] for published in self.world.topic.published}
        for item in self.world.records():
            if item.decided_by:
                assert completion(BUCKET, item).id in announced, f"{item.key} was not announced"

    def _check_what_was_paid(self) -> None:
        for what, times in self._paid().items():
            assert times <= 1 + self.lost_answers[what], f"{what} was paid {times} times"


class InterleavingsOfTwins(Interleavings):
    """The same where all contents have one ETag, so that some are twins, and no answer is shared."""

    settings = replace(SETTINGS, share_answers="no")

    def __init__(self) -> None:
        super().__init__()
        self.world.s3.etag_of = lambda _body: "0" * 32

    def _paid(self) -> Counter[tuple[Any, ...]]:
        """Each version is paid for once."""
        return cast("Counter[tuple[Any, ...]]", self.world.rekognition.paid_versions)

    def _saved(self) -> set[tuple[Any, ...]]:
        return cast("set[tuple[Any, ...]]", self.world.saved_versions())


class InterleavingsWithoutVersions(Interleavings):
    """The same in a bucket without versions, where a call may see newer bytes than its event names."""

    versioning = Versioning.NEVER

    def _check_what_was_paid(self) -> None:
        """An answer about bytes that were overwritten meanwhile is paid for and thrown away."""


class InterleavingsWithVersioningSwitched(InterleavingsWithoutVersions):
    """The same in a bucket whose versioning is switched on and suspended: with a version named `null`."""

    @rule()
    def enable_versioning(self) -> None:
        self.world.s3.versioning = Versioning.ENABLED

    @precondition(lambda self: self.world.s3.versioning is Versioning.ENABLED)
    @rule()
    def suspend_versioning(self) -> None:
        self.world.s3.versioning = Versioning.SUSPENDED


class InterleavingsWithPictures(Interleavings):
    """The same where pictures are read first, and Rekognition is shown views of some."""

    settings = WITH_PICTURES

    @rule(key=KEYS, body=st.sampled_from([b"heic cat 97", b"heic owl 91 faces 1", b"bomb 1"]))
    def put_another_format(self, key: str, body: bytes) -> None:
        self._tell(self.world.s3.put(key, body))

    def terms_of(self, body: bytes) -> set[str]:
        terms = expected_terms(body)
        if "status:recognized" not in terms:
            return terms
        places = map(place_term, GEOHASHES)
        of_file = {"taken", camera_term(camera_of(body)), *places, *hash_terms(hash_of(body))}
        return terms | of_file

    def teardown(self) -> None:
        super().teardown()
        self._compare_renditions_with_answers()

    def _compare_renditions_with_answers(self) -> None:
        """Whatever an answer names is there."""
        for (pk, sk), item in self.world.table.items.items():
            if sk.startswith(f"{PICTURE}#") and "answer" in item:
                photo = PhotoFacts.from_json(unpack(from_wire(item)["answer"]))
                content_id = pk.removeprefix("content#")
                named = {photo.thumbnail_key(content_id), photo.view_key(content_id)} - {None}
                assert named <= self.world.pictures.renditions.keys(), f"renditions of {pk} are missing"
        for record in self.world.records():
            if record.status is Status.RECOGNIZED:
                assert record.findings.photo is not None, f"the picture {record.key} was not read"


class InterleavingsOfRegions(InterleavingsWithPictures):
    """The same where several regions are asked, of which one may be away for as long as it takes."""

    settings = replace(WITH_REGIONS, pictures_function=FUNCTION, renditions_bucket=RENDITIONS)

    def __init__(self) -> None:
        super().__init__()
        self.away: set[str] = set()

    @rule(region=st.sampled_from(["", WEST, EUROPE]))
    def a_region_goes(self, region: str) -> None:
        self.away = {region}
        self._heal()

    @rule()
    def all_regions_are_back(self) -> None:
        self.away = set()
        self._heal()

    def _heal(self) -> None:
        super()._heal()
        self.world.calls.before = self._strike_what_is_away

    def _strike_what_is_away(self, operation: str) -> None:
        name, _, region = operation.partition("@")
        if name.startswith("Detect") and region in self.away:
            raise client_error("InternalServerError", name)

    def teardown(self) -> None:
        self.away -= {""}  # what only the home region can say waits for it
        super().teardown()


class InterleavingsOfCorrections(Interleavings):
    """The same where people correct photos at any moment, also through copies that come and go."""

    settings = replace(
        SETTINGS,
        corrections="yes",
        policy=to_json({"labels": {"default": 60}, "moderation": {"Violence": {"block": 90}}}),
        block_tag="yes",
    )

    @precondition(lambda self: self._recognized())
    @rule(data=st.data(), edit=st.sampled_from(EDITS))
    def correct(self, data: st.DataObject, edit: Edit) -> None:
        self._correct(data.draw(st.sampled_from(self._recognized())), edit)

    @precondition(lambda self: self.queue and self._recognized())
    @rule(data=st.data(), edit=st.sampled_from(EDITS), at=st.integers(1, 10), at_once=st.booleans())
    def correct_while_a_batch_is_worked_on(
        self, data: st.DataObject, edit: Edit, at: int, *, at_once: bool
    ) -> None:
        """Correct a photo at any call of a batch, with another worker who looks at it again at once."""
        key = data.draw(st.sampled_from(self._recognized()))
        batch = [data.draw(st.sampled_from(self.queue))]
        countdown = iter(range(at, 0, -1))

        def strike(_operation: str) -> None:
            if next(countdown, 0) != 1:
                return
            self._correct(key, edit)
            if at_once:
                self._heal()
                self._hand_over(self.queue[-1:])

        self.world.calls.before = strike
        self._hand_over(batch)
        self._heal()

    def _correct(self, key: str, edit: Edit) -> None:
        """Write what somebody says of a content, then ask to look at all keys whose records name it."""
        record = self.world.record(key)
        if record is None or record.status is not Status.RECOGNIZED:
            return
        self.world.correct(record.content_id, edit)
        named = [each.key for each in self.world.records() if each.content_id == record.content_id]
        self._send(look_again(BUCKET, named, f"2026-02-01T00:00:{len(self.told):02d}.000Z"))

    def _recognized(self) -> list[str]:
        return sorted(record.key for record in self.world.records() if record.status is Status.RECOGNIZED)

    def terms_of(self, body: bytes) -> set[str]:
        """List the machine's terms with the standing corrections over them, as told apart by their bytes."""
        terms = expected_terms(body)
        if "status:recognized" not in terms:
            return terms
        said = self.world.corrections(content_id(self.world.s3.etag_of(body), len(body)))
        gone = {label_term(name) for name in (*said.removed, *said.renamed)}
        decided = {decision_term(said.decision)} if said.decision else set[str]()
        named = {person_term(person) for person, each in said.persons.items() if each.is_there}
        labels = {label_term(name) for name in (*said.added, *said.renamed.values())}
        return (terms - gone) | labels | decided | named

    def _compare_table_with_bucket(self) -> None:
        super()._compare_table_with_bucket()
        for record in self.world.records():
            if record.status is Status.RECOGNIZED:
                said = self.world.corrections(record.content_id)
                assert record.corrections == said.number, f"{record.key} lacks what people say of it"
                assert record.decision == said.decision
                tags = self.world.s3.tags.of("", record.key, record.version.version_id)
                assert (BLOCK_TAG in tags) == (said.decision == Decision.BLOCK), f"{record.key} has {tags}"


class InterleavingsOfScenes(InterleavingsWithPictures):
    """The same where photos of one scene have each other's answers; they say the same in other bytes."""

    settings = replace(WITH_PICTURES, scenes="yes")

    @rule(key=KEYS, body=st.sampled_from([b"burst1-9 90 cat 97", b"burst1-9 90  cat 97"]))
    def put_a_shot(self, key: str, body: bytes) -> None:
        self._tell(self.world.s3.put(key, body))


def expected_terms(body: bytes) -> set[str]:
    """List the index terms of an image with this content."""
    if body in {b"", b"not an image", b"bomb 1"}:
        return {"status:rejected"}
    words = body.removeprefix(b"heic ").decode().split()
    seen = dict(zip(words[::2], words[1::2], strict=True))
    faces = {"faces:some"} if int(seen.pop("faces", 0)) else set()
    return {"status:recognized", *faces, *map(label_term, seen)}


def _always(code: str) -> Callable[[str], None]:
    def fail(operation: str) -> None:
        raise client_error(code, operation)

    return fail


PROFILE = settings(
    max_examples=EXAMPLES,
    stateful_step_count=30,
    phases=[phase for phase in Phase if SHRINK or phase not in {Phase.shrink, Phase.explain}],
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = PROFILE
TestInterleavingsOfTwins = InterleavingsOfTwins.TestCase
TestInterleavingsOfTwins.settings = PROFILE
TestInterleavingsWithoutVersions = InterleavingsWithoutVersions.TestCase
TestInterleavingsWithoutVersions.settings = PROFILE
TestInterleavingsWithPictures = InterleavingsWithPictures.TestCase
TestInterleavingsWithPictures.settings = PROFILE
TestInterleavingsOfRegions = InterleavingsOfRegions.TestCase
TestInterleavingsOfRegions.settings = PROFILE
TestInterleavingsOfCorrections = InterleavingsOfCorrections.TestCase
TestInterleavingsOfCorrections.settings = PROFILE
TestInterleavingsOfScenes = InterleavingsOfScenes.TestCase
TestInterleavingsOfScenes.settings = PROFILE
TestInterleavingsWithVersioningSwitched = InterleavingsWithVersioningSwitched.TestCase
TestInterleavingsWithVersioningSwitched.settings = PROFILE
