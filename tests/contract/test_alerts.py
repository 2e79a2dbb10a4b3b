"""Rules of alerts: whom they match, when they may tell, and what is wrong with one, word by word."""

import tomllib
from datetime import UTC, datetime
from typing import Any

import pytest

from contract.alert_faults import MAX_ALERT_BYTES
from contract.alert_state import FORGOTTEN, MAX_SEEN, AlertExample, AlertMessage, AlertState
from contract.alerts import AlertRule, AnnouncedPhoto, read_alerts
from contract.items import from_wire, to_wire
from contract.notifications import completion
from contract.policy import Policy, to_json
from contract.policy_faults import faults_of_policy
from contract.policy_file import alerts_json
from tests.query_api.photos import photo

PHOTO = AnnouncedPhoto(
    "id", "garden/a.jpg", {"fox": 80.0, "animal": 99.0}, {"violence": 60.0}, "review", {"ann": 97.0}
)


def rule(text: str) -> AlertRule:
    content = tomllib.loads(f'{MODERATED}[[alerts]]\nname = "fox"\n{text}')
    assert faults_of_policy(content) == []
    return AlertRule.of(content["alerts"][0])


A_NAME = "it is up to 40 letters, digits, - and _, a letter or digit first"
QUIET = 'quiet = { from = "22:00", to = "07:00" }\ntime_zone = "Europe/Berlin"'
MODERATED = "[moderation.Violence]\nreview = 60\nblock = 90\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('label = "Fox"', "Fox 80 %"),
        ('label = "FOX"\nmin_confidence = 80', "FOX 80 %"),
        ('label = "Fox"\nmin_confidence = 80.01', None),
        ('label = "Wolf"', None),
        ('any_label = ["Wolf", "Fox", "Animal"]', "Fox 80 % and Animal 99 %"),
        ('moderation = "Violence"', "Violence 60 %"),
        ('moderation = "Violence"\nmin_confidence = 61', None),
        ('moderation = "Alcohol"', None),
        ('moderation_action = "review"', "moderation: review"),
        ('moderation_action = "block"', None),
        ('person = "Ann"', "person 97 %"),
        ('person = "ann"\nmin_confidence = 98', None),
        ('person = "Ben"', None),
        ('person = "Ann"\nlabel = "Fox"', "Fox 80 %, person 97 %"),
        ('prefix = "garden/"', ""),
        ('prefix = "house/"', None),
        ('prefix = ""', ""),
        ('label = "Fox"\nprefix = "garden/"\nmoderation_action = "review"', "Fox 80 %, moderation: review"),
        ('label = "Fox"\nprefix = "house/"', None),
    ],
)
def test_a_photo_matches_that_meets_all_conditions(text: str, why: str | None) -> None:
    assert rule(text).why(PHOTO) == why


@pytest.mark.parametrize(
    ("text", "hangs"),
    [
        ('person = "Ann"', True),
        ('person = "Ben"\nprefix = "garden/"', True),
        ('person = "Ann"\nlabel = "Wolf"', False),
        ('label = "Fox"', False),
    ],
)
def test_who_is_on_a_photo_is_asked_where_nothing_else_decides(text: str, hangs: bool) -> None:
    assert rule(text).hangs_on_who_is_there(PHOTO) is hangs


def test_a_completion_says_what_rules_ask_for() -> None:
    content = tomllib.loads(MODERATED)
    record = photo("a.jpg", labels={"Fox": 80.0}, moderation={"Violence": 95.0})
    body = completion("photos", record, Policy.of(content)).body

    announced = AnnouncedPhoto.of(body)

    assert announced[1:4] == ("a.jpg", {"fox": 80.0}, {"violence": 95.0})
    assert announced.id == body["id"]
    assert AnnouncedPhoto.of(completion("photos", record).body).moderation == {}


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "last_sent", "now", "may"),
    [
        ("", None, "2026-06-01T12:00", True),
        ("", "2026-06-01T12:00", "2026-06-01T12:14", False),
        ("", "2026-06-01T12:00", "2026-06-01T12:15", True),
        ("cooldown = 3600", "2026-06-01T12:00", "2026-06-01T12:59", False),
        ('cooldown = "2 hours"', "2026-06-01T12:00", "2026-06-01T14:00", True),
        # Berlin is two hours ahead in June.
        (QUIET, None, "2026-06-01T19:59", True),
        (QUIET, None, "2026-06-01T20:00", False),
        (QUIET, None, "2026-06-02T04:59", False),
        (QUIET, None, "2026-06-02T05:00", True),
        ('quiet = { from = "12:00", to = "13:00" }', None, "2026-06-01T12:30", False),
        ('quiet = { from = "12:00", to = "13:00" }', None, "2026-06-01T13:00", True),
    ],
)
def test_it_tells_at_once_but_in_its_cooldown_and_quiet_hours(
    text: str, last_sent: str | None, now: str, may: bool
) -> None:
    before = None if last_sent is None else seconds(last_sent)
    fox = rule(f'label = "Fox"\n{text}')
    assert (fox.is_due(seconds(now), before, seconds(now)) and not fox.is_quiet(seconds(now))) is may


@pytest.mark.parametrize(
    ("since", "now", "may"),
    [
        ("2026-06-01T05:00", "2026-06-01T05:59", False),
        ("2026-06-01T05:00", "2026-06-01T06:00", True),
        ("2026-06-01T06:00", "2026-06-01T23:00", False),
        ("2026-06-01T06:00", "2026-06-02T06:00", True),
        # The clock goes back on 25 October: that night has an hour more.
        ("2026-10-24T06:00", "2026-10-25T06:59", False),
        ("2026-10-24T06:00", "2026-10-25T07:00", True),
    ],
)
def test_a_digest_is_due_when_its_hour_strikes(since: str, now: str, may: bool) -> None:
    digest = rule('label = "Fox"\ndigest = "daily at 08:00"\ntime_zone = "Europe/Berlin"')
    assert digest.is_due(seconds(since), seconds(since), seconds(now)) is may


def test_an_hour_that_a_day_leaves_out_strikes_all_the_same() -> None:
    digest = rule('label = "Fox"\ndigest = "daily at 02:30"\ntime_zone = "Europe/Berlin"')
    assert digest.is_due(seconds("2026-03-28T12:00"), None, seconds("2026-03-29T02:00"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("alerts = 7", "alerts is 7; each rule is a section of its own, as [[alerts]]"),
        (
            "[alerts]\nlabel = 'Fox'",
            'alerts is {"label": "Fox"}; each rule is a section of its own, as [[alerts]]',
        ),
        (
            "[[alerts]]\nlabel = 'Fox'",
            f"rule 1 of alerts has name = null; {A_NAME}",
        ),
        (
            "[[alerts]]\nname = 'a b'\nlabel = 'Fox'",
            f'rule 1 of alerts has name = "a b"; {A_NAME}',
        ),
        (
            "[[alerts]]\nname = 'fox'\nlabel = 'Fox'\n[[alerts]]\nname = 'FOX'\nlabel = 'Fox'",
            "alerts has two rules named FOX: give each its own, by which it is kept",
        ),
    ],
)
def test_what_is_wrong_with_rules_is_said(text: str, fault: str) -> None:
    assert faults_of_policy(tomllib.loads(text)) == [fault]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "lable = 'Fox'",
            "has lable; it takes name, label, any_label, person, moderation, moderation_action, "
            "prefix, min_confidence, cooldown, quiet, digest, time_zone",
        ),
        (
            "cooldown = 60",
            "has no condition; give it one or more of label, any_label, person, moderation, "
            'moderation_action, prefix, which for all photos is prefix = ""',
        ),
        ("label = 7", "has label = 7; it is text"),
        ("prefix = 7", "has prefix = 7; it is text"),
        ("person = ''", 'has person = ""; it is text'),
        ("label = 'Fox'\nany_label = ['Wolf']", "has label and any_label: put all labels into any_label"),
        ("any_label = 'Fox'", 'has any_label = "Fox"; it is a list of labels, as ["Fox", "Wolf"]'),
        ("any_label = []", "has 0 labels in any_label; it takes 1 to 20"),
        (
            "label = 'Weapon'",
            "has the label Weapon, which the policy does not show: nobody may be told of it",
        ),
        ("label = 'Woman'", "has the label Woman, which the policy does not show: nobody may be told of it"),
        ("label = 'Car'", "has the label Car, which the policy shows as Vehicle: name that"),
        (
            "moderation = 'Fun'",
            'has moderation = "Fun", which is no category of Rekognition\'s: '
            "https://docs.aws.amazon.com/rekognition/latest/dg/moderation-api.html lists them",
        ),
        ("moderation_action = 'allow'", 'has moderation_action = "allow"; it is review or block'),
        (
            "moderation_action = 'block'",
            'has moderation_action = "block", and no category asks for that: give one block = 60, say, as in '
            "[moderation.Violence]",
        ),
        ("label = 'Fox'\nmin_confidence = 101", "has min_confidence = 101; it is a number from 0 to 100"),
        (
            "prefix = 'a/'\nmin_confidence = 50",
            "has min_confidence, which is about label, any_label, person and moderation, and none of them",
        ),
        (
            "label = 'Fox'\ncooldown = '5 parsecs'",
            'has cooldown = "5 parsecs"; it is seconds, or as in "15 minutes", a minute at least and 7 days '
            "at most",
        ),
        (
            "label = 'Fox'\ncooldown = 59",
            'has cooldown = 59; it is seconds, or as in "15 minutes", a minute at least and 7 days at most',
        ),
        ("label = 'Fox'\ndigest = '8am'", 'has digest = "8am"; it is as in "daily at 08:00"'),
        (
            "label = 'Fox'\ndigest = 'daily at 25:00'",
            'has digest = "daily at 25:00"; it is as in "daily at 08:00"',
        ),
        (
            "label = 'Fox'\ndigest = 'daily at 08:00'\ncooldown = 60",
            "has digest and cooldown: a digest is sent once a day, at its hour; leave out cooldown",
        ),
        (
            "label = 'Fox'\ndigest = 'daily at 08:00'\nquiet = { from = '22:00', to = '07:00' }",
            "has digest and quiet: a digest is sent once a day, at its hour; leave out quiet",
        ),
        (
            "label = 'Fox'\nquiet = '22-07'",
            'has quiet = "22-07"; it is as in { from = "22:00", to = "07:00" }',
        ),
        (
            "label = 'Fox'\nquiet = { from = 22:00:00, to = '07:00' }",
            'has quiet = {"from": "22:00:00", "to": "07:00"}; it is as in { from = "22:00", to = "07:00" }',
        ),
        (
            "label = 'Fox'\nquiet = { from = '22:00', to = '22:00' }",
            'has quiet = {"from": "22:00", "to": "22:00"}: nothing would ever be sent; let it end at another '
            "hour",
        ),
        (
            "label = 'Fox'\ndigest = 'daily at 08:00'\ntime_zone = 'Mars'",
            'has time_zone = "Mars"; it is a name of the IANA\'s, as in "Europe/Berlin"',
        ),
        (
            "label = 'Fox'\ntime_zone = 'Europe/Berlin'",
            "has time_zone, which is about quiet and digest, and none of them",
        ),
    ],
)
def test_what_is_wrong_with_a_rule_is_said(text: str, fault: str) -> None:
    policy = 'hidden = ["Weapon"]\n[aliases]\nVehicle = ["Car"]\n[moderation.Violence]\nreview = 60\n'
    content = tomllib.loads(f'{policy}[[alerts]]\nname = "fox"\n{text}')
    assert faults_of_policy(content) == [f"the alert fox {fault}"]


def test_there_is_room_for_so_many_rules() -> None:
    rules = [{"name": f"rule-{number}", "label": "Fox"} for number in range(21)]
    assert faults_of_policy({"alerts": rules}) == ["alerts has 21 rules; 20 at most"]
    long = [{"name": f"rule-{number}", "prefix": "p" * 400} for number in range(8)]
    (fault,) = faults_of_policy({"alerts": long})
    assert fault.startswith("alerts take 3,")
    assert fault.endswith(
        f"more than the {MAX_ALERT_BYTES:,} that the variables of a Lambda function have room for: name "
        "fewer labels"
    )


def test_they_are_no_part_of_what_the_other_functions_are_told(tmp_path: Any) -> None:
    text = '[labels]\nCat = 80\n[[alerts]]\nname = "fox"\nlabel = "Fox"\n'
    path = tmp_path / "policy.toml"
    path.write_text(text)

    content = tomllib.loads(text)
    assert to_json(content) == '{"labels":{"Cat":80}}'
    assert Policy.of(content) == Policy.of({"labels": {"Cat": 80}}), "an alert changes no version"
    assert read_alerts(alerts_json(str(path))) == (AlertRule("fox", ("Fox",)),)


EXAMPLES = (AlertExample("a.jpg", "Fox 80 %"), AlertExample("b.jpg", ""))


def test_what_it_has_to_say_is_read_as_it_was_written() -> None:
    message = AlertMessage("fox-7-1", 12, 5, EXAMPLES, 99)
    state = AlertState(3, 2, 8, EXAMPLES[:1], 4, message, ("0a", "0b"))
    assert AlertState.from_item(from_wire(to_wire(state.to_item()))) == state._replace(version=4)
    assert AlertState.from_item(from_wire(to_wire(AlertState().to_item()))) == AlertState(version=1)


def test_a_forgotten_photo_stays_counted_without_its_name() -> None:
    message = AlertMessage("fox-7-1", 12, 5, EXAMPLES, 99)
    left = AlertState(held=2, examples=EXAMPLES, sending=message).without("a.jpg".__eq__)
    assert left.held == 2
    assert left.examples == (AlertExample(FORGOTTEN, ""), EXAMPLES[1])
    assert left.sending == message._replace(examples=left.examples)


def test_a_completion_counts_once_among_those_of_late() -> None:
    def photos(*numbers: int) -> list[tuple[AnnouncedPhoto, str]]:
        return [(PHOTO._replace(id=str(number)), "") for number in numbers]

    state = AlertState().counting(photos(1, 2, 1), 5)
    assert (state.held, state.since, len(state.seen)) == (2, 5, 2)
    assert state.counting(photos(2, 1), 6) is state
    many = state.counting(photos(*range(3, 3 + MAX_SEEN)), 6)
    assert len(many.seen) == MAX_SEEN
    assert many.counting(photos(1), 7).held == many.held + 1, "what is long past is not known any more"
