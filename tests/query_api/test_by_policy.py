"""Answers by a policy: what is shown is found and counted; what is hidden is as if it were not there."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.corrections import Corrections, corrections_key
from contract.edits import Edit
from contract.policy import ModerationAction, Policy
from contract.policy_faults import CATEGORIES as ALL_CATEGORIES
from contract.policy_faults import faults_of_policy
from contract.records import Findings, ImageRecord
from contract.results import Result, ResultName
from contract.table import decided_term, term_partitions
from query_api.by_policy import COUNTED_READ_BUDGET, PolicyTable
from query_api.search.listing import MAX_READ_BUDGET, MAX_RECORDS, Listing
from query_api.search.postings import ROWS_OF_A_UNIT
from query_api.search.questions import ListQuestion, Order
from tests.query_api.memory_table import MemoryTable
from tests.query_api.photos import commit, facts, photo, write_result
from tests.query_api.site import Site

TEXT = """
hidden = ["Weapon"]

[labels]
default = 55
Cat = 80

[aliases]
Vehicle = ["Car", "Truck"]

[moderation.Violence]
threshold = 50
review = 60
block = 90

[moderation.Alcohol]
review = 70
"""


def policy_of(text: str) -> Policy:
    content = tomllib.loads(text)
    assert faults_of_policy(content) == []
    return Policy.of(content)


POLICY = policy_of(TEXT)
MODERATED = {"labels": "1", "moderation": "1"}


def site_of(*records: ImageRecord, policy: Policy | None = POLICY, **parts: Any) -> Site:
    site = Site(policy=policy, **parts)
    for record in records:
        commit(site.table, record)
    return site


def test_lists_show_labels_from_their_threshold_on_under_one_name() -> None:
    found = {"Cat": 79.0, "Car": 60.0, "Truck": 70.0, "Tree": 54.0, "Weapon": 99.0, "Woman": 99.0}
    site = site_of(photo("a.jpg", labels=found, detectors=MODERATED))

    (image,) = site.list().json["images"]

    assert image["labels"] == [{"name": "Vehicle", "confidence": 70.0, "parent": False}]
    assert image["moderation_action"] == "allow"


@pytest.mark.parametrize(
    ("question", "keys"),
    [
        ({"label": "Cat"}, ["sure.jpg"]),
        ({"label": "Cat", "min_confidence": 50}, ["sure.jpg"]),
        ({"label": "Cat", "min_confidence": 96}, []),
        ({"label": "vehicle"}, ["truck.jpg", "car.jpg"]),
        ({"label": "Car"}, ["truck.jpg", "car.jpg"]),
        ({"any_label": ["Cat", "Truck"]}, ["truck.jpg", "car.jpg", "sure.jpg"]),
        ({"not_label": "Car"}, ["unsure.jpg", "sure.jpg"]),
        ({"not_label": "Weapon"}, ["truck.jpg", "car.jpg", "unsure.jpg", "sure.jpg"]),
        ({"label": "Vehicle", "order": "confidence"}, ["truck.jpg", "car.jpg"]),
    ],
)
def test_search_agrees_with_what_is_shown(question: Mapping[str, object], keys: list[str]) -> None:
    site = site_of(
        photo("sure.jpg", second=1, labels={"Cat": 95.0, "Weapon": 99.0}),
        photo("unsure.jpg", second=2, labels={"Cat": 79.0}),
        photo("car.jpg", second=3, labels={"Car": 60.0}),
        photo("truck.jpg", second=4, labels={"Truck": 90.0, "Car": 41.0}),
    )
    assert site.list(**question).keys == keys


@pytest.mark.parametrize("asked", ["label", "any_label"])
@pytest.mark.parametrize("name", ["Weapon", "weapon", "Woman"])
def test_what_is_hidden_is_answered_as_what_is_not_there(asked: str, name: str) -> None:
    site = site_of(photo("a.jpg", labels={"Weapon": 99.0, "Woman": 99.0, "Cat": 99.0}))
    hidden, unknown = site.list(**{asked: name}), site.list(**{asked: "Unheard of"})

    assert (hidden.status, hidden.json) == (unknown.status, unknown.json)
    assert site.list(any_label=[name, "Cat"]).keys == ["a.jpg"]


@pytest.mark.parametrize("order", ["newest", "confidence"])
def test_a_label_that_is_not_only_implied_is_as_sure_as_all_of_its_names(order: str) -> None:
    found = {"Car": 95.0, "Truck": 80.0}
    site = site_of(
        photo("a.jpg", labels=found, parents=["Car"]), photo("b.jpg", labels=found, parents=[*found])
    )

    question = {"label": "Vehicle", "include_parents": "false", "min_confidence": 90, "order": order}
    assert site.list(**question).keys == ["a.jpg"]


LABELS = {
    "Labels": [
        {"Name": "Car", "Confidence": 60.0, "Instances": [{"Confidence": 60.0}], "Parents": []},
        {
            "Name": "Truck",
            "Confidence": 70.0,
            "Instances": [],
            "Parents": [{"Name": "Weapon"}, {"Name": "Cat"}],
        },
        {"Name": "Weapon", "Confidence": 99.0, "Instances": [{"Confidence": 99.0}]},
        {"Name": "Tree", "Confidence": 54.99},
        {"Name": "Cat", "Confidence": 79.996},
    ]
}
FACES = {"FaceDetails": [{"AgeRange": {"Low": 20}, "Gender": {"Value": "Male"}, "Smile": {"Value": True}}]}


def detailed() -> Site:
    labels = {"Car": 60.0, "Truck": 70.0, "Weapon": 99.0, "Tree": 54.99, "Cat": 80.0}
    record = photo("a.jpg", labels=labels, detectors={"labels": "1", "faces": "1"}, parents=["Weapon", "Cat"])
    site = site_of(record)
    for detector, response in (("labels", LABELS), ("faces", FACES)):
        name = ResultName(record.content_id, detector, "1")
        write_result(site.table, Result(name, response, "2026-11-23T12:00:01.000Z"))
    return site


NAMELESS = dict[str, list[str]](aliases=[], categories=[])


def test_details_put_what_is_shown_as_one_together() -> None:
    details = detailed().get("/images/a.jpg").json

    assert details["labels"] == [
        {"name": "Cat", "confidence": 79.996, "parent": True, "parents": [], "instances": [], **NAMELESS},
        {
            "name": "Vehicle",
            "confidence": 70.0,
            "parent": False,
            "parents": ["Cat"],
            "instances": [{"confidence": 60.0}],
            **NAMELESS,
        },
    ]
    assert details["face_details"] == [{"smile": {"value": True}}]
    assert details["policy"] == POLICY.version
    assert details["moderation_action"] is None, "nobody looked"


def test_hidden_names_are_nowhere_in_what_is_told_of_a_photo() -> None:
    site = detailed()
    for target in ("/images/a.jpg", "/images/a.jpg/raw", "/images", "/images?key=a.jpg&raw=true"):
        text = str(site.get(target).json)
        assert "a.jpg" in text or "Truck" in text
        for name in ("Weapon", "weapon", "Gender", "gender", "AgeRange", "age_range"):
            assert name not in text, f"{name} in {target}"


def test_gender_and_age_are_shown_where_the_policy_asks_for_it() -> None:
    site = detailed()
    site.policy = policy_of("show_gender_and_age = true")

    (face,) = site.get("/images/a.jpg").json["face_details"]
    assert set(face) == {"age_range", "gender", "smile"}


def moderated(key: str, second: int, **categories: float) -> ImageRecord:
    return photo(key, second=second, detectors=MODERATED, moderation=categories)


def test_photos_are_found_by_what_is_to_be_done_with_them() -> None:
    site = site_of(
        moderated("block.jpg", 1, Violence=91.0, Alcohol=75.0),
        moderated("review.jpg", 2, Violence=60.0),
        moderated("both.jpg", 3, Violence=61.0, Alcohol=99.0),
        moderated("allow.jpg", 4, Violence=59.0, Alcohol=69.0, Gambling=99.0),
        photo("not looked at.jpg", second=5, detectors={"labels": "1"}),
    )
    found = {action: site.list(moderation_action=action).keys for action in ("allow", "review", "block")}

    assert found == {
        "allow": ["allow.jpg"],
        "review": ["both.jpg", "review.jpg"],
        "block": ["block.jpg"],
    }
    assert {image["key"]: image["moderation_action"] for image in site.list().json["images"]} == {
        "block.jpg": "block",
        "review.jpg": "review",
        "both.jpg": "review",
        "allow.jpg": "allow",
        "not looked at.jpg": None,
    }


def test_what_is_to_be_reviewed_is_listed_newest_or_surest_first() -> None:
    site = site_of(
        moderated("old and sure.jpg", 1, Violence=89.0),
        moderated("blocked.jpg", 2, Violence=95.0, Alcohol=99.0),
        moderated("less.jpg", 3, Violence=61.0, Alcohol=75.0),
        moderated("new.jpg", 4, Violence=60.0, Alcohol=50.0),
        moderated("allowed.jpg", 5, Violence=59.0),
    )

    assert site.get("/reviews").keys == ["new.jpg", "less.jpg", "old and sure.jpg"]
    surest = site.get("/reviews?order=confidence").json["images"]
    assert [(image["key"], image["confidence"]) for image in surest] == [
        ("old and sure.jpg", 89.0),
        ("less.jpg", 75.0),
        ("new.jpg", 60.0),
    ]
    first = site.get("/reviews?limit=1&order=oldest").json
    assert site.get(f"/reviews?limit=1&order=oldest&cursor={first['cursor']}").keys == ["less.jpg"]
    assert site.get("/reviews?prefix=ne").keys == ["new.jpg"]


@pytest.mark.parametrize(
    ("query", "parameter", "reason"),
    [
        ("order=taken", "order", "must be newest or oldest or confidence"),
        (
            "order=confidence",
            "order",
            "this deployment keeps no order by confidence (its setting confidence_order); ask for newest or "
            "oldest",
        ),
        ("label=Cat", "label", "unknown; there are order, prefix, limit, cursor"),
        ("cursor=x", "cursor", "not one of ours for this question; leave it out to start at the first page"),
    ],
)
def test_what_makes_no_sense_of_reviews_is_refused(query: str, parameter: str, reason: str) -> None:
    answer = site_of(confidence_order=False).get(f"/reviews?{query}")

    assert answer.status == 400
    assert answer.json["faults"] == [{"parameter": parameter, "reason": reason}]


def test_without_a_policy_there_is_nothing_to_review() -> None:
    assert site_of(policy=None).get("/reviews").status == 404


def decided(record: ImageRecord, decision: str | None) -> ImageRecord:
    return replace(record, decision=decision, corrections=0 if decision is None else 1)


def test_what_a_person_has_decided_is_above_the_policy() -> None:
    site = site_of(
        decided(moderated("harmless.jpg", 1, Gambling=41.0), "block"),
        decided(moderated("blocked before.jpg", 2, Violence=99.0), "allow"),
        decided(moderated("reviewed.jpg", 3, Violence=70.0), "allow"),
        decided(photo("not looked at.jpg", second=4, detectors={"labels": "1"}), "block"),
        moderated("to review.jpg", 5, Violence=70.0),
        moderated("blocked.jpg", 6, Violence=99.0),
    )
    expected = {
        "block": ["blocked.jpg", "not looked at.jpg", "harmless.jpg"],
        "review": ["to review.jpg"],
        "allow": ["reviewed.jpg", "blocked before.jpg"],
    }

    assert {action: site.list(moderation_action=action).keys for action in expected} == expected
    assert site.get("/reviews").keys == site.get("/reviews?order=confidence").keys == ["to review.jpg"]
    actions = {image["key"]: image["moderation_action"] for image in site.list().json["images"]}
    assert actions == {key: action for action, keys in expected.items() for key in keys}
    assert site.get("/images/harmless.jpg").json["moderation_action"] == "block"
    site.policy = policy_of("[labels]\nCat = 80")
    assert site.list(moderation_action="block").keys == ["not looked at.jpg", "harmless.jpg"]


def test_what_is_no_decision_takes_its_photo_out_and_no_other() -> None:
    site = site_of(
        decided(moderated("a.jpg", 1, Violence=70.0), "perhaps"),
        decided(moderated("b.jpg", 2, Violence=70.0), "block"),
    )

    assert site.list().keys == ["b.jpg"]
    assert site.get("/images/a.jpg").status == 404


def test_photos_decided_about_are_found_by_their_categories_all_the_same() -> None:
    records = (
        decided(moderated("decided.jpg", 1, Violence=70.0), "allow"),
        moderated("open.jpg", 2, Violence=60.0),
    )
    for policy in (POLICY, None):
        site = site_of(*records, policy=policy)
        assert site.list(moderation="Violence").keys == ["open.jpg", "decided.jpg"]
        assert site.list(moderation="Violence", order="confidence").keys == ["decided.jpg", "open.jpg"]
        assert site.list(moderation="Violence", min_confidence=65).keys == ["decided.jpg"]


def test_what_people_say_is_told_without_what_is_hidden() -> None:
    record = replace(photo("a.jpg", labels={"Cat": 99.0}), corrections=1)
    site = site_of(record, corrections=True)
    said = Corrections().edited(
        Edit(add=("Weapon", "Dog"), remove=("Woman", "Tree"), rename={"Knife": "weapon", "Kitty": "Cat"}),
        by="me",
        at="2026-11-27T12:00:00.000Z",
    )
    at = corrections_key(record.content_id)
    site.table.put(at, {**said.to_item(), "pk": at.pk, "sk": at.sk})

    told = site.get("/images/a.jpg").json["corrections"]

    assert (told["added"], told["removed"], told["renamed"]) == (["Dog"], ["Tree"], {"Kitty": "Cat"})
    (change,) = told["changes"]
    assert (change["add"], change["remove"], change["rename"]) == (["Dog"], ["Tree"], {"Kitty": "Cat"})


def test_a_changed_policy_is_followed_at_once() -> None:
    site = site_of(moderated("a.jpg", 1, Violence=70.0))
    assert site.list(moderation_action="block").keys == []

    site.policy = policy_of("[moderation.Violence]\nblock = 65")
    assert site.list(moderation_action="block").keys == ["a.jpg"]
    assert site.list(moderation_action="review").keys == []


def test_an_action_that_the_policy_never_asks_for_reads_nothing() -> None:
    site = site_of(moderated("a.jpg", 1, Violence=70.0), policy=policy_of("[labels]\nCat = 80"))

    assert site.list(moderation_action="review").json == {"images": [], "cursor": None}
    assert site.table.reads == 0


def test_a_category_below_its_threshold_is_neither_shown_nor_found() -> None:
    site = site_of(moderated("a.jpg", 1, Violence=49.0), moderated("b.jpg", 2, Violence=50.0))

    assert site.list(moderation="violence").keys == ["b.jpg"]
    assert [image["moderation"] for image in site.list().json["images"]] == [
        [{"name": "Violence", "confidence": 50.0}],
        [],
    ]


def test_without_a_policy_nobody_is_asked_for_one_and_everything_is_shown() -> None:
    site = site_of(photo("a.jpg", labels={"Woman": 41.0}), policy=None)

    (image,) = site.list(label="Woman").json["images"]
    assert "moderation_action" not in image
    refused = site.list(moderation_action="block")
    assert (refused.status, refused.json["faults"]) == (
        400,
        [
            {
                "parameter": "moderation_action",
                "reason": "this deployment has no policy (its setting policy)",
            }
        ],
    )


def test_more_labels_than_a_page_can_read_are_refused() -> None:
    aliases = "\n".join(f"A{n} = {[f'a{n}{m}' for m in range(9)]}" for n in range(5))
    site = site_of(policy=policy_of("[aliases]\n" + aliases))

    assert site.list(label=["A0", "A1", "A2"]).status == 200
    refused = site.list(label=["A0", "A1", "A2"], any_label="Cat")
    assert refused.json["faults"] == [
        {
            "parameter": "label",
            "reason": "these are 31 labels with all that this deployment's policy shows as one of them; ask "
            "for 30 at most",
        }
    ]


def test_counts_that_would_take_too_much_say_that_they_are_the_most_it_can_be() -> None:
    site = site_of(policy=policy_of(TEXT.replace("default = 55", "default = 40")))
    site.counts.by_label = {
        "Dog": 9_000,
        "Cat": 7_000,
        "Car": 2_000,
        "Truck": 4_000,
        "Weapon": 50_000,
        "dog": 1,
    }

    assert site.get("/labels").json == {
        "labels": [
            {"name": "Dog", "count": 9_001},
            {"name": "Cat", "at_most": 7_000},
            {"name": "Vehicle", "at_most": 6_000},
        ]
    }
    assert site.get("/labels?prefix=weap").json == {"labels": []}
    assert site.table.reads == 0


def test_counts_are_of_what_is_shown_where_that_takes_little() -> None:
    found = [
        {"Cat": 79.0, "Dog": 99.0},
        {"Cat": 80.0},
        {"Car": 60.0, "Truck": 60.0, "Dog": 50.0},
        {"Truck": 55.0, "Tree": 41.0},
        {"Weapon": 99.0, "Woman": 99.0},
    ]
    site = site_of(*(photo(f"{n}.jpg", second=n, labels=labels) for n, labels in enumerate(found)))
    site.counts.by_label = dict(Counter(name for labels in found for name in labels))

    counted = {label["name"]: label["count"] for label in site.get("/labels").json["labels"]}

    assert counted == {"Vehicle": 2, "Cat": 1, "Dog": 1}
    for name, count in counted.items():
        assert len(site.list(label=name).keys) == count, "counts, lists and search agree"


def test_counting_reads_no_more_than_its_bound() -> None:
    site = site_of(policy=policy_of("[labels]\ndefault = 60"))
    names = [f"Label{number}" for number in range(40)]
    for second in range(200):
        commit(
            site.table, photo(f"{second}.jpg", second=second, labels=dict.fromkeys(names, 50.0 + second % 20))
        )
    site.counts.by_label = dict.fromkeys(names, 200)
    site.table.units.clear()

    shown = site.get("/labels?limit=1000").json["labels"]

    assert sum(site.table.units.values()) <= COUNTED_READ_BUDGET / ROWS_OF_A_UNIT
    assert sum("count" in label for label in shown) == COUNTED_READ_BUDGET // (200 + 100)
    assert {label.get("count", 100) for label in shown} == {100}


def test_an_alias_of_which_one_name_was_found_is_counted() -> None:
    site = site_of(policy=policy_of('[aliases]\nVehicle = ["Car", "Truck"]'))
    site.counts.by_label = {"Car": 2, "car": 1}
    assert site.get("/labels").json == {"labels": [{"name": "Vehicle", "count": 3}]}


def test_those_who_see_some_photos_are_counted_what_is_shown_to_them() -> None:
    labels = {"Cat": 79.0, "Car": 60.0, "Truck": 60.0, "Weapon": 99.0}
    site = site_of(
        photo("family/a.jpg", labels=labels),
        photo("secret/b.jpg", labels={"Cat": 99.0}),
        prefix_claim="prefixes",
        claims={"prefixes": "family/"},
    )

    assert site.get("/labels").json == {"labels": [{"name": "Vehicle", "count": 1}]}
    assert site.list(label="Car").keys == ["family/a.jpg"]
    assert site.list(label="Cat").keys == []


def test_how_things_stand_names_the_policy() -> None:
    assert site_of().get("/stats").json["policy"] == POLICY.version
    assert "policy" not in site_of(policy=None).get("/stats").json


def test_a_page_of_reviews_costs_the_same_of_many_and_few() -> None:
    def page_of(photos: int) -> tuple[int, float, float]:
        table = MemoryTable()
        for second in range(photos):
            violence = 65.0 if second % 2 else 95.0
            commit(table, moderated(f"{second}.jpg", second, Violence=violence, Alcohol=50.0))
        table.units.clear()
        listing = Listing(PolicyTable(table, POLICY), policy=POLICY)
        page = listing.page(ListQuestion(moderation_action=ModerationAction.REVIEW))
        return len(page.matches), table.units["records"], sum(table.units.values())

    (few, _, cost_of_few), (many, records, cost) = page_of(300), page_of(3_000)
    assert few == many == 50
    assert records == 50, "those that are blocked or allowed are passed over without reading their records"
    assert cost <= min(cost_of_few + 2, 80)


def test_photos_decided_about_are_not_on_the_way_to_those_to_review() -> None:
    def cost(decided_photos: int) -> float:
        table = MemoryTable()
        for second in range(decided_photos):
            commit(table, decided(moderated(f"{second}.jpg", second, Violence=65.0), "allow"))
        commit(table, moderated("open.jpg", 0, Violence=65.0))
        table.units.clear()
        listing = Listing(PolicyTable(table, POLICY), policy=POLICY)
        page = listing.page(ListQuestion(moderation_action=ModerationAction.REVIEW))
        assert [match.record.key for match in page.matches] == ["open.jpg"]
        assert page.next_after is None
        return sum(table.units.values())

    assert cost(2_000) == cost(0)


def test_a_page_of_a_category_reads_a_unit_a_shard_for_what_people_may_have_decided() -> None:
    """Decision 29 says four units; where nobody has decided anything, too."""
    table = MemoryTable()
    for second in range(200):
        commit(table, moderated(f"{second}.jpg", second, Violence=65.0))
    table.units.clear()

    assert len(Listing(table).page(ListQuestion(moderation="Violence")).matches) == 50

    of_decided = {at: units for at, units in table.units.items() if "decided:" in at}
    assert of_decided == dict.fromkeys(term_partitions(decided_term("Violence")), 1.0)
    assert sum(of_decided.values()) == 4


def test_the_largest_policy_does_not_stretch_the_bound_of_a_page() -> None:
    categories = "\n".join(f'[moderation."{name}"]\nreview = 60' for name in ALL_CATEGORIES[:20])
    aliases = "\n".join(f"A{n} = {[f'a{n}{m}' for m in range(9)]}" for n in range(3))
    policy = policy_of(f"[labels]\ndefault = 90\n[aliases]\n{aliases}\n{categories}")
    labels = {name: 95.0 for alias in range(3) for name in (f"A{alias}", *policy.names(f"A{alias}"))}
    table = MemoryTable()
    for second in range(2_000):
        record = moderated(f"{second}.jpg", second, **dict.fromkeys(ALL_CATEGORIES[:20], 50.0))
        commit(table, replace(record, findings=replace(record.findings, labels=labels)))
    table.units.clear()

    asked = ListQuestion(
        labels=("A0", "A1", "A2"), moderation_action=ModerationAction.REVIEW, min_faces=1, limit=100
    )
    page = Listing(PolicyTable(table, policy), policy=policy).page(asked)

    assert page.matches == ()
    records = table.units.pop("records", 0)
    assert records <= MAX_RECORDS
    assert sum(table.units.values()) <= MAX_READ_BUDGET / ROWS_OF_A_UNIT


NAMES = st.sampled_from(["Cat", "Car", "truck", "Truck", "Vehicle", "Weapon", "Woman", "Tree"])
CONFIDENCES = st.sampled_from([41.0, 55.0, 69.99, 80.0, 80.004, 95.5, 100.0])
CATEGORIES = st.sampled_from(["Violence", "Alcohol", "Gambling"])
POLICIES = st.sampled_from(
    [
        POLICY,
        policy_of("[labels]\ndefault = 80"),
        policy_of('show_gender_and_age = true\n[aliases]\nThing = ["Cat", "Tree", "Woman"]'),
        policy_of('hidden = ["Car"]\n[moderation.Violence]\nblock = 80\n[moderation.Gambling]\nreview = 55'),
        policy_of('[labels]\nTruck = 80\nVehicle = 69.99\n[aliases]\nVehicle = ["Car", "Truck"]'),
    ]
)


@st.composite
def findings(draw: st.DrawFn) -> Findings:
    labels = draw(st.dictionaries(NAMES, CONFIDENCES, max_size=5))
    parents = frozenset(draw(st.sets(st.sampled_from(sorted(labels))))) if labels else frozenset[str]()
    return Findings(labels, parents=parents, moderation=draw(st.dictionaries(CATEGORIES, CONFIDENCES)))


@st.composite
def questions(draw: st.DrawFn) -> ListQuestion:
    def some(most: int) -> tuple[str, ...]:
        return tuple(draw(st.lists(NAMES, max_size=most, unique=True)))

    asked = ListQuestion(
        labels=some(2),
        any_labels=some(2),
        not_labels=draw(st.sampled_from([(), (), ("Tree",), ("Car", "Weapon")])),
        include_parents=draw(st.booleans()),
        min_confidence_percent=draw(st.sampled_from([0.0, 0.0, 60.0, 80.003])),
        moderation=draw(st.sampled_from([None, None, "violence", "Gambling"])),
        moderation_action=draw(st.sampled_from([None, None, *ModerationAction])),
        order=draw(st.sampled_from([Order.NEWEST, Order.OLDEST])),
        limit=draw(st.integers(1, 4)),
    )
    if draw(st.booleans()) and (asked.labels or asked.any_labels or asked.moderation):
        return asked._replace(order=Order.CONFIDENCE)
    return asked


def shown(policy: Policy, found: Findings) -> dict[str, tuple[float, bool]]:
    """Give what is shown, in lower case: how sure, and whether it is a parent. As the manual says it."""
    labels: dict[str, tuple[float, bool]] = {}
    for name, confidence in found.labels.items():
        one = policy.shown_name(name)
        if one is not None and confidence >= policy.threshold(name):
            before, was_parent = labels.get(one.casefold(), (0.0, True))
            labels[one.casefold()] = (max(confidence, before), was_parent and name in found.parents)
    return labels


def is_wanted(policy: Policy, asked: ListQuestion, record: ImageRecord) -> bool:
    counted = {
        name
        for name, (confidence, is_parent) in shown(policy, record.findings).items()
        if confidence >= asked.min_confidence_percent and (asked.include_parents or not is_parent)
    }

    def has(name: str) -> bool:
        one = policy.shown_name(name)
        return one is not None and one.casefold() in counted

    if asked.moderation is not None:
        sure = {name.casefold(): value for name, value in record.findings.moderation.items()}
        least = max(asked.min_confidence_percent, policy.rule(asked.moderation).threshold)
        if sure.get(asked.moderation.casefold(), -1.0) < least:
            return False
    return (
        all(map(has, asked.labels))
        and (not asked.any_labels or any(map(has, asked.any_labels)))
        and not any(map(has, asked.not_labels))
        and (asked.moderation_action is None or action(policy, record) == asked.moderation_action)
    )


def action(policy: Policy, record: ImageRecord) -> str:
    return record.decision or policy.action(record.findings.moderation)


def confidence(policy: Policy, asked: ListQuestion, record: ImageRecord) -> float:
    labels = shown(policy, record.findings)
    names = asked.labels[:1] or asked.any_labels
    if not names:
        sure = {name.casefold(): value for name, value in record.findings.moderation.items()}
        return sure[(asked.moderation or "").casefold()]
    wanted = [one.casefold() for name in names if (one := policy.shown_name(name)) is not None]
    counted = [labels[name] for name in wanted if name in labels]
    return max(
        value
        for value, is_parent in counted
        if value >= asked.min_confidence_percent and (asked.include_parents or not is_parent)
    )


DECISIONS = st.sampled_from([None, None, None, "allow", "block"])


@settings(max_examples=150)
@given(policy=POLICIES, found=st.lists(st.tuples(findings(), DECISIONS), max_size=25), asked=questions())
def test_answers_are_those_of_a_plain_filter_over_what_is_shown(
    policy: Policy, found: list[tuple[Findings, str | None]], asked: ListQuestion
) -> None:
    table, records = MemoryTable(), []
    for second, (each, decision) in enumerate(found):
        record = replace(photo(f"{second}.jpg", second=second, detectors=MODERATED), findings=each)
        record = decided(record, decision)
        records.append(record)
        commit(table, record)
    listing = Listing(PolicyTable(table, policy), policy=policy)

    keys, after = list[str](), asked.after
    while True:
        page = listing.page(asked._replace(after=after))
        keys += [match.record.key for match in page.matches]
        after = page.next_after
        if after is None:
            break

    wanted = [record for record in records if is_wanted(policy, asked, record)]
    wanted.sort(key=lambda record: record.version.uploaded_at, reverse=asked.order is not Order.OLDEST)
    if asked.order is Order.CONFIDENCE:
        wanted.sort(key=lambda record: -round(confidence(policy, asked, record), 3))
    assert keys == [record.key for record in wanted]


@pytest.mark.parametrize("is_tagging", [False, True])
def test_where_blocked_objects_are_tagged_nobody_is_told_where_they_are(is_tagging: bool) -> None:
    policy = Policy.of({"moderation": {"Violence": {"review": 60, "block": 90}}})
    site = Site(policy=policy, block_tag=is_tagging)
    file = replace(facts(), renditions="worker-1")
    for key, sure in (("blocked.jpg", 95.0), ("reviewed.jpg", 70.0)):
        moderation, detectors = {"Violence": sure}, {"moderation": "1"}
        commit(site.table, photo(key, moderation=moderation, detectors=detectors, file=file))

    def addresses(image: Mapping[str, Any]) -> set[bool]:
        return {image[name] is None for name in ("url", "thumbnail_url")}

    shown = {image["key"]: addresses(image) for image in site.list().json["images"]}

    assert shown == {"blocked.jpg": {is_tagging}, "reviewed.jpg": {False}}
    one = site.get("/images/blocked.jpg").json
    assert addresses(one) == {is_tagging}
    assert one["moderation_action"] == "block"
    assert one["photo"]["width"] == 640
