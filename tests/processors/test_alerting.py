"""Alerts: each photo is counted in one message, and there are few of them, whatever happens meanwhile."""

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from aws.retries import RetryPolicy
from contract.alert_state import AlertMessage
from contract.alerts import AlertRule, AnnouncedPhoto, alert_key, clock_time, read_alerts
from contract.errors import ConfigurationError, NotReadyError
from contract.items import from_wire, to_wire
from contract.people import PersonStatus
from contract.records import PersonMatch
from contract.settings import AlertsSettings
from contract.table import record_key
from loadtest.simulation.outages import client_error
from processors import alerts_wiring
from processors.adapters.alerts import DynamoDBAlerts, SnsAlerts
from processors.alerts.alerting import Alerting, text_of
from tests.fakes.calls import Calls, nothing
from tests.fakes.dynamodb import TABLE, FakeDynamoDB
from tests.fakes.sns import COMPLETIONS, FakeSNS
from tests.processors.test_people import ANN
from tests.query_api.photos import photo

NOON = 1_780_315_200.0  # 2026-06-01, 12:00 UTC
AT_ONCE = RetryPolicy(2, 10.0, 0.0, lambda _: None)
FOX = AlertRule("fox", ("Fox",), cooldown_seconds=900)


class Silence:
    """A log that nobody reads."""

    def warning(self, *_: Any, **__: Any) -> None: ...

    error = exception = warning


class Scene:
    """A table and a topic, and workers on them; `now` is the time."""

    def __init__(self, *rules: AlertRule) -> None:
        self.now = NOON
        self.calls = Calls()
        self.table, self.topic = FakeDynamoDB(self.calls), FakeSNS(self.calls)
        client: Any = self.table
        topic: Any = self.topic
        kept = DynamoDBAlerts(client, TABLE, AT_ONCE, lambda: self.now)
        sent = SnsAlerts(topic, COMPLETIONS, AT_ONCE)
        self.sends: list[tuple[float, str, AlertMessage]] = []

        def send(rule: AlertRule, message: AlertMessage) -> None:
            before = len(self.topic.messages)
            try:
                sent.send(rule, message)
            finally:
                if len(self.topic.messages) > before:
                    self.sends.append((self.now, rule.name, message))

        self.alerting = Alerting(rules, kept.read, kept.write, send, lambda: self.now, Silence())

    def take(self, *keys: str) -> None:
        self.alerting.take([fox(key) for key in keys])

    def item(self, name: str = "fox") -> dict[str, Any]:
        return from_wire(self.table.items[alert_key(name)])


def fox(key: str) -> AnnouncedPhoto:
    return AnnouncedPhoto(f"id-{key}", key, {"fox": 90.0}, {}, None)


def test_the_first_photo_is_told_at_once_and_the_rest_of_the_cooldown_together() -> None:
    scene = Scene(FOX)
    scene.take("garden/a.jpg")
    scene.take("b.jpg", "c.jpg", "b.jpg")
    scene.now += 899
    assert scene.alerting.flush() == 0
    scene.now += 1
    assert scene.alerting.flush() == 1
    assert scene.alerting.flush() == 0

    first, second = scene.topic.messages
    assert first == {
        "Subject": "Alert fox: 1 photo",
        "Message": "One photo matches the alert fox since 2026-06-01 12:00 (UTC):\n"
        "\n"
        "  garden/a.jpg (Fox 90 %)\n"
        "\n"
        "Message fox-1780315200-1: one that comes again has the same name.",
        "MessageAttributes": {
            "id": {"DataType": "String", "StringValue": "fox-1780315200-1"},
            "alert": {"DataType": "String", "StringValue": "fox"},
            "count": {"DataType": "Number", "StringValue": "1"},
        },
    }
    assert second["Subject"] == "Alert fox: 2 photos"


def test_of_many_ten_are_named() -> None:
    scene = Scene(FOX)
    scene.take(*(f"{number}.jpg" for number in range(1012)))

    (message,) = scene.topic.messages
    assert message["Subject"] == "Alert fox: 1,012 photos"
    lines = message["Message"].splitlines()
    assert lines[0] == "1,012 photos match the alert fox since 2026-06-01 12:00 (UTC):"
    assert lines[2] == "  0.jpg (Fox 90 %)"
    assert lines[11:13] == ["  9.jpg (Fox 90 %)", "  and 1,002 more"]


def test_the_longest_keys_have_room() -> None:
    scene = Scene(FOX)
    scene.take(*(f"{number}{'ä' * 500}.jpg" for number in range(400)))
    scene.now += 900
    scene.take(*(f"{number}{'ö' * 500}.jpg" for number in range(400)))
    assert [message["Subject"] for message in scene.topic.messages] == ["Alert fox: 400 photos"] * 2


def test_a_photo_that_does_not_match_costs_nothing() -> None:
    scene = Scene(FOX)
    scene.alerting.take([fox("a.jpg")._replace(labels={"cat": 99.0})])
    assert not scene.calls.made


def test_who_is_on_a_photo_is_read_where_a_rule_hangs_on_it_and_told_without_a_name() -> None:
    asked: list[Sequence[str]] = []

    def persons(keys: Sequence[str]) -> dict[str, dict[str, float]]:
        asked.append(keys)
        return {"a.jpg": {"ann": 97.0}, "b.jpg": {"ben": 99.0}}

    scene = Scene(
        FOX, AlertRule("family", person="Ann", prefix=""), AlertRule("x", person="Ben", prefix="x/")
    )
    scene.alerting = replace(scene.alerting, persons=persons)
    scene.take("a.jpg", "b.jpg", "c.jpg")

    assert asked == [["a.jpg", "b.jpg", "c.jpg"]]
    assert [rule for _, rule, _ in scene.sends] == ["fox", "family"]
    (_, _, message) = scene.sends[1]
    assert [tuple(each) for each in message.examples] == [("a.jpg", "person 97 %")]
    assert "Ann" not in str(scene.table.items)


def test_what_cannot_be_sent_is_counted_and_sent_later_under_its_id() -> None:
    scene = Scene(FOX)
    scene.topic.topics.clear()
    scene.take("a.jpg")
    scene.now += 30
    assert scene.alerting.flush() == 0, "whoever noted it may still be at it"
    scene.now += 30
    with pytest.raises(ConfigurationError, match="NotFound"):
        scene.alerting.flush()
    scene.topic.topics.add(COMPLETIONS)
    scene.now += 60
    assert scene.alerting.flush() == 1
    (message,) = scene.topic.messages
    assert message["MessageAttributes"]["id"]["StringValue"] == f"fox-{NOON:.0f}-1"
    assert "sending" not in scene.item()


def test_one_rule_that_cannot_be_sent_keeps_no_other_back() -> None:
    scene = Scene(FOX, FOX._replace(name="also"))
    scene.take("a.jpg")
    scene.now += 60
    scene.take("b.jpg")
    scene.table.items[alert_key("fox")] = {**scene.table.items[alert_key("fox")], "held": {"S": "many"}}
    scene.now += 900
    with pytest.raises(ConfigurationError) as raised:
        scene.alerting.flush()
    assert raised.value.message.endswith(": delete the item alert#fox; what it counted is lost")
    assert [name for _, name, _ in scene.sends] == ["fox", "also", "also"]


def test_whoever_is_overtaken_again_and_again_gives_the_photo_back() -> None:
    scene = Scene(FOX)
    scene.take("a.jpg")

    def overtake(operation: str) -> None:
        if operation == "PutItem":
            item = scene.table.items[alert_key("fox")]
            item["version"] = {"N": str(int(item["version"]["N"]) + 1)}

    scene.calls.before = overtake
    with pytest.raises(NotReadyError) as raised:
        scene.take("b.jpg")
    assert raised.value.message == "what the alert fox has to say was changed by others 10 times"


def test_while_one_sends_a_message_no_other_does() -> None:
    scene = Scene(FOX)

    def meanwhile(operation: str) -> None:
        if operation == "Publish":
            scene.calls.before = nothing
            assert scene.alerting.flush() == 0
            scene.take("b.jpg")

    scene.calls.before = meanwhile
    scene.take("a.jpg")

    assert [message["Subject"] for message in scene.topic.messages] == ["Alert fox: 1 photo"]
    assert scene.item()["held"] == 1


def test_a_message_whose_sender_is_gone_waits_for_the_end_of_quiet_hours() -> None:
    scene = Scene(QUIET)
    scene.now += 2 * 3600 - 10
    scene.topic.topics.clear()
    scene.take("a.jpg")
    scene.topic.topics.add(COMPLETIONS)
    scene.now += 3600
    assert scene.alerting.flush() == 0
    scene.now += 3600 + 10
    assert scene.alerting.flush() == 1


def test_an_item_of_a_rule_expires_some_day() -> None:
    scene = Scene(FOX)
    scene.take("a.jpg")
    assert scene.item()["expires_at"] == NOON + 30 * 86_400


def handler(scene: Scene, rules: str, similarity: float = 0) -> Callable[[dict[str, Any]], dict[str, Any]]:
    client: Any = scene.table
    topic: Any = scene.topic
    logger: Any = SimpleNamespace(
        inject_lambda_context=lambda work: work,
        warning=nothing,
        error=lambda *_, **__: None,
        exception=lambda *_, **__: None,
    )
    work = alerts_wiring.assemble(
        AlertsSettings(TABLE, COMPLETIONS, rules, similarity), client, topic, logger, lambda: scene.now
    )
    return lambda event: work(event, None)


def batch(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": str(place), "body": body} for place, body in enumerate(bodies)]}


def test_only_what_is_no_completion_comes_again() -> None:
    scene = Scene()
    work = handler(scene, '[{"name": "fox", "label": "Fox"}]')
    body = {"id": "1", "key": "a.jpg", "labels": [{"name": "Fox", "confidence": 90.5}]}

    failed = work(batch("{", json.dumps(body), '{"id": "2"}', "[]"))

    assert failed == {"batchItemFailures": [{"itemIdentifier": each} for each in ("0", "2", "3")]}
    assert [message["Subject"] for message in scene.topic.messages] == ["Alert fox: 1 photo"]
    assert work({"flush": "due"}) == {"sent": 0}


def test_a_rule_about_a_person_asks_the_photo_s_record_and_who_is_looked_for_now() -> None:
    scene = Scene()
    for person in (ANN, replace(ANN, id="p2", name="Ben", status=PersonStatus.FORGETTING)):
        scene.table.items[person.at] = to_wire(person.to_item())
    for name, found in {"a": {"p1": 97.0}, "b": {"p1": 89.0}, "c": {"p2": 99.0}, "d": {}}.items():
        record = photo(f"{name}.jpg")
        likenesses = {person: PersonMatch(similarity, 0) for person, similarity in found.items()}
        record = replace(record, findings=replace(record.findings, persons=likenesses))
        at = record_key(record.key)
        scene.table.items[at] = to_wire({**at._asdict(), **record.to_item()})
    work = handler(scene, '[{"name": "family", "person": "ann"}, {"name": "b", "person": "Ben"}]', 90)
    bodies = [json.dumps({"id": key, "key": f"{key}.jpg", "labels": []}) for key in "abcde"]

    assert work(batch(*bodies)) == {"batchItemFailures": []}

    (message,) = scene.topic.messages
    assert message["Subject"] == "Alert family: 1 photo"
    assert "  a.jpg (person 97 %)" in message["Message"]


def test_all_come_again_while_the_table_does_not_answer() -> None:
    scene = Scene()
    work = handler(scene, '[{"name": "fox", "label": "Fox"}]')
    body = json.dumps({"id": "1", "key": "a.jpg", "labels": [{"name": "Fox", "confidence": 90.5}]})

    def refuse(operation: str) -> None:
        raise client_error("AccessDeniedException", operation, "no")

    scene.calls.before = refuse
    assert work(batch(body, body)) == {
        "batchItemFailures": [{"itemIdentifier": "0"}, {"itemIdentifier": "1"}]
    }


def test_rules_are_read_as_the_deployment_wrote_them() -> None:
    (read,) = read_alerts(
        '[{"digest":"daily at 08:00","label":"Fox","name":"fox","time_zone":"Europe/Berlin"}]'
    )
    assert read == AlertRule("fox", ("Fox",), digest=clock_time("08:00"), time_zone="Europe/Berlin")
    message = AlertMessage("fox-1-1", 1, int(NOON), (), 0)
    assert "since 2026-06-01 14:00 (Europe/Berlin):" in text_of(read, message)


class Crash(BaseException):
    """The function is gone, in the middle of what it did."""


QUIET = read_alerts('[{"name":"q","label":"Fox","cooldown":60,"quiet":{"from":"14:00","to":"16:00"}}]')[0]
DIGEST = read_alerts('[{"name":"digest","label":"Fox","digest":"daily at 18:00"}]')[0]
RULES = (FOX, QUIET, DIGEST)
# What may happen at some call of a worker: it is gone before or after it, or another comes between.
FAULTS = st.dictionaries(
    st.integers(0, 14), st.sampled_from(["gone before", "gone after", "another", "refused"]), max_size=3
)


class AnyOrder(RuleBasedStateMachine):
    """Completions come in any order and again, workers crash and overtake each other, time goes by."""

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(*RULES)
        self.waiting: list[str] = []
        self.done: list[str] = []
        self.number = 0

    @rule(count=st.integers(1, 15))
    def photos_come(self, count: int) -> None:
        self.waiting += [f"{number}.jpg" for number in range(self.number, self.number + count)]
        self.number += count

    @rule(count=st.integers(1, 10), again=st.integers(0, 3), faults=FAULTS)
    def worker_takes(self, count: int, again: int, faults: dict[int, str]) -> None:
        batch = [*self.waiting[:count], *self.done[-again:]]
        if self._under(faults, lambda: self.scene.take(*batch)):
            self.done += self.waiting[:count]
            self.waiting = self.waiting[count:]

    @rule(faults=FAULTS)
    def schedule_asks(self, faults: dict[int, str]) -> None:
        self._under(faults, self.scene.alerting.flush)

    @rule(seconds=st.sampled_from([1, 59, 60, 300, 900, 3600, 6 * 3600]))
    def time_goes_by(self, seconds: int) -> None:
        self.scene.now += seconds

    def _under(self, faults: dict[int, str], work: Callable[[], object]) -> bool:
        """Do what a worker does; tell whether it came to its end."""
        calls, pending, made = self.scene.calls, dict(faults), 0

        def before(operation: str) -> None:
            nonlocal made
            fault = pending.pop(made, None)
            made += 1
            if fault == "gone before":
                raise Crash
            if fault == "gone after":
                calls.after = gone
            if fault == "refused":
                raise client_error("InternalServerError", operation, "as arranged")
            if fault == "another":
                calls.before = nothing
                self.scene.take(*self.waiting[:4])
                self.scene.alerting.flush()
                calls.before = before

        def gone(_operation: str) -> None:
            raise Crash

        calls.before = before
        try:
            work()
        except (Crash, NotReadyError):
            return False
        finally:
            calls.before = calls.after = nothing
        return True

    @invariant()
    def a_message_that_comes_again_is_the_same(self) -> None:
        said: dict[str, AlertMessage] = {}
        for _, _, message in self.scene.sends:
            same = message._replace(claimed_until=0)
            assert said.setdefault(message.id, same) == same

    @invariant()
    def they_are_few(self) -> None:
        first: dict[str, dict[str, float]] = defaultdict(dict)
        for at, name, message in self.scene.sends:
            first[name].setdefault(message.id, at)
        for each in RULES:
            if each is DIGEST:
                noted = [int(name.split("-")[1]) for name in first[each.name]]
                days = [(at - NOON - 6 * 3600) // 86_400 for at in noted]
                assert len(set(days)) == len(days), "one from 18:00 to 18:00"
                continue
            times = sorted(first[each.name].values())
            assert all(later - earlier >= each.cooldown_seconds for earlier, later in pairwise(times))
            if each is QUIET:
                assert not any(2 * 3600 <= (at - NOON) % 86_400 < 4 * 3600 for at in times)

    def teardown(self) -> None:
        self.scene.take(*self.waiting)
        for _ in range(3 * 24 * 4):
            self.scene.now += 900
            self.scene.alerting.flush()
        for each in RULES:
            messages = {message.id: message for _, name, message in self.scene.sends if name == each.name}
            assert sum(message.photos for message in messages.values()) == self.number, each.name
            self.they_are_few()


AnyOrder.TestCase.settings = settings(max_examples=30, stateful_step_count=25)
TestAnyOrder = AnyOrder.TestCase


def test_an_item_is_what_dynamodb_takes() -> None:
    scene = Scene(FOX)
    scene.take("a.jpg")
    assert to_wire(scene.item()) == scene.table.items[alert_key("fox")]
