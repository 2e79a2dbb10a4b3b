"""Correcting the labels of a photo in the viewer: by pointer and by keyboard, and taking it back."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from playwright.sync_api import Locator, Page, expect

from contract.corrections import NONE, Corrections, corrections_key
from contract.edits import Edit
from contract.records import Findings, ImageRecord
from contract.results import Result, ResultName
from query_api.adapters.corrections import DynamoDBCorrections, LackingKeys
from query_api.endpoints.correcting import CorrectionEndpoints
from query_api.http.messages import Request
from query_api.http.routing import Router
from tests.page.conftest import OpenPage
from tests.page.host import Host, photo, serve
from tests.query_api.gateways import Event
from tests.query_api.photos import commit, write_result

AT = "2026-11-27T12:00:00.000Z"
FOUND = Findings(
    labels={"Animal": 99.0, "Dog": 97.0, "Sofa": 60.0},
    parents=frozenset({"Animal"}),
    implied_by={"Animal": frozenset({"Dog"})},
)
ANSWER = {
    "Labels": [
        {"Name": name, "Confidence": confidence, "Parents": [], "Instances": []}
        for name, confidence in FOUND.labels.items()
    ]
}
MARKUP = "<img src=x onerror=\"document.title='taken'\">"


@dataclass
class CorrectedHost(Host):
    """Takes corrections, and makes records anew at once unless it `is_slow`."""

    corrections: bool = True
    is_slow: bool = False
    asked_for: list[str] = field(default_factory=list)

    def record(self, key: str) -> ImageRecord | None:
        return self.table.records([key]).get(key)

    def standing(self, content_id: str) -> Corrections:
        return self.table.corrections(content_id) or NONE

    def write(self, record: ImageRecord, after: Corrections) -> bool:
        self.table.put(corrections_key(record.content_id), after.to_item())
        return True

    def lacking(self, _content_id: str, _number: int, _most: int) -> LackingKeys:
        return LackingKeys([], is_all=True)

    def look_again(self, keys: list[str]) -> None:
        self.asked_for += keys
        if not self.is_slow:
            self.make_anew(keys[0])

    def make_anew(self, key: str) -> None:
        record = self.record(key)
        assert record is not None
        said = self.standing(record.content_id)
        commit(
            self.table,
            replace(record, findings=said.apply(FOUND), corrections=said.number, stored_revision=None),
        )

    def reply(self, event: Event) -> dict[str, Any]:
        if event["requestContext"]["http"]["method"] != "PATCH":
            return super().reply(event)
        endpoints = CorrectionEndpoints(
            cast("DynamoDBCorrections", self), cast("Any", self.look_again), lambda: AT, lambda *_, **__: None
        )
        router = Router(endpoints.routes(), self, self._count)
        return router.respond(Request.from_event(event)).to_event()


@pytest.fixture
def corrected() -> Iterator[CorrectedHost]:
    with ExitStack() as stack:
        host = serve(CorrectedHost(), stack)
        dog = replace(photo("zoo/dog.jpg", detectors={"labels": "f1"}), findings=FOUND)
        commit(host.table, dog)
        write_result(host.table, Result(ResultName(dog.content_id, "labels", "f1"), ANSWER, AT))
        host.counts.by_label = {"Wolf": 3, "Wombat": 1}
        yield host


def opened(open_page: OpenPage, host: Host, **settings: object) -> Page:
    page = open_page(host.url, **settings)
    page.locator(".photo").first.click()
    expect(page.locator(".about")).to_be_visible()
    return page


def labels(page: Page) -> Locator:
    return page.locator(".facts .tag span:first-child")


def field_of(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Add a label")


def test_a_label_is_removed_at_once_and_what_it_implied_goes_when_lists_show_it(
    corrected: CorrectedHost, open_page: OpenPage
) -> None:
    page = opened(open_page, corrected)
    expect(labels(page)).to_have_text(["Dog", "Animal", "Sofa"])

    page.get_by_role("button", name="Remove the label Dog").click()

    expect(page.locator(".correct-said")).to_contain_text("Removed Dog.")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    field_of(page).fill("Wo")
    expect(labels(page)).to_have_text(["Sofa"])
    expect(field_of(page)).to_have_value("Wo")
    expect(field_of(page)).to_be_focused()
    assert corrected.asked_for == ["zoo/dog.jpg"]


def test_a_label_is_added_with_the_keyboard_alone_and_taken_back(
    corrected: CorrectedHost, open_page: OpenPage
) -> None:
    page = opened(open_page, corrected)
    field_of(page).focus()

    page.keyboard.type("Wo")
    expect(page.locator("#label-suggestions option")).to_have_count(2)
    page.keyboard.type("lf")
    page.keyboard.press("Enter")

    expect(labels(page).first).to_have_text("Wolf")
    expect(page.locator(".tag-confidence").first).to_have_text("by a person")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator(".correct-said")).to_have_text("Taken back.")
    expect(labels(page)).to_have_text(["Dog", "Animal", "Sofa"])
    expect(field_of(page)).to_be_focused()
    assert corrected.standing(photo("zoo/dog.jpg").content_id).number == 2


def test_what_somebody_else_corrected_meanwhile_is_shown_and_nothing_undone(
    corrected: CorrectedHost, open_page: OpenPage
) -> None:
    page = opened(open_page, corrected)
    content_id = photo("zoo/dog.jpg").content_id
    corrected.table.put(corrections_key(content_id), NONE.edited(Edit(add=("Puppy",)), "ben", AT).to_item())
    corrected.make_anew("zoo/dog.jpg")

    page.get_by_role("button", name="Remove the label Sofa").click()

    expect(page.locator(".correct-said")).to_contain_text("Somebody else has corrected this photo meanwhile")
    expect(labels(page)).to_have_text(["Puppy", "Dog", "Animal", "Sofa"])
    assert corrected.standing(content_id).number == 1


def test_labels_are_text_whatever_somebody_types(corrected: CorrectedHost, open_page: OpenPage) -> None:
    corrected.is_slow = True
    page = opened(open_page, corrected)

    field_of(page).fill(MARKUP)
    page.get_by_role("button", name="Add", exact=True).click()

    expect(labels(page).first).to_have_text(MARKUP)
    assert page.title() != "taken"


def test_what_is_refused_is_said_and_the_labels_stay(corrected: CorrectedHost, open_page: OpenPage) -> None:
    page = opened(open_page, corrected)
    corrected.is_down = True

    page.get_by_role("button", name="Remove the label Dog").click()

    expect(page.locator(".correct-said")).to_have_text("The API does not answer.")
    expect(labels(page)).to_have_text(["Dog", "Animal", "Sofa"])


def test_where_nobody_may_correct_there_is_nothing_to_press(
    corrected: CorrectedHost, open_page: OpenPage
) -> None:
    corrected.corrections = False
    page = opened(open_page, corrected)

    expect(labels(page)).to_have_text(["Dog", "Animal", "Sofa"])
    expect(page.locator(".tag-remove, .correct")).to_have_count(0)


def test_there_is_room_for_it_on_a_phone(corrected: CorrectedHost, open_page: OpenPage) -> None:
    page = opened(open_page, corrected, width=360, height=640)

    page.get_by_role("button", name="Remove the label Sofa").scroll_into_view_if_needed()
    room = page.evaluate("document.querySelector('.correct').scrollWidth <= innerWidth")
    assert room
    expect(field_of(page)).to_be_visible()
