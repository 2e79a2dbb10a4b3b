"""What operators are told, and sending back: nothing is lost, nothing twice, whoever presses how often."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.metrics import Metric
from contract.quotas import LETTERS_A_REQUEST, BudgetItem
from contract.timing import LETTERS_HOLD_SECONDS, LETTERS_SECONDS
from query_api.endpoints.operating import SHOWN_OF_A_CAUSE
from query_api.http.messages import Request
from tests.fakes.sqs import BULK, BULK_DEAD_LETTERS, DEAD_LETTERS, IMAGES
from tests.query_api.operators import OperatorSite, body

CAUSE = "transient/InternalServerError/labels"


def retried(site: OperatorSite, **what: str) -> Any:
    response = site.post(json.dumps(what))
    assert response.status == 202, response.content
    return response.content


def test_lanes_quotas_calls_and_dollars_are_told_in_one_answer() -> None:
    site = OperatorSite(today={Metric.CALLS_MADE: 1000, Metric.IMAGES_REJECTED: 2}, made_before=1_000_000)
    now = site.queues.now
    site.budgets = {
        "DetectLabels": BudgetItem(next_at=now + 3, daily_limit=2000, calls_day="2026-01-01", day_calls=1990)
    }
    site.bury("a.jpg")
    site.queues.put(BULK, body("b.jpg"))

    told = site.get("/pipeline")

    assert told["lanes"] == {
        "images": {"name": "images", "waiting": 0, "in_flight": 0, "dead_letters": 1},
        "bulk": {"name": "bulk", "waiting": 1, "in_flight": 0, "dead_letters": 0},
    }
    assert told["quotas"]["DetectLabels"]["line_seconds"] == 3
    assert told["quotas"]["DetectLabels"]["calls_a_day"] == {
        "deployed": None,
        "set": 2000,
        "in_use": 2000,
        "calls_today": 1990,
    }
    assert (told["today"]["calls_made"], told["today"]["images_rejected"]) == (1000, 2)
    # The second million of a month costs less.
    assert told["dollars"] == {"today": 0.8, "month": 1000.8}


def test_failures_are_told_by_cause_with_some_of_each_and_all_are_let_go_of() -> None:
    site = OperatorSite()
    for number in range(SHOWN_OF_A_CAUSE + 5):
        site.bury(f"{number}.jpg")
    site.bury("bulk.jpg", "other.jpg", code="Throttled", queue=BULK_DEAD_LETTERS)
    site.queues.put(DEAD_LETTERS, "no json")
    site.queues.put(DEAD_LETTERS, body("moved.jpg"))

    told = site.get("/failures")

    causes = {(cause["queue"], cause["cause"]): cause for cause in told["causes"]}
    assert {place: cause["count"] for place, cause in causes.items()} == {
        ("images", CAUSE): SHOWN_OF_A_CAUSE + 5,
        ("bulk", "transient/Throttled/labels"): 1,
        ("images", "permanent/UnreadableMessage"): 1,
        ("images", "crash/NoVerdict"): 1,
    }
    assert not causes["images", "permanent/UnreadableMessage"]["can_be_retried"]
    assert causes["images", "crash/NoVerdict"]["advice"]
    shown = Counter(letter["cause"] for letter in told["letters"])
    assert shown[CAUSE] == SHOWN_OF_A_CAUSE
    assert sum(shown.values()) == SHOWN_OF_A_CAUSE + 3
    (bulk,) = [letter for letter in told["letters"] if letter["queue"] == "bulk"]
    assert (bulk["keys"], bulk["message"], bulk["attempts"]) == (
        ["bulk.jpg", "other.jpg"],
        "bulk.jpg: no answer",
        8,
    )
    assert "receipt_handle" not in json.dumps(told)
    assert told["is_all"]
    assert len(site.queues.visible(DEAD_LETTERS)) == SHOWN_OF_A_CAUSE + 7


def test_a_limit_bounds_what_is_shown_and_not_what_is_counted() -> None:
    site = OperatorSite()
    for number in range(5):
        site.bury(f"{number}.jpg")

    told = site.get("/failures", "limit=2")

    assert (len(told["letters"]), told["looked_at"]) == (2, 5)
    assert site.respond(_get("/failures", "limit=201")).status == 400


def _get(path: str, query: str) -> Any:
    return Request("GET", path, query)


def test_a_look_is_bounded_in_number_and_says_that_there_is_more() -> None:
    site = OperatorSite()
    for number in range(LETTERS_A_REQUEST + 20):
        site.bury(f"{number}.jpg")

    told = site.get("/failures")

    assert (told["looked_at"], told["is_all"]) == (LETTERS_A_REQUEST, False)
    assert len(site.queues.visible(DEAD_LETTERS)) == LETTERS_A_REQUEST + 20


def test_a_look_is_bounded_in_time() -> None:
    site = OperatorSite()
    for number in range(50):
        site.bury(f"{number}.jpg")

    def slow(operation: str) -> None:
        site.queues.now += LETTERS_SECONDS / 2 if operation == "ReceiveMessage" else 0

    site.queues.calls.before = slow

    told = site.get("/failures")

    assert (told["looked_at"], told["is_all"]) == (20, False)


def test_letters_in_other_hands_are_not_passed_over_in_silence() -> None:
    site = OperatorSite()
    site.bury("a.jpg")
    site.queues.receive_message(QueueUrl=DEAD_LETTERS, VisibilityTimeout=60)

    assert site.get("/failures")["is_all"] is False
    assert retried(site, cause=CAUSE) == {
        "sent": 0,
        "refused": 0,
        "twice": 0,
        "looked_at": 0,
        "is_all": False,
    }


def test_one_letter_is_sent_back_to_its_own_queue_and_the_others_stay() -> None:
    site = OperatorSite()
    site.bury("a.jpg")
    wanted = site.bury("b.jpg", queue=BULK_DEAD_LETTERS)
    site.bury("c.jpg", queue=BULK_DEAD_LETTERS)

    assert retried(site, id=wanted)["sent"] == 1

    assert site.queues.bodies(BULK) == [body("b.jpg")]
    assert site.queues.bodies(IMAGES) == []
    assert [one.body for one in site.queues.visible(BULK_DEAD_LETTERS)] == [body("c.jpg")]
    assert [one.body for one in site.queues.visible(DEAD_LETTERS)] == [body("a.jpg")]


def test_all_of_one_cause_are_sent_back_without_their_failure() -> None:
    site = OperatorSite()
    for number in range(12):
        site.bury(f"{number}.jpg")
    site.bury("other.jpg", code="Throttled")

    assert retried(site, cause=CAUSE)["sent"] == 12

    assert sorted(site.queues.bodies(IMAGES)) == sorted(body(f"{n}.jpg") for n in range(12))
    assert all(sent.attributes == {} for sent in site.queues.sent if sent.queue_url == IMAGES)
    assert site.queues.bodies(DEAD_LETTERS) == [body("other.jpg")]


def test_a_second_press_finds_nothing_and_sends_nothing() -> None:
    site = OperatorSite()
    letter = site.bury("a.jpg")

    assert [retried(site, id=letter)["sent"] for _ in range(3)] == [1, 0, 0]
    assert site.queues.bodies(IMAGES) == [body("a.jpg")]


def test_a_second_press_while_the_first_is_under_way_sends_nothing() -> None:
    site = OperatorSite()
    letter = site.bury("a.jpg")
    second: list[int] = []

    def press_again(operation: str) -> None:
        if operation == "SendMessageBatch" and not second:
            second.append(0)
            second[0] = retried(site, id=letter)["sent"]

    site.queues.calls.before = press_again

    assert retried(site, id=letter)["sent"] == 1
    assert second == [0]
    assert site.queues.bodies(IMAGES) == [body("a.jpg")]


def test_what_was_sent_is_written_down_with_what_one_searches_by() -> None:
    site = OperatorSite()
    letter = site.bury("a.jpg", "b.jpg")

    retried(site, id=letter)

    assert site.logged == [
        {
            "msg": "sent a dead letter back",
            "message_id": letter,
            "key": "a.jpg",
            "keys": 2,
            "cause": CAUSE,
            "lane": "images",
        }
    ]


def test_what_sqs_did_not_take_stays_and_is_told() -> None:
    site = OperatorSite()
    for number in range(3):
        site.bury(f"{number}.jpg")
    site.queues.refuse["send"], site.queues.sender_fault = 2, True

    done = retried(site, cause=CAUSE)

    assert (done["sent"], done["refused"]) == (1, 2)
    assert (len(site.queues.bodies(IMAGES)), len(site.queues.visible(DEAD_LETTERS))) == (1, 2)


def test_what_failed_for_the_moment_is_tried_again() -> None:
    site = OperatorSite()
    for number in range(3):
        site.bury(f"{number}.jpg")
    site.queues.refuse.update(send=2, delete=1)

    assert retried(site, cause=CAUSE) == {
        "sent": 3,
        "refused": 0,
        "twice": 0,
        "looked_at": 3,
        "is_all": True,
    }


class Killed(BaseException):
    """The function is no more."""


@given(count=st.integers(1, 15), kill_at=st.integers(0, 12), takes_effect=st.booleans())
def test_killed_at_any_call_no_letter_is_lost(count: int, kill_at: int, takes_effect: bool) -> None:
    site = OperatorSite()
    for number in range(count):
        site.bury(f"{number}.jpg")
    calls = 0

    def before(_: str) -> None:
        nonlocal calls
        calls += 1
        if calls > kill_at + takes_effect:
            raise Killed

    def after(_: str) -> None:
        if calls > kill_at:
            raise Killed

    site.queues.calls.before, site.queues.calls.after = before, after
    try:
        site.post(json.dumps({"cause": CAUSE}))
    except Killed:
        site.queues.now += LETTERS_HOLD_SECONDS
    site.queues.calls.before = site.queues.calls.after = lambda _: None

    everything = {body(f"{number}.jpg") for number in range(count)}
    left = {one.body for one in site.queues.visible(DEAD_LETTERS)}
    assert left | set(site.queues.bodies(IMAGES)) == everything
    retried(site, cause=CAUSE)
    assert site.queues.bodies(DEAD_LETTERS) == []
    assert set(site.queues.bodies(IMAGES)) == everything


def test_a_rejected_photo_is_looked_at_again_behind_what_is_uploaded() -> None:
    site = OperatorSite()

    assert retried(site, key="holiday/ü 1.jpg")["sent"] == 1

    (sent,) = site.queues.bodies(BULK)
    assert json.loads(sent)["Records"][0]["s3"]["object"]["key"] == "holiday/ü 1.jpg"
    assert site.logged[0]["key"] == "holiday/ü 1.jpg"


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"id": "m1", "cause": "x"}', '{"all": true}', '{"id": 1}', '{"key": ""}'],
)
def test_what_does_not_name_one_thing_is_refused_and_nothing_is_touched(content: str) -> None:
    site = OperatorSite()
    site.bury("a.jpg")
    site.queues.calls.made.clear()

    assert site.post(content).status == 400
    assert not site.queues.calls.made


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "text/plain; application/json", "application/x-www-form-urlencoded"],
)
def test_what_a_form_of_another_page_could_post_is_refused(content_type: str) -> None:
    """Where nobody has to sign in, a page of another origin can post what no preflight asks about."""
    site = OperatorSite()
    letter = site.bury("a.jpg")
    site.queues.calls.made.clear()

    refused = site.post(json.dumps({"id": letter}), content_type)

    assert refused.status == 415
    assert not site.queues.calls.made


def test_a_kind_alone_sends_back_no_message_that_cannot_be_read() -> None:
    site = OperatorSite()
    site.queues.put(DEAD_LETTERS, "no json")

    assert retried(site, cause="permanent")["sent"] == 0
    assert retried(site, cause="permanent/UnreadableMessage")["sent"] == 1


@pytest.mark.parametrize(
    ("groups", "status"),
    [(None, 403), ("", 403), ("[family/ others]", 403), ("operators2", 403), ("[family/ operators]", 202)],
)
def test_where_operators_are_a_group_others_do_nothing(groups: str | None, status: int) -> None:
    site = OperatorSite(group="operators")
    letter = site.bury("a.jpg")
    site.queues.calls.made.clear()
    claims = {} if groups is None else {"cognito:groups": groups}
    headers = {"content-type": "application/json"}
    asked = json.dumps({"id": letter}).encode()

    for path in ("/pipeline", "/failures"):
        seen = site.respond(Request("GET", path, claims=claims)).status
        assert seen == (200 if status == 202 else 403)
    answered = site.respond(Request("POST", "/retries", body=asked, headers=headers, claims=claims))

    assert answered.status == status
    assert bool(site.queues.bodies(IMAGES)) == (status == 202)
    assert status == 202 or not site.queues.calls.made


@pytest.mark.parametrize(
    ("groups", "status"), [("[operators]", 403), ("[family/ operators]", 403), ("[* operators]", 200)]
)
def test_where_callers_see_some_photos_operators_are_those_who_see_all(groups: str, status: int) -> None:
    site = OperatorSite(group="operators", prefix_claim="cognito:groups")
    site.bury("secret/a.jpg")
    site.queues.calls.made.clear()

    for path in ("/pipeline", "/failures"):
        answer = site.respond(Request("GET", path, claims={"cognito:groups": groups}))
        assert answer.status == status
        assert status == 200 or "secret" not in str(answer.content)
    assert status == 200 or not site.queues.calls.made
