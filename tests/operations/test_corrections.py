"""`imagepipe corrections`: what people say, shown and taken back, through the API."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from contract.corrections import NONE, Corrections
from contract.edits import Edit
from operations.commands import corrections
from operations.main import main

AT = "2026-11-27T12:00:00.000Z"


class Api:
    """The API of one photo, as far as it is corrected."""

    def __init__(self, said: Corrections = NONE) -> None:
        self.said = said
        self.asked: list[dict[str, Any]] = []

    def get(self, path: str, **parameters: object) -> tuple[int, Any]:
        assert path == "/images"
        if parameters != {"key": "cat.jpg"}:
            return 404, {"detail": "Nothing is known of it."}
        return 200, {"corrections": {**self.said.to_json(), "shown": self.said.number}}

    def patch(
        self, _path: str, body: dict[str, Any], headers: dict[str, str], **_parameters: object
    ) -> tuple[int, Any]:
        self.asked.append(body)
        if headers["if-match"] != f'"{self.said.number}"':
            return 412, {"detail": "Somebody else was faster."}
        edit = Edit(reset=tuple(body["reset"]), decision="", why=body["why"])
        self.said = self.said.edited(edit, "ops", AT)
        return 200, {"corrections": self.said.to_json()}


SAID = NONE.edited(
    Edit(add=("Kitten",), remove=("Dog",), rename={"Sofa": "Couch"}, decision="block", why="not mine"),
    "ana",
    AT,
)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    api = Api(SAID)
    monkeypatch.setattr(corrections, "connect", lambda *_: SimpleNamespace(api=api))
    return api


def test_who_said_what_when_and_why_is_printed(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corrections", "show", "cat.jpg"]) == 0

    printed = capsys.readouterr().out
    for word in ("ana", "added Kitten; removed Dog; renamed Sofa to Couch; decided block", "not mine"):
        assert word in printed
    assert main(["corrections", "show", "cat.jpg", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["number"] == 1


def test_all_is_taken_back_and_stays_among_the_changes(api: Api) -> None:
    assert main(["corrections", "undo", "cat.jpg", "--why", "a mistake", "--yes"]) == 0

    assert (api.said.added, api.said.removed, api.said.renamed, api.said.decision) == ((), (), {}, None)
    assert [change.by for change in api.said.changes] == ["ana", "ops"]
    assert api.asked == [{"reset": ["Kitten", "Dog", "Sofa"], "decision": "none", "why": "a mistake"}]


def test_a_decision_alone_is_taken_back(api: Api) -> None:
    assert main(["corrections", "undo", "cat.jpg", "--decision", "--yes"]) == 0

    assert (api.said.added, api.said.decision) == (("Kitten",), None)


def test_many_labels_are_taken_back_by_several_requests(api: Api) -> None:
    api.said = NONE.edited(Edit(add=tuple(map(str, range(25)))), "ana", AT)

    assert main(["corrections", "undo", "cat.jpg", "--yes"]) == 0

    assert api.said.added == ()
    assert [len(asked["reset"]) for asked in api.asked] == [10, 10, 5]


def test_where_nobody_has_said_anything_nothing_is_sent(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    api.said = NONE

    assert main(["corrections", "undo", "cat.jpg", "--yes"]) == 0

    assert api.asked == []
    assert capsys.readouterr().err == "Nothing that people say of cat.jpg is to be taken back.\n"


def test_what_cannot_be_done_is_one_line(
    api: Api, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def says(*typed: str) -> str:
        assert main(["corrections", *typed]) == 2
        return capsys.readouterr().err

    assert says("show", "none.jpg") == "error: the API answers 404: Nothing is known of it.\n"
    assert "undo changes things and nobody can be asked here; add --yes" in says("undo", "cat.jpg")
    monkeypatch.setattr(api, "patch", lambda *_, **__: (412, {}))
    assert says("undo", "cat.jpg", "--yes") == (
        "error: somebody has corrected the photo meanwhile; look at it, and run this again\n"
    )
    monkeypatch.setattr(api, "patch", lambda *_, **__: (403, None))
    assert says("undo", "cat.jpg", "--yes") == "error: the API answers 403: it does not say why\n"
    monkeypatch.setattr(api, "get", lambda *_, **__: (200, {}))
    assert says("show", "cat.jpg") == (
        "error: this deployment takes no corrections: deploy with -c corrections=true\n"
    )
