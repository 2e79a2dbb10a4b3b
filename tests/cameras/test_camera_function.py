"""The function that tells of cameras, from the completions of pictures to the messages of its topic."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from contract.cameras import Camera, told_key, write_cameras
from contract.items import to_wire
from contract.settings import CamerasSettings
from processors import cameras_wiring
from processors.runtime import Runtime
from tests.fakes.dynamodb import TABLE
from tests.fakes.s3 import BUCKET
from tests.fakes.sns import COMPLETIONS, FakeSNS
from tests.processors.world import WITH_PICTURES, InlineExecutor, World

DOOR, YARD = Camera("door", "cameras/door/"), Camera("yard", "cameras/yard/")
SETTINGS = replace(WITH_PICTURES, cameras=write_cameras([DOOR, YARD], only_the_gate=True))
EMPTY, SOMEBODY = b"view 1", b"view 1 person@3,4 97"


class Place:
    """Cameras that send pictures, and the function with its topic."""

    def __init__(
        self, policy: str = "", door: Camera = DOOR, people: float = 0.0, collection: str = ""
    ) -> None:
        self.world = World(settings=replace(SETTINGS, people_collection=collection))
        self.topic = FakeSNS()
        logger: Any = _Logger()
        client: Any = self.world.table
        topic: Any = self.topic
        runtime = Runtime(new_executor=lambda _: InlineExecutor(), clock=lambda: self.world.now)
        told = CamerasSettings(TABLE, COMPLETIONS, write_cameras([door, YARD]), policy, people)
        self.work = cameras_wiring.assemble(told, client, topic, logger, runtime)

    def take(self, *pictures: tuple[str, bytes]) -> list[str]:
        """Have pictures come, and the function be told of them; return the keys that come again."""

        def deliver() -> None:
            for key, body in pictures:
                assert self.world.deliver(self.world.s3.put(key, body)) == []

        return self.hear(deliver)

    def hear(self, do: Callable[[], object]) -> list[str]:
        """Have the function be told of what something completes; return the keys that come again."""
        before = len(self.world.topic.published)
        do()
        bodies = [json.dumps(completion) for completion in self.world.topic.published[before:]]
        keys = [json.loads(body)["key"] for body in bodies]
        records = [{"messageId": key, "body": body} for key, body in zip(keys, bodies, strict=True)]
        failed = self.work({"Records": records}, None)["batchItemFailures"]
        return [each["itemIdentifier"] for each in failed]

    @property
    def told(self) -> list[tuple[str, str]]:
        return [
            (body["camera"], body.get("label", body["event"]))
            for message in self.topic.messages
            if (body := json.loads(message["Message"]))
        ]


class _Logger:
    def inject_lambda_context(self, work: Any) -> Any:
        return work

    def exception(self, *_: Any, **__: Any) -> None: ...


def test_who_comes_is_told() -> None:
    place = Place()
    assert place.take(("cameras/door/a.jpg", EMPTY), ("cameras/door/b.jpg", SOMEBODY)) == []

    assert place.told == [("door", "Person")]
    assert place.work({"tick": "due"}, None) == {"sent": 0}


def test_what_a_policy_hides_is_not_told() -> None:
    for policy in ({"hidden": ["Person"]}, {"labels": {"Person": 98}}):
        place = Place(json.dumps(policy))
        assert place.take(("cameras/door/a.jpg", EMPTY), ("cameras/door/b.jpg", SOMEBODY)) == []
        assert place.told == []

    place = Place(json.dumps({"labels": {"Person": 97}, "aliases": {"Somebody": ["Person"]}}))
    assert place.take(("cameras/door/a.jpg", EMPTY), ("cameras/door/b.jpg", SOMEBODY)) == []
    assert place.told == [("door", "Person")]


def test_only_the_pictures_of_a_camera_that_cannot_be_told_of_come_again() -> None:
    place = Place()
    at = told_key("yard")
    place.world.table.items[at] = to_wire({**at._asdict(), "version": 1, "told": "nothing"})

    failed = place.take(
        ("cameras/yard/a.jpg", EMPTY),
        ("cameras/door/a.jpg", EMPTY),
        ("cameras/door/b.jpg", SOMEBODY),
        ("cameras/yard/b.jpg", SOMEBODY),
    )

    assert sorted(failed) == ["cameras/yard/a.jpg", "cameras/yard/b.jpg"]
    assert place.told == [("door", "Person")]


def test_what_is_no_completion_of_a_camera_comes_again() -> None:
    place = Place()
    bodies = ["{", "[]", json.dumps({"uploaded_at": "2026-01-01T00:00:00.000Z", "bucket": BUCKET})]
    records = [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]

    failed = place.work({"Records": records}, None)["batchItemFailures"]
    assert [each["itemIdentifier"] for each in failed] == ["0", "1", "2"]
