"""Corrections by `PATCH /images`: written once, lost never, and every refusal in its own words."""

import json
import re
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

import pytest

from aws.queues import SqsQueue
from contract.corrections import NONE, Corrections, corrections_key
from contract.edits import Decision, Edit
from contract.items import SORT_KEY, key_to_wire
from contract.notifications import parse
from contract.policy import Policy
from contract.records import ImageRecord
from contract.tallies import Name
from query_api.adapters.clients import translated
from query_api.adapters.corrections import DynamoDBCorrections
from query_api.adapters.dead_letters import at_once
from query_api.editor_wiring import ask_to_look
from query_api.endpoints.correcting import ENDPOINTS, CorrectionEndpoints
from query_api.endpoints.schemas import CORRECTIONS
from query_api.http.messages import Request, Response
from query_api.http.routing import Router
from tests.fakes.s3 import BUCKET
from tests.fakes.sqs import IMAGES, FakeSQS
from tests.query_api.conftest import MotoTable
from tests.query_api.photos import commit, photo, rejected, tombstone

AT = "2026-11-27T12:00:00.000Z"
CAT = photo("cat.jpg", labels={"Cat": 97.0, "Sofa": 60.0})
JSON = {"content-type": "application/json"}


@dataclass
class CorrectionSite:
    """The part of the API that takes corrections; `logged` is what it wrote down."""

    table: MotoTable
    queues: FakeSQS = field(default_factory=FakeSQS)
    logged: list[dict[str, object]] = field(default_factory=list)
    prefix_claim: str = ""
    policy: Policy | None = None
    names: dict[str, str] | None = None

    def __post_init__(self) -> None:
        self.store = DynamoDBCorrections(self.table.client, self.table.table_name)

    def info(self, msg: object, **facts: object) -> None:
        self.logged.append({"msg": msg, **facts})

    def exception(self, msg: object) -> None:
        self.logged.append({"msg": msg})

    def respond(self, request: Request) -> Response:
        queue = SqsQueue(cast("Any", self.queues), IMAGES, translated, at_once)
        ask = partial(ask_to_look, queue, BUCKET, at=AT)
        endpoints = CorrectionEndpoints(
            self.store,
            ask,
            lambda: AT,
            self.info,
            self.prefix_claim,
            self.policy,
            None if self.names is None else lambda: dict(self.names or {}),
        )
        return Router(endpoints.routes(), self, lambda _what, _by: None).respond(request)

    def patch(
        self,
        key: str = "cat.jpg",
        if_match: str | None = '"0"',
        claims: dict[str, str] | None = None,
        **body: Any,
    ) -> Response:
        headers = JSON if if_match is None else {**JSON, "if-match": if_match}
        content = json.dumps(body).encode()
        return self.respond(Request("PATCH", f"/images/{key}", "", content, headers, claims or {}))

    def standing(self, record: ImageRecord = CAT) -> Corrections:
        return self.store.standing(record.content_id)

    def asked(self) -> list[str]:
        """List the keys that were asked to be looked at again."""
        return [event.key for body in self.queues.bodies(IMAGES) for event in parse(body, BUCKET)]


@pytest.fixture
def site(moto_table: MotoTable) -> CorrectionSite:
    commit(moto_table, CAT)
    return CorrectionSite(moto_table)


def unknown(key: str) -> str:
    return (
        f"Nothing is known of an image {key!r}. It was never uploaded, or deleted, or is not recognized yet. "
        "Keys with % or ? are read reliably as GET /images?key=..."
    )


def refusal(response: Response) -> tuple[int, str]:
    assert not isinstance(response.content, str)
    return response.status, response.content["detail"]


def test_a_correction_is_kept_with_who_when_and_why_and_the_photo_is_made_anew(site: CorrectionSite) -> None:
    response = site.patch(
        add=["Kitten"],
        remove=["sofa"],
        rename={"Cat": "Tomcat"},
        decision="allow",
        why="it is mine",
        claims={"sub": "1", "username": "ana"},
    )

    assert response.status == 200
    assert response.headers == {"etag": '"1"'}
    assert response.content == {
        "key": "cat.jpg",
        "corrections": site.standing().to_json(),
        "told": 1,
        "is_all": True,
    }
    assert site.standing().verdict == (Decision.ALLOW, "ana", AT, "it is mine")
    assert (site.standing().added, site.standing().removed) == (("Kitten",), ("sofa",))
    assert site.asked() == ["cat.jpg"]
    assert site.logged == [
        {
            "msg": "corrected a photo",
            "key": "cat.jpg",
            "by": "ana",
            "number": 1,
            "add": ["Kitten"],
            "remove": ["sofa"],
            "rename": {"Cat": "Tomcat"},
            "decision": "allow",
            "why": "it is mine",
        }
    ]


def test_the_same_again_changes_nothing_and_asks_again_whatever_was_seen(site: CorrectionSite) -> None:
    site.patch(add=["Kitten"])
    before = site.standing()

    for if_match in ('"0"', '"1"', 'W/"7"'):
        assert site.patch(if_match=if_match, add=["kitten"]).status == 200

    assert site.standing() == before
    assert site.asked() == ["cat.jpg"] * 4


def test_a_correction_of_what_somebody_else_corrected_is_refused_and_says_how_it_stands(
    site: CorrectionSite,
) -> None:
    site.patch(add=["Kitten"])

    response = site.patch(remove=["Cat"])

    assert refusal(response) == (
        412,
        "The corrections of 'cat.jpg' are number 1 by now. Look at them, and correct what is still wrong "
        'with If-Match: "1".',
    )
    assert not isinstance(response.content, str)
    assert response.content["corrections"] == site.standing().to_json()
    assert response.headers == {"etag": '"1"'}
    assert site.standing().removed == ()


@pytest.mark.parametrize("before", [(), (Edit(add=("Pet",)),)], ids=["the first", "another"])
def test_of_two_who_correct_at_the_same_moment_one_is_refused(
    site: CorrectionSite, before: tuple[Edit, ...]
) -> None:
    write = DynamoDBCorrections.write
    for edit in before:
        assert write(site.store, CAT, site.standing().edited(edit, "ana", AT))
    seen = site.standing()

    class Raced(DynamoDBCorrections):
        def write(self, record: ImageRecord, after: Corrections) -> bool:
            if self.standing(record.content_id) == seen:
                assert write(self, record, seen.edited(Edit(add=("Tiger",)), "ben", AT))
            return write(self, record, after)

    site.store = Raced(site.table.client, site.table.table_name)

    assert site.patch(if_match=f'"{seen.number}"', add=["Kitten"]).status == 412
    assert site.standing().added == (*seen.added, "Tiger")


def test_a_correction_that_nobody_could_be_told_of_is_kept_and_told_when_it_is_sent_again(
    site: CorrectionSite,
) -> None:
    site.queues.refuse["send"] = 100

    response = site.patch(add=["Kitten"])

    assert refusal(response) == (
        503,
        "The correction is kept, but the photo could not be told of it (InternalError). Send the same again: "
        "it will not be made twice.",
    )
    site.queues.refuse["send"] = 0
    assert site.patch(add=["Kitten"]).status == 200
    assert (site.standing().number, site.asked()) == (1, ["cat.jpg"])


def copies(site: CorrectionSite, number: int) -> list[str]:
    """Have photos with the bytes of the cat, each named by its content."""
    keys = [f"copy-{each:04}.jpg" for each in range(number)]
    for key in ("cat.jpg", *keys):
        commit(site.table, replace(CAT, version=replace(CAT.version, key=key)))
        name = Name(CAT.content_id, key, 1)
        site.table.put(name.at, name.to_item())
    return keys


def test_all_photos_of_the_same_bytes_are_looked_at_again(site: CorrectionSite) -> None:
    keys = copies(site, 12)

    response = site.patch(add=["Kitten"])

    assert not isinstance(response.content, str)
    assert (response.content["told"], response.content["is_all"]) == (13, True)
    assert sorted(site.asked()) == ["cat.jpg", *keys]
    assert len(site.queues.bodies(IMAGES)) == 3


def test_of_very_many_some_are_and_the_next_request_goes_on(site: CorrectionSite) -> None:
    keys = copies(site, 230)
    after = NONE.edited(Edit(add=("Kitten",)), "ana", AT)
    assert site.store.write(CAT, after)

    first = site.store.lacking(CAT.content_id, 1, 100)
    for key in first.keys:
        version = replace(CAT.version, key=key)
        commit(site.table, replace(CAT, version=version, corrections=1))
    second = site.store.lacking(CAT.content_id, 1, 1000)

    assert (len(first.keys), first.is_all) == (100, False)
    assert second.is_all
    assert sorted([*first.keys, *second.keys]) == ["cat.jpg", *keys]


@pytest.mark.parametrize("key", ["a%b.jpg", "what?.jpg", "x/raw"])
def test_odd_keys_are_named_in_the_query(site: CorrectionSite, key: str) -> None:
    odd = photo(key)
    commit(site.table, odd)
    query = {"a%b.jpg": "key=a%25b.jpg", "what?.jpg": "key=what%3F.jpg", "x/raw": "key=x/raw"}[key]

    response = site.respond(
        Request("PATCH", "/images", query, b'{"add": ["Odd"]}', {**JSON, "if-match": '"0"'})
    )

    assert response.status == 200
    assert site.standing(odd).added == ("Odd",)


@pytest.mark.parametrize(
    ("asked", "status", "sentence"),
    [
        (
            {"if_match": None},
            428,
            'Send the header If-Match with the ETag of the image, as in If-Match: "0", so that nobody undoes '
            "what somebody else has just corrected.",
        ),
        ({"if_match": "*"}, 400, 'If-Match: must be the ETag of the image, as in "0"'),
        (
            {"key": "none.jpg"},
            404,
            unknown("none.jpg"),
        ),
        (
            {"key": "gone.jpg"},
            404,
            unknown("gone.jpg"),
        ),
        (
            {"key": "broken.jpg"},
            409,
            "The photo 'broken.jpg' was rejected, so nothing was found on it that could be corrected.",
        ),
        ({"add": "Dog"}, 400, "add: must be a list of names"),
        ({"rename": {"Cat": 1}}, 400, "rename: must be an object of names by name"),
        ({"decision": "maybe"}, 400, "decision: must be allow or block or none"),
        ({"why": 3}, 400, "why: must be text"),
        (
            {"label": "Dog"},
            400,
            "label: unknown; there are add, remove, rename, reset, persons, decision, why",
        ),
        ({"remove": ["dog"], "add": ["Dog"]}, 400, "remove: must not name 'dog', which add names too"),
        (
            {"add": []},
            400,
            "body: must name something to change: add, remove, rename, reset, persons or decision",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence_and_changes_nothing(
    site: CorrectionSite, asked: dict[str, Any], status: int, sentence: str
) -> None:
    commit(site.table, tombstone(photo("gone.jpg")))
    commit(site.table, rejected())

    response = site.patch(**({"add": ["Dog"]} | asked))

    assert refusal(response) == (status, sentence)
    assert site.asked() == []
    assert site.standing() is NONE


def test_a_form_of_another_page_corrects_nothing(site: CorrectionSite) -> None:
    form = Request("PATCH", "/images/cat.jpg", "", b'{"add": ["Dog"]}', {"if-match": '"0"'})

    assert refusal(site.respond(form)) == (415, "Send the header content-type: application/json.")


def test_a_question_by_query_needs_a_key(site: CorrectionSite) -> None:
    response = site.respond(Request("PATCH", "/images", "", b'{"add": ["A"]}', {**JSON, "if-match": '"0"'}))

    assert refusal(response) == (400, "key: missing: which photo is to be corrected")


def test_more_than_a_photo_takes_is_refused(site: CorrectionSite) -> None:
    site.patch(add=[str(number) for number in range(50)])

    response = site.patch(if_match='"1"', add=["one more"])

    assert refusal(response) == (
        400,
        "add: must leave at most 50 labels of a photo added or renamed by people",
    )


def test_who_may_see_some_photos_corrects_those_alone(site: CorrectionSite) -> None:
    site.prefix_claim = "prefixes"
    mine = photo("family/a.jpg")
    commit(site.table, mine)

    hidden = site.patch(add=["Dog"], claims={"prefixes": "family/"})
    shown = site.patch("family/a.jpg", add=["Dog"], claims={"prefixes": "family/", "sub": "7"})

    assert refusal(hidden) == (404, unknown("cat.jpg"))
    assert shown.status == 200
    assert [change.by for change in site.standing(mine).changes] == ["7"]


@pytest.mark.parametrize(
    ("claims", "signed_by", "by"),
    [
        ({}, "", "anonymous"),
        ({}, "arn:aws:iam::1:user/ana", "arn:aws:iam::1:user/ana"),
        ({"email": "ana@photos.example", "sub": "1"}, "", "ana@photos.example"),
        ({"email": "an\na" * 100, "sub": "1"}, "", ("an a" * 100)[:200]),
    ],
)
def test_it_is_kept_who_corrected(
    site: CorrectionSite, claims: dict[str, str], signed_by: str, by: str
) -> None:
    event = {
        "requestContext": {
            "stage": "$default",
            "http": {"method": "PATCH"},
            "authorizer": {"jwt": {"claims": claims}, "iam": {"userArn": signed_by}},
        },
        "rawPath": "/images/cat.jpg",
        "body": '{"add": ["Dog"]}',
        "headers": {**JSON, "if-match": '"0"'},
    }

    assert site.respond(Request.from_event(event)).status == 200
    assert [change.by for change in site.standing().changes] == [by]


@pytest.mark.parametrize("stands", [replace(CAT, version=replace(CAT.version, etag="other")), tombstone(CAT)])
def test_nothing_is_added_to_a_content_whose_photo_was_replaced_at_this_moment(
    site: CorrectionSite, stands: ImageRecord
) -> None:
    seen = site.store.record("cat.jpg")
    assert seen is not None
    commit(site.table, stands)

    assert site.store.write(seen, NONE.edited(Edit(add=("Dog",)), "ana", AT)) is False
    assert site.standing() is NONE


def test_corrections_that_cannot_be_read_are_left_as_they_are(site: CorrectionSite) -> None:
    place = corrections_key(CAT.content_id)
    site.table.put(place, {"number": "two"})

    assert site.patch(add=["Dog"]).status == 500

    item = site.table.client.get_item(TableName=site.table.table_name, Key=key_to_wire(place))["Item"]
    assert item["number"] == {"S": "two"}
    assert item[SORT_KEY] == {"S": "corrections"}


def test_the_api_describes_the_decisions_that_there_are() -> None:
    kept = CORRECTIONS["properties"]["decision"]["anyOf"][0]["properties"]["decision"]
    (asked,) = [each for each in ENDPOINTS[0].body if each.name == "decision"]

    assert kept["enum"] == list(Decision)
    assert asked.schema["enum"] == [*Decision, "none"]


VEHICLES = Policy.of(
    {"aliases": {"Vehicle": ["Car", "Truck"], "Person": ["Man", "Woman"]}, "hidden": ["Gun"]}
)
ROAD = photo("road.jpg", labels={"Car": 97.0, "Road": 90.0})


@pytest.fixture
def road(moto_table: MotoTable) -> CorrectionSite:
    commit(moto_table, ROAD)
    return CorrectionSite(moto_table, policy=VEHICLES)


def seen_on(road: CorrectionSite) -> set[str]:
    """Return what a list shows, by the policy, once the record is made anew."""
    return set(VEHICLES.applied(road.standing(ROAD).apply(ROAD.findings)).labels)


def test_whoever_removes_an_alias_sees_it_no_more_and_undoing_that_shows_it_again(
    road: CorrectionSite,
) -> None:
    assert road.patch("road.jpg", remove=["Vehicle"]).status == 200
    assert seen_on(road) == {"Road"}
    assert road.patch("road.jpg", remove=["vehicle"]).status == 200
    assert road.standing(ROAD).number == 1, "the same again changes nothing"

    assert road.patch("road.jpg", '"1"', reset=["Vehicle"]).status == 200
    assert seen_on(road) == {"Vehicle", "Road"}


def test_an_alias_by_another_name_leaves_nothing_below_it(road: CorrectionSite) -> None:
    assert road.patch("road.jpg", rename={"Vehicle": "Lorry"}).status == 200

    assert seen_on(road) == {"Lorry", "Road"}


def test_an_edit_that_names_an_alias_and_a_label_of_it_apart_is_refused(road: CorrectionSite) -> None:
    assert road.patch("road.jpg", remove=["Vehicle"], add=["Truck"]).status == 400
    assert road.standing(ROAD) == NONE


def test_names_that_must_not_be_read_are_told_to_nobody_who_came_too_late(road: CorrectionSite) -> None:
    said = NONE.edited(Edit(add=("Gun", "Tree"), remove=("Woman",)), "ana", AT)
    assert road.store.write(ROAD, said)

    late = road.patch("road.jpg", '"0"', add=["Sky"])
    done = road.patch("road.jpg", '"1"', add=["Sky"])

    assert (late.status, done.status) == (412, 200)
    for answer in (late, done):
        assert "Tree" in str(answer.content)
        assert not {"Gun", "Woman"} & set(re.findall(r"\w+", str(answer.content)))
