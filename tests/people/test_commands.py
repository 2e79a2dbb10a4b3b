"""`imagepipe people` as it is typed: what it asks for, says, and leaves alone."""

import json
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from operations.commands import people
from operations.main import main
from people.progress import UnfinishedError
from tests.fakes.sqs import IMAGES, FakeSQS
from tests.local.rekognition.faces.conftest import face
from tests.operations.world import NAMES, queue
from tests.people.conftest import Pipeline

ON = replace(
    NAMES,
    people_collection="imagepipe-people",
    people_purpose="the family album",
    people_contact="privacy@photos.example",
    people_retention_days="365",
)
TODAY = "2027-01-15"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    deployed: Any = SimpleNamespace(
        names=ON,
        people=pipeline.people,
        face_collection=pipeline.collection,
        mentions=pipeline.mentions,
        images=SimpleNamespace(queue=queue(FakeSQS(), IMAGES)),
        is_local=False,
    )
    monkeypatch.setattr(people, "connect", lambda *_: deployed)
    monkeypatch.setattr(
        people, "time", SimpleNamespace(time=lambda: pipeline.clock.now, sleep=pipeline.collection.sleep)
    )

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["people", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def ann(pipeline: Pipeline, run: Run) -> str:
    photos = [pipeline.album.put(f"ann {number}.jpg", face("ann", number)) for number in (1, 2)]
    code, out, _ = run("add", "Ann", *photos, "--agreed", TODAY, "--yes")
    assert (code, out) == (0, "Ann is known by 2 faces, until 2028-01-15.\n")
    (person,) = pipeline.people.everybody()
    return person.id


def test_a_person_is_listed_and_shown_without_biometrics(run: Run, ann: str) -> None:
    _, listed, _ = run("list", "--json")
    _, shown, _ = run("show", "ann")

    assert json.loads(listed) == [
        {
            "id": ann,
            "name": "Ann",
            "agreed_on": TODAY,
            "purpose": "the family album",
            "ends_on": "2028-01-15",
            "status": "enrolled",
            "added_at": "2027-01-15T08:00:00.000Z",
            "faces_at": "2027-01-15T08:00:02.000Z",
            "faces": 2,
            "photos": ["ann 1.jpg", "ann 2.jpg"],
        }
    ]
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines == [
        "Name Ann",
        "State enrolled",
        f"Id {ann}",
        "Faces 2",
        f"Agreed on {TODAY}",
        "Purpose the family album",
        "Until 2028-01-15",
        "Contact privacy@photos.example",
        "Photo ann 1.jpg",
        "Photo ann 2.jpg",
    ]


def test_an_id_tells_nothing_of_the_name(ann: str) -> None:
    assert len(ann) == 17
    assert "ann" not in ann.lower()


def test_photos_are_removed_but_for_the_last(run: Run, ann: str, pipeline: Pipeline) -> None:
    assert run("remove", "Ann", "ann 1.jpg", "--yes")[:2] == (0, "1 faces of Ann are removed.\n")
    code, _, said = run("remove", "Ann", "ann 2.jpg", "--yes")

    assert (code, said) == (
        2,
        "error: these are all photos of Ann; to remove the person: imagepipe people forget\n",
    )
    assert run("remove", "Ann", "ben.jpg", "--yes")[2] == (
        "error: Ann was not enrolled by ben.jpg; which photos there are: imagepipe people show\n"
    )
    assert [face.user_id for face in pipeline.collection.faces()] == [ann]


def test_forgetting_ends_in_a_receipt_without_a_name(run: Run, ann: str, pipeline: Pipeline) -> None:
    code, out, _ = run("forget", "Ann", "--yes", "--json")

    (receipt,) = json.loads(out)
    assert code == 0
    assert "remains" in receipt
    assert (receipt["person"], receipt["faces_removed"]) == (ann, 2)
    assert "Ann" not in out
    assert pipeline.state() == ([], [], [])


def test_a_consent_that_ends_is_carried_out(run: Run, ann: str, pipeline: Pipeline) -> None:
    assert run("forget", "--ended", "--yes")[:2] == (0, "There is nobody to forget.\n")
    pipeline.clock.now += 366 * 86_400

    assert "consent is over" in run("list")[1]
    _, out, said = run("forget", "--ended", "--yes")

    assert out == (
        f"{ann} is forgotten at 2028-01-16T08:01:03.000Z: 2 faces and the user are removed; a search of the "
        "collection and by 2 photos found nothing, 0 photos are gone or show no face, and 0 photos "
        "name the person no more.\n"
    )
    assert "point-in-time recovery" in said
    assert pipeline.state() == ([], [], [])


def test_everybody_is_forgotten_before_a_stack_is_destroyed(run: Run, ann: str, pipeline: Pipeline) -> None:
    assert ann
    pipeline.rekognition.create_user(CollectionId="imagepipe-people", UserId="nobody-is-named-for-it")
    assert run("forget", "--all", "--yes")[0] == 0
    assert pipeline.state() == ([], [], [])
    assert pipeline.rekognition.list_collections()["CollectionIds"] == []
    assert run("forget", "--all", "--yes")[:2] == (0, "There is nobody to forget.\n")


def test_a_collection_with_somebody_in_it_stays(ann: str, pipeline: Pipeline) -> None:
    assert ann
    with pytest.raises(UnfinishedError) as refusal:
        pipeline.removal.remove_collection()
    assert refusal.value.message == (
        "Ann was added meanwhile, so the collection stays; run the command again"
    )
    assert len(pipeline.collection.faces()) == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["add", "Ann", "a.jpg", "--agreed", TODAY],
            "people add changes things and nobody can be asked here",
        ),
        (["add", " Ann", "a.jpg", "--agreed", TODAY, "--yes"], "the name ' Ann' cannot be kept"),
        (["add", "Ann", "a.jpg", "--yes"], "--agreed"),
        (["add", "Ann", "a.jpg", "--agreed", "today", "--yes"], "--agreed 'today' is no day"),
        (["show", "Ann"], "error: nobody is called Ann; who there is: imagepipe people list\n"),
        (["forget", "--yes"], "error: name one NAME, or persons by --ended or --all\n"),
        (["forget", "Ann", "--all", "--yes"], "error: name one NAME, or persons by --ended or --all\n"),
        (["forget", "Ann"], "people forget changes things and nobody can be asked here; add --yes"),
        (["remove", "Ann", "a.jpg"], "people remove changes things and nobody can be asked here"),
    ],
)
def test_what_cannot_be_done_is_told(run: Run, pipeline: Pipeline, arguments: list[str], says: str) -> None:
    code, out, said = run(*arguments)

    assert (code, out) == (2, "")
    assert says in said
    assert pipeline.state() == ([], [], [])


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["show", "Ann"],
        ["forget", "--all", "--yes"],
        ["add", "A", "a.jpg", "--agreed", TODAY, "--yes"],
    ],
)
def test_where_people_are_off_nothing_is_asked(
    run: Run, monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline, arguments: list[str]
) -> None:
    off: Any = SimpleNamespace(names=NAMES, people=pipeline.people, face_collection=None)
    monkeypatch.setattr(people, "connect", lambda *_: off)

    code, out, said = run(*arguments)

    assert (code, out, said) == (
        2,
        "",
        "error: people are off in this deployment; deploy it with -c people=true, and with people_purpose, "
        "people_contact and people_retention_days (docs/people.md)\n",
    )
    assert pipeline.calls == []
