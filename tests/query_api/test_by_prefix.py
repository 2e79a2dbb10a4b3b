"""Who may see some prefixes is answered as if there were no other photos: in everything that can be asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.policy import Policy
from contract.records import ImageRecord, Status
from contract.results import Result, ResultName
from query_api.http.routing import Endpoint, Route
from query_api.routes import Dependencies, all_routes
from query_api.visibility import HiddenError, VisibleSigner, routes_by_prefix
from tests.query_api.photos import commit, facts, photo, rejected, tombstone, write_result
from tests.query_api.site import Answer, FakeSigner, Site

CLAIM = "photos_prefixes"
# What each route is to a caller who may see some prefixes. A new route is closed until it stands here.
BY_PREFIX = {
    "listImages": "their photos alone",
    "getImage": "404 for all others, without a read",
    "getRawAnswers": "the same",
    "getIntervals": "the same",
    "checkHealth": "the same for all: it holds no data",
    "allowUpload": "below their prefixes",
    "readAccess": "their prefixes",
    "listLabels": "counted on the newest of their photos",
    "listReviews": "their photos alone",
}
CLOSED = {"readStats"}


def site_of(*records: ImageRecord, prefixes: object = None, **settings: Any) -> Site:
    claims = {} if prefixes is None else {CLAIM: prefixes}
    site = Site(prefix_claim=CLAIM, claims=claims, near_duplicates=True, **settings)
    for record in records:
        commit(site.table, record)
    return site


FAMILY, OTHERS = photo("family/cat.jpg", second=1), photo("secret/cat.jpg", second=2)


def routes_with_data(answering: Callable[[Dependencies], tuple[Route, ...]]) -> list[Endpoint]:
    routes = answering(site_of(policy=Policy()).parts)
    return [route.endpoint for route in routes if not route.endpoint.is_static]


def test_each_route_says_what_it_is_to_those_who_see_some_photos() -> None:
    endpoints = [
        route.endpoint
        for route in routes_by_prefix(site_of(policy=Policy()).parts)
        if not route.endpoint.is_static
    ]

    assert {each.name for each in endpoints if each.by_prefix} == set(BY_PREFIX)
    assert {each.name for each in endpoints if not each.by_prefix} == CLOSED


def targets() -> list[str]:
    paths = {
        "/images/{key+}": "/images/family/cat.jpg",
        "/images/{key+}/raw": "/images/family/cat.jpg/raw",
        "/images/{key+}/intervals": "/images/family/cat.jpg/intervals",
    }
    endpoints = [
        route.endpoint for route in all_routes(site_of(policy=Policy()).parts) if not route.endpoint.is_static
    ]
    return [paths.get(each.path, each.path) for each in endpoints if each.method == "GET"]


@pytest.mark.parametrize("target", targets())
@pytest.mark.parametrize("prefixes", [None, "", "family", ["family pictures/"]])
def test_a_token_without_prefixes_shows_nothing_and_reads_nothing(target: str, prefixes: object) -> None:
    site = site_of(FAMILY, prefixes=prefixes, policy=Policy())

    answer = site.get(target)

    assert (answer.status, answer.json["type"]) == (403, "urn:imagepipe:problem:nothing-visible")
    assert CLAIM in answer.json["detail"]
    assert site.table.reads == site.counts.reads == 0


def test_without_a_token_there_is_no_answer_either() -> None:
    site = site_of(FAMILY)
    site.claims = None

    assert site.get("/images").status == 403


@pytest.mark.parametrize("target", ["/", "/docs", "/openapi.json"])
def test_what_holds_no_data_is_for_all(target: str) -> None:
    site = site_of(FAMILY)
    site.claims = None

    assert site.get(target).status == 200


def test_who_may_see_everything_is_answered_as_ever() -> None:
    site, plain = site_of(FAMILY, OTHERS, prefixes="*"), Site(near_duplicates=True)
    for record in (FAMILY, OTHERS):
        commit(plain.table, record)

    for target in ("/images", "/images/secret/cat.jpg", "/labels", "/stats"):
        assert site.get(target).json == plain.get(target).json
    assert site.get("/access").json == {"prefixes": None}
    assert plain.get("/access").status == 404


def test_a_photo_elsewhere_is_as_one_that_was_never_there() -> None:
    site = site_of(FAMILY, OTHERS, prefixes="family/")
    site.table.reads = 0

    def answers(key: str) -> list[Answer]:
        path = f"/images/{quote(key)}"
        by_query = f"/images?key={quote(key, safe='')}"
        return [site.get(target) for target in (path, f"{path}/raw", by_query, f"{by_query}&raw=true")]

    def told(key: str) -> list[tuple[int, str]]:
        return [(each.status, str(each.json).replace(key, "…")) for each in answers(key)]

    assert told("secret/cat.jpg") == told("secret/dog.jpg")
    assert {status for status, _ in told("secret/cat.jpg")} == {404}
    assert site.table.reads == 0, "what is not read takes no time that could tell"
    assert {each.status for each in answers("family/cat.jpg")} == {200}


def test_a_prefix_is_of_whole_folders() -> None:
    site = site_of(
        photo("family/a.jpg"), photo("family-secrets/b.jpg"), photo("x/family/c.jpg"), prefixes="family/"
    )

    assert site.list().keys == ["family/a.jpg"]
    assert site.list(prefix="fam").keys == ["family/a.jpg"]
    assert site.list(prefix="family/a").keys == ["family/a.jpg"]


def test_a_question_about_another_prefix_reads_nothing() -> None:
    site = site_of(FAMILY, OTHERS, prefixes="family/")
    site.table.reads = 0

    assert site.list(prefix="secret/").json == {"images": [], "cursor": None}
    assert site.table.reads == 0


def test_near_duplicates_are_of_and_among_ones_own() -> None:
    mine, theirs = (photo(key, file=facts(looks=7)) for key in ("family/a.jpg", "secret/a.jpg"))
    copy = photo("family/b.jpg", second=3, file=facts(looks=7))
    site = site_of(mine, theirs, copy, prefixes="family/")

    assert site.list(near_duplicates_of="family/a.jpg").keys == ["family/b.jpg"]
    other, unknown = (
        site.list(near_duplicates_of=key).json["detail"] for key in ("secret/a.jpg", "secret/none.jpg")
    )
    assert other == unknown


def test_labels_are_counted_on_ones_own() -> None:
    site = site_of(FAMILY, OTHERS, photo("secret/b.jpg", labels={"Weapon": 99.0}), prefixes="family/")
    site.counts.by_label = {"Cat": 2, "Weapon": 1}

    assert site.get("/labels").json == {"labels": [{"name": "Cat", "count": 1}]}
    assert site.get("/labels?prefix=weap").json == {"labels": []}
    assert site.counts.reads == 0


def test_labels_are_counted_on_the_newest_and_say_so() -> None:
    photos = [photo(f"family/{second:03}.jpg", second=second) for second in range(130)]
    site = site_of(*photos, prefixes="family/")

    assert site.get("/labels").json == {"labels": [{"name": "Cat", "count": 100}], "looked_at": 100}


def test_how_things_stand_with_all_photos_is_for_those_who_may_see_all() -> None:
    site = site_of(FAMILY, prefixes="family/")

    answer = site.get("/stats")

    assert (answer.status, answer.json["type"]) == (403, "urn:imagepipe:problem:not-by-prefix")
    assert site.counts.reads == 0


def upload(site: Site, key: str) -> Answer:
    content = {"key": key, "content_type": "image/jpeg", "size_bytes": 7, "sha256": "A" * 43 + "="}
    return site.post("/uploads", content)


def test_photos_are_added_below_ones_prefixes_and_nowhere_else() -> None:
    site = site_of(prefixes=["family/", "trips/"])

    assert upload(site, "family/new.jpg").status == 201
    for key in ("new.jpg", "secret/new.jpg", "family", "family-secrets/new.jpg", "Family/new.jpg"):
        refused = upload(site, key)
        assert (refused.status, refused.json["faults"]) == (
            400,
            [{"parameter": "key", "reason": "must begin with family/ or trips/, where you may add photos"}],
        )


def test_what_a_caller_may_see_is_told() -> None:
    assert site_of(prefixes=["trips/", "family/"]).get("/access").json == {"prefixes": ["family/", "trips/"]}


def test_cursors_are_of_no_use_to_others() -> None:
    photos = [
        photo(f"{folder}/{second}.jpg", second=second)
        for second in range(6)
        for folder in ("family", "trips")
    ]
    site = site_of(*photos)
    of_whom: Mapping[str, object] = {
        "family": "family/",
        "trips": "trips/",
        "both": ["family/", "trips/"],
        "all": "*",
    }
    cursors = {}
    for name, prefixes in of_whom.items():
        site.claims = {CLAIM: prefixes}
        cursors[name] = site.list(limit=2).json["cursor"]

    for name, prefixes in of_whom.items():
        site.claims = {CLAIM: prefixes}
        for other, cursor in cursors.items():
            assert site.list(limit=2, cursor=cursor).status == (200 if other == name else 400)


def test_how_many_photos_of_others_were_passed_over_is_not_told() -> None:
    others = [photo(f"secret/{second}.jpg", second=second) for second in range(1_000)]
    site = site_of(*others, photo("family/oldest.jpg"), prefixes="family/")

    page, pages = site.list(limit=1), 1
    while not page.keys:
        assert page.json["looked_at"] == 0
        page, pages = site.list(limit=1, cursor=page.json["cursor"]), pages + 1

    assert page.keys == ["family/oldest.jpg"]
    assert pages > 1


def test_what_was_known_of_the_same_bytes_before_is_not_told() -> None:
    shared = replace(FAMILY, detectors={"labels": "f1"}, findings=replace(FAMILY.findings, scene="other-7"))
    site = site_of(shared, prefixes="family/")
    name = ResultName(shared.version.content_id, "labels", "f1")
    response = {"Labels": [], "Scene": {"ContentId": "other-7"}}
    write_result(site.table, Result(name, response, "2020-01-01T00:00:00.000Z"))

    details = site.get("/images/family/cat.jpg").json
    assert details["detectors"]["labels"] == {"fingerprint": "f1", "called_at": None}
    assert details["scene"] is None
    assert site.get("/images/family/cat.jpg/raw").json == {"labels": {"Labels": []}}


def test_an_endpoint_that_forgets_signs_for_nothing_and_is_a_defect() -> None:
    signer = VisibleSigner(FakeSigner(), ("family/",))
    with pytest.raises(HiddenError):
        signer.photo(OTHERS.version)

    assert "family/cat.jpg" in signer.photo(FAMILY.version)


def test_a_new_endpoint_is_closed_until_it_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    site = site_of(FAMILY, prefixes="family/")
    listing = next(route for route in all_routes(site.parts) if route.endpoint.name == "listImages")
    new = Route(listing.endpoint._replace(by_prefix=False, path="/new"), listing.answer)
    monkeypatch.setattr("query_api.visibility.all_routes", lambda parts: (new,))

    assert site.get("/new").status == 403
    site.claims = {CLAIM: "*"}
    assert site.get("/new").status == 200


KEYS = st.sampled_from(
    [f"{folder}{name}.jpg" for folder in ("", "a/", "a/b/", "ab/", "c d/", "c/") for name in "xy"]
)
LABELS = st.dictionaries(st.sampled_from(["Cat", "Dog", "Weapon"]), st.sampled_from([60.0, 90.0]), max_size=3)


@st.composite
def albums(draw: st.DrawFn) -> list[ImageRecord]:
    made: dict[str, ImageRecord] = {}
    for second in range(draw(st.integers(0, 12))):
        key = draw(KEYS)
        file = draw(st.none() | st.builds(facts, st.just("2026-07-31T12:00:00.000"), looks=st.integers(0, 3)))
        record = photo(
            key, second=second, labels=draw(LABELS), faces=draw(st.sampled_from([0, 1])), file=file
        )
        happened = draw(st.sampled_from([Status.RECOGNIZED] * 4 + [Status.REJECTED, Status.DELETED]))
        if happened is Status.REJECTED:
            record = rejected(key, second=second)
        made[key] = tombstone(record) if happened is Status.DELETED else record
    return list(made.values())


QUESTIONS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "label": st.lists(st.sampled_from(["cat", "Dog"]), min_size=1, max_size=2, unique=True),
        "not_label": st.just(["Weapon"]),
        "min_faces": st.just(1),
        "prefix": st.sampled_from(["a", "a/", "ab/", "c", "x"]),
        "order": st.sampled_from(["newest", "oldest", "taken"]),
        "near_duplicates_of": KEYS,
        "status": st.sampled_from(["recognized", "rejected"]),
        "from": st.just("2026-11-23T12:00:03.000Z"),
    },
)


def leafed(site: Site, question: dict[str, Any]) -> list[Any]:
    """Give all that a question is answered: every photo of every page, or why there is no answer."""
    found: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        answer = site.list(**question, **cursor)
        if answer.status != 200:
            return [*found, answer.status, answer.json]
        found += answer.json["images"]
        if answer.json["cursor"] is None:
            return found
        cursor = {"cursor": answer.json["cursor"]}


@settings(max_examples=150)
@given(
    records=albums(),
    prefixes=st.sets(st.sampled_from(["a/", "a/b/", "c%20d/", "x/"]), min_size=1),
    question=QUESTIONS,
    limit=st.integers(1, 4),
    key=KEYS,
)
def test_answers_are_those_of_a_table_that_holds_nothing_else(
    records: list[ImageRecord], prefixes: set[str], question: dict[str, Any], limit: int, key: str
) -> None:
    plain = tuple(prefix.replace("%20", " ") for prefix in prefixes)
    own = [record for record in records if record.key.startswith(plain)]
    restricted = site_of(*records, prefixes=sorted(prefixes))
    alone = site_of(*own, prefixes="*")

    asked = {**question, "limit": limit}
    assert leafed(restricted, asked) == leafed(alone, asked)
    for target in (f"/images?key={quote(key, safe='')}", f"/images/{quote(key)}/raw"):
        assert restricted.get(target).json == alone.get(target).json
    alone.counts.by_label = labels_of(own)
    assert restricted.get("/labels").json == alone.get("/labels").json


def labels_of(records: list[ImageRecord]) -> dict[str, int]:
    found = [record.findings for record in records if record.status is Status.RECOGNIZED]
    names = {name for each in found for name in each.labels}
    return {name: sum(name in each.labels for each in found) for name in names}
