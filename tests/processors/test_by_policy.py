"""Completions by a policy: what is to be done with a photo, and what is shown. Nobody is asked for it."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from contract.edits import Decision, Edit
from contract.errors import SettingsError
from contract.notifications import completion, look_again
from contract.policy import Policy, to_json
from contract.records import Rejection
from contract.settings import ProcessorSettings
from processors.adapters import messaging
from tests.fakes.s3 import BUCKET
from tests.processors.world import SETTINGS, World
from tests.query_api.photos import photo, rejected

MODERATED = replace(SETTINGS, detectors=("labels", "moderation"))
CONTENT = {
    "hidden": ["Weapon"],
    "labels": {"default": 60},
    "aliases": {"Pet": ["Cat", "Dog"]},
    "moderation": {"Violence": {"review": 60, "block": 90}},
}


def by(content: Mapping[str, object]) -> ProcessorSettings:
    return replace(MODERATED, policy=to_json(content))


def test_a_completion_says_what_is_to_be_done_and_what_is_shown() -> None:
    world = World(settings=by(CONTENT))

    world.deliver(world.s3.put("a.jpg", b"cat 97 tree 59 weapon 99 unsafe:weapons 91"))

    (announced,) = world.topic.published
    assert announced["moderation_action"] == "block"
    assert announced["policy"] == Policy.of(CONTENT).version
    assert announced["labels"] == [{"name": "Pet", "confidence": 97.0}]
    record = world.record("a.jpg")
    assert record is not None
    assert set(record.findings.labels) == {"Cat", "Tree", "Weapon"}, "what was found is kept as it was found"


def test_what_a_person_decided_is_announced_above_the_policy_and_stays_when_it_changes() -> None:
    world = World(settings=replace(by(CONTENT), corrections="yes"))
    world.deliver(world.s3.put("a.jpg", b"cat 97 unsafe:weapons 91"))
    record = world.record("a.jpg")
    assert record is not None
    world.correct(record.content_id, Edit(decision=Decision.ALLOW))

    world.deliver(look_again(BUCKET, ["a.jpg"], "2026-02-01T00:00:00.000Z"))
    world.use(replace(by(CONTENT | {"moderation": {"Violence": {"block": 50}}}), corrections="yes"))
    world.deliver(world.s3.put("copy.jpg", b"cat 97 unsafe:weapons 91"))

    assert [told["moderation_action"] for told in world.topic.published] == ["block", "allow", "allow"]
    assert {term for term in world.visible_terms("a.jpg") if "violence" in term or "decision" in term} == {
        "decided:violence",
        "decision:allow",
    }


def test_another_policy_asks_nobody_writes_nothing_and_tells_nobody() -> None:
    world = World(settings=by(CONTENT))
    put = world.s3.put("a.jpg", b"cat 97 unsafe:weapons 70")
    world.deliver(put)
    paid, items = dict(world.rekognition.paid), dict(world.table.items)
    world.use(by(CONTENT | {"moderation": {"Violence": {"block": 50}}}))

    world.deliver(put)

    assert world.rekognition.paid == paid
    assert world.table.items == items
    first, again = world.topic.published
    assert (first["moderation_action"], again["moderation_action"]) == ("review", "block")
    assert first["id"] == again["id"], "an event that comes again is a repeat, whatever the policy says now"


@pytest.mark.parametrize(
    ("record", "action"),
    [
        (photo(detectors={"moderation": "1"}), "allow"),
        (photo(detectors={"moderation": "1"}, moderation={"Violence": 70.0}), "review"),
        (photo(detectors={"labels": "1"}, moderation={"Violence": 99.0}), None),
        (replace(rejected(), rejection=Rejection("Bad", "bad", "labels")), None),
    ],
)
def test_subscribers_filter_by_what_is_to_be_done(record: object, action: str | None) -> None:
    announced = completion("photos", record, Policy.of(CONTENT))  # type: ignore[arg-type]
    _, entry = messaging._entry(announced)

    assert announced.body["moderation_action"] == action
    attribute = entry["MessageAttributes"].get("moderation_action")
    assert attribute == (None if action is None else {"DataType": "String", "StringValue": action})


def test_without_a_policy_completions_are_as_they_were() -> None:
    world = World(settings=MODERATED)

    world.deliver(world.s3.put("a.jpg", b"cat 97 weapon 45 unsafe:weapons 91"))

    (announced,) = world.topic.published
    assert not {"moderation_action", "policy"} & set(announced)
    assert [label["name"] for label in announced["labels"]] == ["Cat", "Weapon"]


def test_a_policy_that_was_changed_by_hand_stops_the_function_in_words() -> None:
    with pytest.raises(SettingsError, match="POLICY: colour is no part of a policy"):
        World(settings=replace(MODERATED, policy='{"colour":1}')).deliver()
