"""Persons whom cameras watch for: events of their own, of which nothing is left that names somebody."""

import json
from dataclasses import replace

import pytest

from contract.camera_events import CameraPicture, SeenPerson, WatchedPersons, events_of
from contract.camera_telling import WATCHED_PERSON, ToldState
from contract.cameras import Camera, Cameras, told_key
from contract.edits import Edit
from contract.face_search import WANTED_KEY, revision_at
from contract.items import from_wire, to_wire
from contract.people import Consent, Person, PersonStatus
from contract.records import PersonMatch
from contract.said_of_persons import PersonsEdit
from contract.sightings import FaceSighting, PictureBox, Sighting
from processors.cameras.faces import renumbered, seen_faces
from tests.cameras.pictures import seen
from tests.cameras.test_camera_function import DOOR, EMPTY, SETTINGS, Place
from tests.cameras.test_gate import again
from tests.fakes.pictures import face_at
from tests.processors.test_people import ANN, enrol
from tests.query_api.photos import commit
from tests.query_api.site import Site

WATCHING = DOOR._replace(watch_people=("ann",), gone_after_seconds=60)
# The fakes show the first face in columns 0 and 1, from row 15 on: somebody's face, or one that hangs there.
ANN_THERE, ANN_FURTHER = (f"view 1 person@0,{row} 97 face:p1 99".encode() for row in (15, 16))
BEN_THERE, SOMEBODY = b"view 1 person@0,15 97 face:p2 99", b"view 1 person@20,15 97"
FACE = FaceSighting(0, PictureBox(0.4, 0.4, 0.05, 0.1))


@pytest.fixture
def place() -> Place:
    return watching()


def watching(door: Camera = WATCHING) -> Place:
    made = Place(door=door, people=90.0, collection="imagepipe-people")
    enrol(made.world, ANN)
    return made


def take(place: Place, **pictures: bytes) -> None:
    for name, body in pictures.items():
        assert place.take((f"cameras/door/{name}.jpg", body)) == []


def look_anew(place: Place, name: str) -> None:
    """Have a picture looked at again, as after a correction or `people search`."""
    place.hear(lambda: place.world.deliver(again(place.world, name)))


def content_of(place: Place, name: str) -> str:
    record = place.world.record(f"cameras/door/{name}.jpg")
    assert record is not None
    return record.content_id


def listed(place: Place) -> list[CameraPicture]:
    """Return what events of Ann alone are made of."""
    watched = WatchedPersons(frozenset({"p1"}), 90.0)
    seen = [CameraPicture.of(record, watched) for record in place.world.records()]
    return [each._replace(sightings=()) for each in seen if each is not None]


def told(place: Place) -> list[str]:
    """Return what was told of persons."""
    bodies = [json.loads(message["Message"]) for message in place.topic.messages]
    return [body["event"] for body in bodies if "label" not in body]


def kept(place: Place) -> ToldState:
    return ToldState.from_item(from_wire(place.world.table.items[told_key("door")]))


def test_who_is_watched_for_is_told_and_named_nowhere(place: Place) -> None:
    take(place, a=EMPTY, b=ANN_THERE)

    (body,) = [body for m in place.topic.messages if "person" in (body := json.loads(m["Message"]))]
    assert (body["event"], body["person"], body["confidence"]) == ("begin", "watched", 99.0)
    assert (body["best"], body["box"]["top"]) == ("cameras/door/b.jpg", 0.5)
    everything = json.dumps([place.topic.messages, kept(place)]).casefold()
    assert "ann" not in everything
    assert '"p1"' not in everything

    place.world.now += 300
    assert place.work({"tick": "due"}, None) == {"sent": 2}, "the person, and the label Person"
    assert told(place) == ["begin", "end"]


def test_others_are_told_of_by_label_alone(place: Place) -> None:
    enrol(place.world, replace(ANN, id="p2", name="Ben"))
    take(place, a=EMPTY, b=BEN_THERE)

    assert place.told == [("door", "Person")]


def test_who_hangs_on_the_wall_does_not_come_with_whoever_walks_by(place: Place) -> None:
    hanging = b"face:p1 99"
    before_it = b"view 1 person@1,15 97 "
    take(place, a=b"view 1 " + hanging, b=SOMEBODY + b" " + hanging, c=before_it + hanging)

    assert told(place) == []
    assert {body for _, body in place.told} == {"Person"}


def test_who_is_less_like_than_the_threshold_is_not_there() -> None:
    place = watching()
    take(place, a=EMPTY, b=b"view 1 person@0,15 97 face:p1 89")

    assert told(place) == []


def test_a_persons_word_is_above_the_machines() -> None:
    place = watching()
    place.world.use(replace(SETTINGS, people_collection="imagepipe-people", corrections="yes"))
    take(place, a=EMPTY, b=ANN_THERE)
    content = content_of(place, "b")

    place.world.correct(content, Edit(persons=PersonsEdit(not_there=("p1",))))
    look_anew(place, "b")
    place.world.now += 300
    place.work({"tick": "due"}, None)
    assert told(place) == ["begin", "end"]

    place.world.correct(content, Edit(persons=PersonsEdit({"p1": None})))
    look_anew(place, "b")
    assert told(place) == ["begin", "end"], "the same event is not told again"
    assert [event.person for event in events_of(WATCHING, listed(place))] == ["p1"]


@pytest.mark.parametrize(
    "gone",
    [
        replace(ANN, status=PersonStatus.FORGETTING),
        replace(ANN, consent=Consent("2025-01-01", "the album", "2025-12-31")),
    ],
    ids=["forgotten", "consent over"],
)
def test_who_is_looked_for_no_more_leaves_nothing(place: Place, gone: Person) -> None:
    take(place, a=EMPTY, b=ANN_THERE)
    assert kept(place).is_about_persons

    enrol(place.world, gone)
    assert place.work({"tick": "due"}, None) == {"sent": 1}
    assert told(place) == ["begin", "end"]
    assert not kept(place).is_about_persons
    assert [each.label for each in kept(place).told] == ["Person"]
    take(place, c=ANN_FURTHER)
    assert told(place) == ["begin", "end"]


def test_who_is_enrolled_later_is_told_of_when_pictures_are_searched(place: Place) -> None:
    del place.world.table.items[ANN.at]
    take(place, a=EMPTY, b=ANN_THERE)
    assert told(place) == []

    enrol(place.world, ANN)
    wanted = WANTED_KEY._asdict() | {"revision": revision_at(ANN.faces_at)}
    place.world.table.items[WANTED_KEY] = to_wire(wanted)
    look_anew(place, "b")
    assert told(place) == ["begin"]


def test_a_digest_counts_persons_and_names_none() -> None:
    events = events_of(WATCHING, [picture(10, FACE), picture(200, FACE)])
    _, digest = ToldState(digest_since=5.0).digested(WATCHING, events, 300.0)

    assert digest.counts == {WATCHED_PERSON: 2}


def picture(
    at: float, face: FaceSighting | None, person: str = "p1", similarity: float = 95.0
) -> CameraPicture:
    return CameraPicture(at, f"{at}.jpg", (), (SeenPerson(person, similarity, face),))


LOWER = Camera("yard", "cameras/yard/", zones=(("path", ((0.0, 0.6), (1.0, 0.6), (1.0, 1.0), (0.0, 1.0))),))


@pytest.mark.parametrize(
    ("face", "is_event"),
    [
        (FACE, False),
        (FACE._replace(body=PictureBox(0.3, 0.4, 0.2, 0.5)), True),
        # As people say, without where: then it is not known to be in a zone.
        (None, False),
    ],
)
def test_somebody_is_in_the_zone_in_which_his_feet_are(face: FaceSighting | None, is_event: bool) -> None:
    events = events_of(LOWER, [picture(1.0, face)])

    assert [event.box for event in events] == ([FACE.box] if is_event else [])
    assert events_of(LOWER._replace(zones=()), [picture(1.0, face)]) != []


def test_a_face_is_that_of_the_smallest_person_around_it() -> None:
    persons = [
        Sighting.of(label, 90.0, box)
        for label, box in (
            ("Person", PictureBox(0.0, 0.0, 1.0, 1.0)),
            ("Person", PictureBox(0.0, 0.4, 0.2, 0.6)),
            ("Dog", PictureBox(0.0, 0.5, 0.1, 0.1)),
            ("Person", PictureBox(0.5, 0.4, 0.1, 0.6)),
        )
    ]
    (face,) = seen_faces([face_at(0)], persons)

    assert face == FaceSighting(0, PictureBox(0.0, 0.5, 0.05, 0.1), persons[1].box)
    assert renumbered([face], [face_at(3), face_at(0)]) == (face._replace(number=1),)
    assert renumbered([face], [face_at(3)]) == ()


def test_faces_are_kept_where_persons_are_looked_for_and_nowhere_else() -> None:
    for place, count in ((watching(), 1), (Place(), 0)):
        take(place, a=EMPTY, b=ANN_THERE)
        record = place.world.record("cameras/door/b.jpg")
        assert record is not None
        assert record.findings.look is not None
        assert len(record.findings.look.faces) == count


def test_only_who_is_watched_for_and_looked_for_is_meant() -> None:
    names = {"p1": "Ann", "p2": "Ben"}

    assert WatchedPersons.of(WATCHING, names, 90.0).ids == {"p1"}
    assert WatchedPersons.of(WATCHING, {"p2": "Ben"}, 90.0).ids == frozenset()
    one, other = (WatchedPersons(frozenset({"p1"})).marks(camera) for camera in (WATCHING, LOWER))
    assert one.isdisjoint(other), "what one camera keeps of somebody leads to nothing that another keeps"


def asked(site: Site, query: str = "") -> list[str]:
    """Return of each event by whom or what it is listed."""
    answer = site.get(f"/events{query}")
    assert answer.status == 200, answer.json
    return [
        event["label"] if event["person"] is None else event["person"]["name"]
        for event in answer.json["events"]
    ]


def visited(site: Site) -> Site:
    """Have Ann, and Ben for whom nobody watches, been at the door."""
    record = seen(WATCHING, 0, "Person")
    assert record.findings.look is not None
    look = record.findings.look._replace(faces=(FACE, FACE._replace(number=1)))
    persons = {"p1": PersonMatch(97.0, 0), "p2": PersonMatch(98.0, 1)}
    commit(site.table, replace(record, findings=replace(record.findings, look=look, persons=persons)))
    return site


def test_events_of_persons_are_asked_for_by_name() -> None:
    site = visited(Site(cameras=Cameras([WATCHING]), people={"p1": "Ann", "p2": "Ben"}))

    assert sorted(asked(site)) == ["Ann", "Person"]
    assert asked(site, "?person=ANN") == ["Ann"]
    assert asked(site, "?label=Person") == ["Person"]
    assert sorted(asked(site, "?label=Person&person=Ann")) == ["Ann", "Person"]
    assert asked(site, "?person=Ben") == asked(site, "?person=Nobody") == []
    (event,) = site.get("/events?person=Ann").json["events"]
    assert (event["label"], event["confidence"], event["box"]) == (None, 97.0, FACE.box._asdict())


def test_events_of_persons_are_told_to_nobody_where_persons_are_not() -> None:
    nobody_is_looked_for = visited(Site(cameras=Cameras([WATCHING])))
    assert asked(nobody_is_looked_for) == ["Person"]
    refused = nobody_is_looked_for.get("/events?person=Ann")
    assert (refused.status, "looks for nobody" in json.dumps(refused.json)) == (400, True)

    apart = Site(
        cameras=Cameras([WATCHING]),
        people={"p1": "Ann"},
        prefix_claim="groups",
        claims={"groups": ["cameras/door/"]},
    )
    assert asked(visited(apart)) == ["Person"]
