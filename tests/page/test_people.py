"""Saying in the viewer whose a face is, and who is not on a photo, and taking that back."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from playwright.sync_api import Locator, Page, expect

from contract.face_search import FaceBox
from contract.photos import PhotoFacts
from contract.records import Findings, ImageRecord, PersonMatch
from contract.results import Result, ResultName
from query_api.adapters.corrections import DynamoDBCorrections
from query_api.endpoints.correcting import CorrectionEndpoints
from query_api.http.messages import Request
from query_api.http.routing import Router
from tests.page.conftest import OpenPage
from tests.page.host import photo, serve
from tests.page.test_corrections import AT, CorrectedHost, opened
from tests.query_api.gateways import Event
from tests.query_api.photos import commit, write_result

NAMES = {"p1": "Ann", "p2": "Ben"}
FACES = tuple(
    {"BoundingBox": dict(zip(("Left", "Top", "Width", "Height"), box, strict=True)), "Confidence": 99.0}
    for box in (FaceBox(0.1, 0.1, 0.2, 0.2), FaceBox(0.6, 0.1, 0.2, 0.2))
)
FOUND = Findings(
    faces=2,
    face_details=FACES,
    persons={"p1": PersonMatch(97.0, 0)},
    photo=PhotoFacts("jpeg", 400, 300, is_direct=True),
)


@dataclass
class NamedHost(CorrectedHost):
    """Looks for persons, too."""

    people: dict[str, str] = field(default_factory=lambda: dict(NAMES))

    def make_anew(self, key: str) -> None:
        record = self.record(key)
        assert record is not None
        said = self.standing(record.content_id)
        found = said.apply(FOUND)
        commit(self.table, replace(record, findings=found, corrections=said.number, stored_revision=None))

    def reply(self, event: Event) -> dict[str, Any]:
        if event["requestContext"]["http"]["method"] != "PATCH":
            return super().reply(event)
        endpoints = CorrectionEndpoints(
            cast("DynamoDBCorrections", self),
            cast("Any", self.look_again),
            lambda: AT,
            lambda *_, **__: None,
            names=lambda: dict(self.people),
        )
        router = Router(endpoints.routes(), self, self._count)
        return router.respond(Request.from_event(event)).to_event()


@pytest.fixture
def named() -> Iterator[NamedHost]:
    with ExitStack() as stack:
        host = serve(NamedHost(), stack)
        two: ImageRecord = replace(photo("two.jpg", detectors={"faces": "f1"}), findings=FOUND)
        commit(host.table, two)
        response = {"FaceDetails": list(FACES)}
        write_result(host.table, Result(ResultName(two.content_id, "faces", "f1"), response, AT))
        yield host


def chips(page: Page) -> Locator:
    return page.locator(".tag.person span:first-child")


def test_a_face_is_named_and_taken_back(named: NamedHost, open_page: OpenPage) -> None:
    page = opened(open_page, named)
    expect(chips(page)).to_have_text(["Ann"])

    page.get_by_role("combobox", name="Who is face 2?").select_option("Ben")

    expect(page.locator(".correct-said")).to_contain_text("Named Ben.")
    expect(chips(page)).to_have_text(["Ben", "Ann"])
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".correct-said")).to_have_text("Taken back.")
    expect(chips(page)).to_have_text(["Ann"])
    assert named.standing(photo("two.jpg").content_id).persons == {}


def test_a_name_is_told_below_the_photo_too(named: NamedHost, open_page: OpenPage) -> None:
    page = opened(open_page, named)
    page.get_by_role("combobox", name="Who is face 2?").select_option("Ben")
    expect(chips(page)).to_have_text(["Ben", "Ann"])
    page.get_by_role("button", name="Not Ann").click()
    expect(chips(page)).to_have_text(["Ben"])

    page.get_by_role("button", name="Close").click()

    expect(page.locator(".caption-labels")).to_have_text("Ben")


def test_a_name_is_taken_off(named: NamedHost, open_page: OpenPage) -> None:
    page = opened(open_page, named)

    page.get_by_role("button", name="Not Ann").click()

    expect(page.locator(".correct-said")).to_contain_text("Ann is not on it.")
    expect(chips(page)).to_have_count(0)
    assert not named.standing(photo("two.jpg").content_id).persons["p1"].is_there


def test_where_nobody_is_enrolled_there_is_nobody_to_choose(named: NamedHost, open_page: OpenPage) -> None:
    named.people = {}
    page = opened(open_page, named)

    expect(page.locator(".faces li")).to_have_count(2)
    expect(page.locator("select.who:visible")).to_have_count(0)
