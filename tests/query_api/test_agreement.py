"""How often people agree with categories, in `GET /stats?reviews=true`."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from contract.policy import Policy
from query_api.search.agreement import ROWS_OF_A_RANGE, Verdicts, agreement
from tests.query_api.memory_table import MemoryTable
from tests.query_api.photos import commit
from tests.query_api.test_by_policy import decided, moderated, site_of

POLICY = Policy.of({"moderation": {"Violence": {"review": 60, "block": 90}, "Alcohol": {"review": 70}}})


def test_what_people_decided_is_told_by_category_and_confidence() -> None:
    site = site_of(
        decided(moderated("1.jpg", 1, Violence=64.0, Alcohol=71.0), "allow"),
        decided(moderated("2.jpg", 2, Violence=69.9), "allow"),
        decided(moderated("3.jpg", 3, Violence=100.0), "block"),
        decided(moderated("4.jpg", 4, Gambling=80.0), "block"),
        moderated("5.jpg", 5, Violence=99.0),
        policy=POLICY,
    )

    assert site.get("/stats?reviews=true").json["reviews"] == {
        "is_all": True,
        "categories": [
            {
                "name": "alcohol",
                "allowed": 1,
                "blocked": 0,
                "by_confidence": [{"from": 70, "allowed": 1, "blocked": 0}],
            },
            {
                "name": "violence",
                "allowed": 2,
                "blocked": 1,
                "by_confidence": [
                    {"from": 60, "allowed": 2, "blocked": 0},
                    {"from": 90, "allowed": 0, "blocked": 1},
                ],
            },
        ],
    }


def test_nothing_is_read_for_it_unless_it_is_asked_for() -> None:
    site = site_of(decided(moderated("1.jpg", 1, Violence=64.0), "allow"), policy=POLICY)

    assert "reviews" not in site.get("/stats").json
    assert "reviews" not in site.get("/stats?reviews=false").json
    assert site.table.reads == 0


def test_without_a_policy_it_is_refused() -> None:
    refused = site_of(policy=None).get("/stats?reviews=true")

    assert (refused.status, refused.json["faults"]) == (
        400,
        [{"parameter": "reviews", "reason": "this deployment has no policy (its setting policy)"}],
    )


DECISIONS = st.sampled_from(["allow", "block", None])


@settings(max_examples=100)
@given(found=st.lists(st.tuples(DECISIONS, st.sampled_from([41.0, 60.0, 99.99, 100.0])), max_size=30))
def test_it_agrees_with_a_plain_count(found: list[tuple[str | None, float]]) -> None:
    table, expected = MemoryTable(), Counter[tuple[int, str]]()
    for second, (decision, confidence) in enumerate(found):
        commit(table, decided(moderated(f"{second}.jpg", second, Violence=confidence), decision))
        if decision is not None:
            expected[min(int(confidence // 10), 9) * 10, decision] += 1

    told = agreement(table, POLICY)

    assert told.is_all
    assert told.by_category["violence"] == {
        step: Verdicts(expected[step, "allow"], expected[step, "block"]) for step, _ in expected
    }


def test_of_many_decisions_the_newest_are_counted_and_none_as_what_it_is_not() -> None:
    table = MemoryTable()
    photos = 10 * ROWS_OF_A_RANGE
    for second in range(photos):
        # What is blocked is not all of Violence, so its rows end earlier than those of the category.
        category = {"Violence": 65.0} if second % 2 else {"Gambling": 65.0}
        commit(table, decided(moderated(f"{second}.jpg", second, **category), "block"))
    table.units.clear()

    told = agreement(table, POLICY)

    counted = told.by_category["violence"][60]
    assert not told.is_all
    assert counted.allowed == 0
    assert ROWS_OF_A_RANGE <= counted.blocked < photos / 2
    assert told.by_category["alcohol"] == {}
