"""Workers that read pictures, records that come and go, expiry, and the sweep, on one table and bucket."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from aws.calls import TableBatches
from contract.items import from_wire, key_to_wire
from contract.photos import PICTURE, PhotoFacts, rendition_maker
from contract.results import Result, ResultName
from contract.table import result_key
from contract.timing import CLAIM_SECONDS, DAY_SECONDS, RESULTS_GRACE_SECONDS, RESULTS_UNSAFE_SECONDS
from processors.adapters.calls import retry_policy, translated
from processors.adapters.dynamodb import ImageTable
from processors.adapters.renditions import RenditionBucket, rendition_makers
from processors.counting.renditions import RenditionSweep, left_by_pictures
from tests.fakes.calls import Calls, nothing
from tests.fakes.dynamodb import TABLE, FakeDynamoDB
from tests.fakes.s3 import BUCKET, FakeS3
from tests.fakes.s3_versions import Versioning
from tests.processors.test_tallying import Silence
from tests.processors.world import InlineExecutor

CALLED_AT = "2026-11-23T12:00:00.000Z"
CONTENTS = ("c1-7", "c2-7")
FINGERPRINTS = ("f1", "f2")
RENDITIONS = 2


def facts(maker: str | None) -> dict[str, Any]:
    return PhotoFacts(
        "JPEG", 640, 480, is_direct=True, renditions=maker, has_view=maker is not None
    ).to_json()


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
    """A processor that has a picture read, by a function that may outlive it."""

    def __init__(self, name: ResultName, token: str, until: float) -> None:
        self.name, self.token, self.until = name, token, until
        self.put = 0
        self.is_at_it = True


class RenditionWorld:
    """Claims and answers are the processor's own. Each act takes a number that chooses among what there is.

    `events` tell of what is gone from the table, `late` are the renditions that nobody had claimed when they
    were put.
    """

    def __init__(self, page: int = 2) -> None:
        self.calls = Calls()
        self.dynamodb = FakeDynamoDB(self.calls)
        self.s3 = FakeS3(self.calls, Versioning.NEVER, page=page)
        self.now = 1_000_000.0
        self.log = Errors()
        self.workers: list[PictureWorker] = []
        self.events: list[dict[str, Any]] = []
        self.late: set[str] = set()
        self._ids = itertools.count()
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
            self.log,
        )

    def keep(self, content_id: str, maker: str | None, fingerprint: str = "f1", **more: Any) -> None:
        """Have an answer, and the renditions that it names."""
        name = ResultName(content_id, PICTURE, fingerprint)
        for key in keys_of(content_id, maker) if maker else ():
            self.s3.put(key, b"picture")
        assert not self.table.save_results([Result(name, facts(maker), CALLED_AT)])
        self._at(name).update(more)

    @property
    def makers(self) -> list[str]:
        return sorted({rendition_maker(key)[1] for key in self.s3.present()})

    def act(self, kind: str, which: int = 0) -> None:
        getattr(self, f"do_{kind.replace(' ', '_')}")(which)
        self.what_is_named_is_there()

    def step_in(self, acts: Callable[[int], None]) -> None:
        """Act before each of the calls from now on, by its number; whoever acts is not stepped in on."""
        steps = itertools.count()

        def step(_operation: str) -> None:
            self.calls.before = nothing
            acts(next(steps))
            self.calls.before = step

        self.calls.before = step

    def what_is_named_is_there(self) -> None:
        present = self.s3.present()
        for named in self._named():
            assert set(keys_of(*named)) <= present.keys()

    def come_to_rest(self) -> None:
        """Have all come to an end: what no event told of goes with a recount, and nothing is left over."""
        self.calls.before = nothing
        for worker in self.workers:
            worker.is_at_it = False
        self.now += CLAIM_SECONDS + 1
        self.act("expire")
        while self.events:
            self.act("sweep")
        given_up = {name.content_id for name, _ in self._items()}.isdisjoint
        left = {key for key in self.s3.present() if given_up({rendition_maker(key)[0]})}
        assert left <= self.late
        self.sweep.sweep_all("", lambda: 60)
        self.what_is_named_is_there()
        assert self.s3.present().keys() == {key for named in self._named() for key in keys_of(*named)}

    def do_claim(self, which: int) -> None:
        name = ResultName(CONTENTS[which % 2], PICTURE, FINGERPRINTS[which // 2 % 2])
        token = f"t{next(self._ids)}"
        if not self.table.claim([name], token):
            self.workers.append(PictureWorker(name, token, self.now + CLAIM_SECONDS - 1))

    def do_put(self, which: int) -> None:
        """Put a rendition; whoever asked for it may be dead or alive."""
        unfinished = [worker for worker in self.workers if worker.put < RENDITIONS]
        if not unfinished:
            return
        worker = unfinished[which % len(unfinished)]
        key = keys_of(worker.name.content_id, worker.token)[worker.put]
        worker.put += 1
        self.s3.put(key, b"picture")
        at = result_key(worker.name)
        if self.dynamodb.items.get((at.pk, at.sk), {}).get("claimed_by") != {"S": worker.token}:
            self.late.add(key)

    def do_save(self, which: int) -> None:
        worker = self._at_work(which)
        if worker is not None and worker.put == RENDITIONS:
            worker.is_at_it = False
            assert not self.table.save_results([Result(worker.name, facts(worker.token), CALLED_AT)])

    def do_fail(self, which: int) -> None:
        worker = self._at_work(which)
        if worker is not None:
            worker.is_at_it = False
            self.table.release(worker.name, worker.token)
            self.events.append(a_removal(worker.name))

    def do_die(self, which: int) -> None:
        if self.workers:
            self.workers[which % len(self.workers)].is_at_it = False

    def do_finish(self, which: int) -> None:
        """Have one that is at work come to its end."""
        for _ in range(RENDITIONS * len(self.workers)):
            self.do_put(0)
        self.do_save(which)

    def do_wait(self, which: int) -> None:
        self.now += (10, CLAIM_SECONDS + 1, DAY_SECONDS, 2 * DAY_SECONDS)[which % 4]

    def do_take_over(self, which: int) -> None:
        """Have one die, and another claim in its place."""
        self.do_die(0)
        self.do_wait(1)
        self.do_claim(which)

    def do_expire(self, _which: int) -> None:
        for name, item in self._items():
            if "expires_at" in item and item["expires_at"] < self.now:
                self._remove(name)

    def do_remove_by_hand(self, which: int) -> None:
        answers = [name for name, item in self._items() if "answer" in item]
        if answers:
            self._remove(answers[which % len(answers)])

    def do_last_record_goes(self, which: int) -> None:
        """The tally gives an expiry to all answers about a content."""
        for name in self._answers_about(CONTENTS[which % 2], 0):
            self._at(name).setdefault("expires_at", {"N": str(int(self.now) + RESULTS_GRACE_SECONDS)})

    def do_comes_back(self, which: int) -> None:
        """The same bytes are uploaded again, in time."""
        for name in self._answers_about(CONTENTS[which % 2], self.now + RESULTS_UNSAFE_SECONDS):
            self._at(name).pop("expires_at", None)

    def do_sweep(self, which: int) -> None:
        """Deliver one event, or an old one once more. What is not delivered to its end stays."""
        old = [a_removal(ResultName(content_id, PICTURE, "f1")) for content_id in CONTENTS]
        event = self.events[which % len(self.events)] if self.events else old[which % 2]
        self.sweep.sweep(left_by_pictures({"Records": [event]}))
        if event in self.events:
            self.events.remove(event)

    def _items(self) -> list[tuple[ResultName, dict[str, Any]]]:
        return [
            (ResultName(pk.removeprefix("content#"), *sk.split("#")), from_wire(item))
            for (pk, sk), item in self.dynamodb.items.items()
        ]

    def _named(self) -> Iterator[tuple[str, str]]:
        for name, item in self._items():
            if (result := Result.from_item(name, item)) is not None:
                yield name.content_id, result.response["renditions"]

    def _answers_about(self, content_id: str, until: float) -> Sequence[ResultName]:
        return [
            name
            for name, item in self._items()
            if name.content_id == content_id and "answer" in item and item.get("expires_at", until) >= until
        ]

    def _at_work(self, which: int) -> PictureWorker | None:
        """One whose invocation has not ended: it ends before the claim does."""
        at_work = [worker for worker in self.workers if worker.is_at_it and self.now <= worker.until]
        return at_work[which % len(at_work)] if at_work else None

    def _remove(self, name: ResultName) -> None:
        at = result_key(name)
        del self.dynamodb.items[at.pk, at.sk]
        self.events.append(a_removal(name))

    def _at(self, name: ResultName) -> dict[str, Any]:
        at = result_key(name)
        item: dict[str, Any] = self.dynamodb.items[at.pk, at.sk]
        return item
