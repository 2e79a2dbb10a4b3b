"""Every photo that matches a rule is counted in one message, however often that comes."""

from typing import Any

from contract.alerts import AlertRule
from loadtest.faults.alerting import AlertTold, miscounted_alerts

RULE = AlertRule("inbox", prefix="inbox/")


def announced(key: str, status: str = "recognized") -> dict[str, Any]:
    return {"id": key, "key": key, "status": status, "labels": []}


PHOTOS = [
    announced("inbox/1"),
    announced("inbox/2"),
    announced("inbox/3"),
    announced("house/1"),
    announced("inbox/4", status="deleted"),
]


def test_messages_that_count_what_matches_are_right_also_if_one_comes_again() -> None:
    told = [AlertTold("one", "inbox", 1), AlertTold("two", "inbox", 2), AlertTold("two", "inbox", 2)]
    assert miscounted_alerts([RULE], PHOTOS, told) == {}


def test_a_photo_that_nobody_was_told_of_or_that_is_counted_twice_is_noticed() -> None:
    told = [AlertTold("one", "inbox", 2)]
    assert miscounted_alerts([RULE], PHOTOS, told) == {"inbox": "2 photos were counted of 3 that match"}
    told = [AlertTold("one", "inbox", 2), AlertTold("two", "inbox", 2)]
    assert miscounted_alerts([RULE], PHOTOS, told) == {"inbox": "4 photos were counted of 3 that match"}


def test_a_message_that_comes_again_says_the_same() -> None:
    told = [AlertTold("one", "inbox", 3), AlertTold("one", "inbox", 2)]
    assert miscounted_alerts([RULE], PHOTOS, told) == {"one": "it came again, and said something else"}


def test_a_message_is_read_as_sns_delivers_it() -> None:
    said = {"id": "inbox-1-1", "alert": "inbox", "count": "3"}
    envelope = {"MessageAttributes": {name: {"Type": "String", "Value": text} for name, text in said.items()}}
    assert AlertTold.of(envelope) == AlertTold("inbox-1-1", "inbox", 3)
