"""A policy: what it shows, what it asks for, and what is wrong with one, word by word."""

import json
import math
import tomllib
from dataclasses import replace
from typing import Any

import pytest

from contract.errors import SettingsError
from contract.policy import ModerationAction, Policy, to_json
from contract.policy_faults import CATEGORIES, MAX_BYTES, faults_of_policy, read_policy
from contract.records import Findings, Status
from local.rekognition.detect_moderation_labels import PARENTS
from tests.query_api.photos import photo, rejected


def policy(text: str) -> Policy:
    content = tomllib.loads(text)
    assert faults_of_policy(content) == []
    return Policy.of(content)


HOME = policy("""
hidden = ["Weapon"]

[labels]
default = 55
Cat = 80
Truck = 70

[aliases]
Vehicle = ["Car", "Truck"]

[moderation.Violence]
threshold = 50
review = 60
block = 90

[moderation.Alcohol]
review = 70

[moderation.Explicit]
block = 75
""")


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ({"Cat": 79.99, "Dog": 55.0, "Tree": 54.99}, {"Dog": 55.0}),
        ({"cat": 80.0}, {"cat": 80.0}),
        ({"Weapon": 99.0, "weapon": 99.0}, {}),
        ({"Car": 60.0, "Truck": 80.0}, {"Vehicle": 80.0}),
        ({"Car": 60.0, "Truck": 69.9}, {"Vehicle": 60.0}),
        ({"vehicle": 60.0}, {"Vehicle": 60.0}),
        ({"Woman": 99.0, "Child": 99.0, "Person": 99.0}, {"Person": 99.0}),
        ({}, {}),
    ],
)
def test_labels_are_shown_from_their_threshold_on_under_one_name(
    found: dict[str, float], shown: dict[str, float]
) -> None:
    assert HOME.applied(Findings(labels=found)).labels == shown


def test_a_label_of_several_names_is_a_parent_if_all_of_them_are() -> None:
    found = Findings(labels={"Car": 90.0, "Truck": 80.0}, parents=frozenset({"Car"}))
    assert HOME.applied(found).parents == frozenset()
    assert HOME.applied(replace(found, parents=frozenset({"Car", "Truck"}))).parents == {"Vehicle"}
    unsure = Findings(labels={"Car": 90.0, "Truck": 50.0}, parents=frozenset({"Car"}))
    assert HOME.applied(unsure).parents == {"Vehicle"}, "a name that does not count says nothing"


def test_an_alias_has_a_threshold_for_those_of_its_names_that_have_none() -> None:
    ours = policy("""
[labels]
default = 50
Vehicle = 80
Truck = 60
[aliases]
Vehicle = ["Car", "Truck"]
""")
    assert [ours.threshold(name) for name in ("Car", "truck", "VEHICLE", "Cat")] == [80, 60, 80, 50]


def test_gender_and_age_may_be_shown_under_another_name_or_asked_for() -> None:
    found = Findings(labels={"Woman": 90.0, "Man": 80.0})
    assert policy('[aliases]\nPerson = ["Man", "Woman"]').applied(found).labels == {"Person": 90.0}
    assert policy("show_gender_and_age = true").applied(found).labels == found.labels


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("Vehicle", ("vehicle", "car", "truck")),
        ("CAR", ("vehicle", "car", "truck")),
        ("Cat", ("cat",)),
        ("weapon", ()),
        ("Woman", ()),
    ],
)
def test_a_question_for_any_name_of_an_alias_is_for_all_of_them(asked: str, names: tuple[str, ...]) -> None:
    assert HOME.names(asked) == names


@pytest.mark.parametrize(
    ("found", "action"),
    [
        ({}, "allow"),
        ({"Violence": 59.99}, "allow"),
        ({"violence": 60.0}, "review"),
        ({"Violence": 89.99, "Alcohol": 100.0}, "review"),
        ({"Violence": 90.0, "Alcohol": 70.0}, "block"),
        ({"Explicit": 74.0}, "allow"),
        ({"Explicit": 75.0}, "block"),
        ({"Gambling": 100.0}, "allow"),
    ],
)
def test_the_strongest_action_of_any_category_counts(found: dict[str, float], action: str) -> None:
    assert HOME.action(found) == ModerationAction(action)


def test_nobody_says_what_is_to_be_done_with_a_photo_that_nobody_looked_at() -> None:
    looked_at = photo(detectors={"moderation": "1"}, moderation={"Violence": 95.0})
    assert HOME.action_of(looked_at) is ModerationAction.BLOCK
    assert HOME.action_of(replace(looked_at, detectors={"labels": "1"})) is None
    assert HOME.action_of(replace(looked_at, status=Status.DELETED)) is None
    assert HOME.action_of(rejected()) is None


@pytest.mark.parametrize(("decision", "found"), [("allow", 95.0), ("block", 41.0)])
def test_what_a_person_has_decided_comes_before_the_policy(decision: str, found: float) -> None:
    record = replace(photo(moderation={"Violence": found}), decision=decision)
    assert HOME.action_of(record) == decision, "also where nobody looked"
    assert HOME.action_of(replace(record, status=Status.DELETED)) is None


def test_categories_that_lead_to_photos_of_an_action() -> None:
    assert HOME.categories(ModerationAction.REVIEW) == {
        "violence": (60, 90),
        "alcohol": (70, math.inf),
    }
    assert HOME.categories(ModerationAction.BLOCK) == {
        "violence": (90, math.inf),
        "explicit": (75, math.inf),
    }
    assert HOME.categories(ModerationAction.ALLOW) == {}


def test_a_category_below_its_threshold_is_not_shown() -> None:
    found = Findings(moderation={"Violence": 49.0, "Alcohol": 41.0})
    assert HOME.applied(found).moderation == {"Alcohol": 41.0}


ANSWER = {
    "Labels": [{"Name": "Cat", "Parents": [{"Name": "Weapon"}, {"Name": "Animal"}]}, {"Name": "weapon"}],
    "FaceDetails": [{"AgeRange": {"Low": 3}, "Gender": {"Value": "Male"}, "Smile": {"Value": True}}],
}


def test_raw_answers_are_told_without_what_must_not_be_read() -> None:
    faces = [{"Smile": {"Value": True}}]
    assert HOME.told(ANSWER, of_labels=True) == {
        "Labels": [{"Name": "Cat", "Parents": [{"Name": "Animal"}]}],
        "FaceDetails": faces,
    }
    assert HOME.told(ANSWER, of_labels=False) == {**ANSWER, "FaceDetails": faces}
    assert policy("show_gender_and_age = true").told(ANSWER, of_labels=True) == ANSWER


def test_in_raw_answers_what_has_another_name_is_called_by_that() -> None:
    answer = {"Labels": [{"Name": "Man", "Instances": [1], "Parents": [{"Name": "Adult"}]}, {"Name": "Cat"}]}
    told = policy('[aliases]\nPerson = ["Man", "Woman"]\nPet = ["Cat"]').told(answer, of_labels=True)
    assert told == {"Labels": [{"Name": "Person", "Instances": [1], "Parents": []}, {"Name": "Cat"}]}


def test_what_is_written_for_functions_is_read_back() -> None:
    content = tomllib.loads('hidden = ["Größe"]\n[moderation.Violence]\nreview = 60')
    assert read_policy(to_json(content)) == Policy.of(content)


def test_it_is_read_once_however_many_parts_of_a_function_ask_for_it() -> None:
    text = to_json({"hidden": ["Cat"]})
    assert read_policy(text) is read_policy(text)


def test_a_version_names_the_content_and_nothing_else() -> None:
    one, other = policy("[labels]\nCat = 60\nDog = 70"), policy("[labels]\nDog = 70\n# more\nCat = 60")
    assert one.version == other.version
    assert one.version != policy("[labels]\nCat = 60\nDog = 71").version


def test_every_category_of_the_local_rekognition_can_have_a_rule() -> None:
    assert set(PARENTS) <= set(CATEGORIES)
    assert len(set(CATEGORIES)) == len(CATEGORIES)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (
            "colour = 1",
            [
                "colour is no part of a policy, which has hidden, show_gender_and_age, labels, aliases, "
                "moderation, alerts"
            ],
        ),
        ("labels = 5", ["labels is 5; it is a section, as [labels]"]),
        (
            '[labels]\nCat = 60\nhidden = ["Weapon"]',
            ["hidden stands below [labels], and so is a part of it: write it above all sections"],
        ),
        (
            "[moderation]\nshow_gender_and_age = true",
            [
                "show_gender_and_age stands below [moderation], and so is a part of it: write it above all "
                "sections",
                "moderation has show_gender_and_age = true; it is a section, as "
                "[moderation.show_gender_and_age], with one or more of threshold, review, block",
            ],
        ),
        ('hidden = "Weapon"', ['hidden is "Weapon"; it is a list of labels, as ["Weapon"]']),
        ("show_gender_and_age = 1", ["show_gender_and_age is 1; it is true or false"]),
        (
            "[aliases]\nVehicle = []",
            ['aliases has Vehicle = []; it is a list of labels, as ["Car", "Truck"]'],
        ),
        (
            "[moderation]\nViolence = 60",
            [
                "moderation has Violence = 60; it is a section, as [moderation.Violence], with one or "
                "more of threshold, review, block"
            ],
        ),
        ("[labels]\nCat = 101", ["labels has Cat = 101; a threshold is a number from 0 to 100"]),
        ("[labels]\nCat = nan", ["labels has Cat = NaN; a threshold is a number from 0 to 100"]),
        ("[labels]\ndefault = true", ["labels has default = true; a threshold is a number from 0 to 100"]),
        (
            "[labels]\nCat = 60\ncat = 70",
            ["labels has Cat and cat, which are one: leave out one of the two"],
        ),
        (
            'hidden = ["cat"]\n[labels]\nCat = 60',
            ["labels has a threshold for Cat, which is hidden: leave out one of the two"],
        ),
        (
            "[labels]\nWoman = 60",
            [
                "labels has a threshold for Woman, which tells of gender or age and is not shown: set "
                "show_gender_and_age = true, or leave it out"
            ],
        ),
        (
            '[aliases]\nWoman = ["Bride"]',
            [
                "aliases has Woman, which tells of gender or age and is not shown: set show_gender_and_age = "
                "true, or leave it out"
            ],
        ),
        (
            'hidden = ["Car"]\n[aliases]\nVehicle = ["Car"]',
            ["hidden has Car, and aliases show it as Vehicle: leave out one of the two"],
        ),
        (
            '[aliases]\nThing = ["Vehicle"]\nVehicle = ["Car"]',
            ["aliases has Vehicle for Thing, and it is an alias itself: name its labels instead"],
        ),
        (
            '[aliases]\nThing = ["Car"]\nVehicle = ["car"]',
            ["aliases has car for Thing and for Vehicle: choose one"],
        ),
        (
            f"[aliases]\nThing = {json.dumps(list(map(str, range(11))))}",
            ["aliases has 11 names for Thing; 10 at most"],
        ),
        (
            "[moderation.Violent]\nreview = 60",
            [
                "moderation has Violent, which is no category of Rekognition's: "
                "https://docs.aws.amazon.com/rekognition/latest/dg/moderation-api.html lists them"
            ],
        ),
        (
            "[moderation.Violence]\nforbid = 60",
            ["moderation.Violence has forbid; it takes threshold, review, block"],
        ),
        (
            "[moderation.Violence]",
            ["moderation.Violence is empty; it takes one or more of threshold, review, block"],
        ),
        (
            "[moderation.Violence]\nblock = -1",
            ["moderation.Violence has block = -1; it is a number from 0 to 100"],
        ),
        (
            "[moderation.Violence]\nreview = 39.5",
            [
                "moderation.Violence has review = 39.5, and Rekognition is asked for what is 40 % sure or "
                "more: nothing below is kept"
            ],
        ),
        (
            "[moderation.Violence]\nthreshold = 70\nreview = 60",
            [
                "moderation.Violence has threshold = 70 above review = 60: a photo would be acted upon for "
                "what is not shown"
            ],
        ),
        (
            "[moderation.Violence]\nreview = 90\nblock = 60",
            [
                "moderation.Violence has review = 90 and block = 60: nothing would ever be reviewed; review "
                "begins below block"
            ],
        ),
    ],
)
def test_what_contradicts_itself_is_told_in_a_sentence(text: str, faults: list[str]) -> None:
    assert faults_of_policy(tomllib.loads(text)) == faults


def test_a_policy_that_no_function_has_room_for_is_told_by_how_much() -> None:
    content: dict[str, Any] = {"labels": {f"Label{number:03}": 50 for number in range(200)}}
    size = len(to_json(content))
    assert faults_of_policy(content) == [
        f"the policy takes {size:,} bytes, {size - MAX_BYTES:,} more than the 2,048 that the variables of a "
        "Lambda function have room for: name fewer labels"
    ]


def test_too_many_categories_are_too_many_terms_of_a_question() -> None:
    content = {"moderation": {name: {"review": 60} for name in CATEGORIES[:21]}}
    assert faults_of_policy(content) == [
        "moderation has 21 categories; 20 at most: name those above them, which are as sure as the "
        "surest below"
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "POLICY is no JSON: Expecting property name"),
        ("[]", "POLICY: the policy is []; it has hidden"),
        ('{"labels":{"Cat":200}}', "POLICY: labels has Cat = 200"),
    ],
)
def test_a_variable_that_was_changed_by_hand_is_refused(text: str, fault: str) -> None:
    with pytest.raises(SettingsError, match=fault.replace("[", r"\[").replace("{", r"\{")):
        read_policy(text)
