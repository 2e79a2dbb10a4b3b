"""Photos that name who is forgotten: waited for, and looked at once more; one that stays stops no other."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from contract.face_search import FaceAnswerName
from contract.film_jobs import JobVerdict
from contract.film_persons import IN_FILM, answer_name
from contract.items import from_wire, to_wire
from contract.notifications import parse
from contract.people import PEOPLE_DUE
from contract.results import pack, unpack
from contract.table import record_key, result_key
from people.forgetting import PersonRemoval, Receipt
from people.mentions import MOST_LOOKS
from people.progress import UnfinishedError
from people.upkeep import PersonUpkeep
from tests.fakes.s3 import BUCKET
from tests.fakes.sqs import IMAGES
from tests.local.rekognition.faces.conftest import face
from tests.operations.test_forgetting import finished
from tests.people.conftest import Pipeline, forget
from tests.people.test_people import add, ann
from tests.people.test_upkeep import DAY_AFTER, table_calls


def matches(*persons: str) -> bytes:
    return pack({"UserMatches": [{"Similarity": 99, "User": {"UserId": person}} for person in persons]})


@dataclass
class Workers:
    """Makes the records anew that it is asked about, some looks later; those of `stuck` never."""

    pipeline: Pipeline
    late: int = 2
    stuck: set[str] = field(default_factory=set)
    looks: int = 0

    def sleep(self, seconds: float) -> None:
        self.pipeline.clock.now += seconds
        asked = [event.key for body in self.pipeline.queues.bodies(IMAGES) for event in parse(body, BUCKET)]
        self.looks += bool(asked)
        if self.looks >= self.late:
            for key in set(asked) - self.stuck:
                self.pipeline.items[record_key(key)].pop("persons", None)

    @property
    def removal(self) -> PersonRemoval:
        made = self.pipeline.removal
        return replace(made, mentions=replace(made.mentions, sleep=self.sleep))


def name_on(pipeline: Pipeline, key: str, *persons: str) -> None:
    """Write as much of a record as says who is on a photo."""
    named = {person: {"similarity": 99, "face": 0} for person in persons}
    pipeline.items[record_key(key)] = to_wire({**record_key(key)._asdict(), "key": key, "persons": named})


def keep_row(pipeline: Pipeline, person: str) -> Any:
    place = (f"index#person:{person}#0", "2027-01-15T08:00:00.000Z#0#1")
    pipeline.items[place] = to_wire({"pk": place[0], "sk": place[1], "key": "gone.jpg"})
    return place


def answer_on(pipeline: Pipeline, packed: bytes) -> Any:
    at = FaceAnswerName("q", 1, "face").of("party")
    place = result_key(at)
    pipeline.items[place] = to_wire({**place._asdict(), "answer": packed, "called_at": "2027-01-15"})
    return place


def both(pipeline: Pipeline) -> list[Any]:
    ben = pipeline.album.put("ben.jpg", face("ben"))
    return [add(pipeline, "Ann", *ann(pipeline, 1)).person, add(pipeline, "Ben", ben).person]


def test_the_table_is_read_once_before_photos_are_made_anew_and_once_after(pipeline: Pipeline) -> None:
    person = add(pipeline, "Ann", *ann(pipeline, 1)).person
    for number in range(120):
        name_on(pipeline, f"{number}.jpg", "p1")
    calls, receipts = table_calls(pipeline), list[Receipt]()
    calls.made.clear()

    finished(Workers(pipeline, late=20).removal.forget([person], receipts.append))

    assert receipts[0].photos_freed == 120
    assert pipeline.people.everybody() == []
    items_a_page = 4
    assert calls.made["Scan"] == 2 * -(-122 // items_a_page)
    assert calls.made["BatchGetItem"] < 2 * 20 + 5


def test_a_row_that_no_record_stands_for_stops_nobody_and_is_removed(pipeline: Pipeline) -> None:
    person = add(pipeline, "Ann", *ann(pipeline, 1)).person
    place, other = keep_row(pipeline, "p1"), keep_row(pipeline, "p2")

    finished(Workers(pipeline).removal.forget([person], lambda _: None))

    assert pipeline.people.everybody() == []
    assert place not in pipeline.items
    assert other in pipeline.items


def test_a_photo_that_is_not_made_anew_keeps_whom_it_names_and_nobody_else(pipeline: Pipeline) -> None:
    persons, receipts = both(pipeline), list[Receipt]()
    name_on(pipeline, "stuck.jpg", "p1")
    name_on(pipeline, "party.jpg", "p1", "p2")
    row = keep_row(pipeline, "p1")
    workers = Workers(pipeline, stuck={"stuck.jpg"})

    with pytest.raises(UnfinishedError, match="NotMadeAnew: photos that name p1 are not made anew yet"):
        finished(workers.removal.forget(persons, receipts.append))

    assert [(each.person, each.photos_freed) for each in receipts] == [("p2", 1)]
    assert [person.name for person in pipeline.people.everybody()] == ["Ann"]
    assert row in pipeline.items
    assert workers.looks == MOST_LOOKS

    workers.stuck.clear()
    finished(workers.removal.forget(pipeline.people.everybody(), receipts.append))
    assert [each.person for each in receipts] == ["p2", "p1"]
    assert row not in pipeline.items


def test_by_itself_it_tells_of_who_is_gone_though_another_is_left(pipeline: Pipeline) -> None:
    both(pipeline)
    name_on(pipeline, "stuck.jpg", "p1")
    told, failures = list[Any](), list[Any]()
    upkeep = PersonUpkeep(
        Workers(pipeline, stuck={"stuck.jpg"}).removal,
        lambda _: False,
        lambda: DAY_AFTER,
        lambda _, **facts: told.append(facts["receipt"]["person"]),
        lambda _, **facts: failures.append(facts["cause"]),
    )

    with pytest.raises(UnfinishedError):
        upkeep.carry_out(PEOPLE_DUE)

    assert (told, failures) == (["p2"], ["NotMadeAnew"])


@pytest.mark.parametrize("packed", [b"rubbish", pack({"UserMatches": [{"User": {}}]}), pack({})])
def test_an_answer_that_cannot_be_read_is_removed_and_stops_nobody(pipeline: Pipeline, packed: bytes) -> None:
    person = add(pipeline, "Ann", *ann(pipeline, 1)).person
    place = answer_on(pipeline, packed)

    forget(pipeline, [person])

    assert place not in pipeline.items
    assert pipeline.people.everybody() == []


@pytest.mark.parametrize("before", [matches("p1"), b"rubbish"])
def test_an_answer_that_is_written_meanwhile_is_kept_without_the_person(
    pipeline: Pipeline, before: bytes
) -> None:
    person = add(pipeline, "Ann", *ann(pipeline, 1)).person
    place = answer_on(pipeline, before)

    def overtake(operation: str) -> None:
        if operation in ("UpdateItem", "DeleteItem"):
            table_calls(pipeline).before = lambda _: None
            answer_on(pipeline, matches("p1", "p2"))

    steps = pipeline.removal.forget([person], lambda _: None)
    next(step for step in steps if step == "looking through what is kept of photos")
    table_calls(pipeline).before = overtake
    finished(steps)

    assert from_wire(pipeline.items[place])["answer"] == matches("p2")


def test_a_film_shows_who_is_forgotten_no_more_and_what_became_of_its_job_stays(pipeline: Pipeline) -> None:
    """Else a job would be begun anew, and paid for."""
    person = add(pipeline, "Ann", *ann(pipeline, 1)).person
    at = [0, 500, 0, "poster"]
    seen = [[*at, [{"p1": 99.0, "p2": 90.0}, {"p1": 71.0}]], [500, 1000, 500, "poster", [{"p1": 98.0}]]]
    film = answer_name("film", 1)
    kept = {
        film: {IN_FILM: seen, "Bridged": 1000},
        JobVerdict.name_for(film): JobVerdict(3, by_frames=True, reason="p1").to_json(),
    }
    for name, answer in kept.items():
        place = result_key(name)
        item = {**place._asdict(), "answer": pack(answer), "called_at": "2027-01-15"}
        pipeline.items[place] = to_wire(item)

    forget(pipeline, [person])

    film_answer, verdict = (unpack(from_wire(pipeline.items[result_key(name)])["answer"]) for name in kept)
    assert film_answer == {IN_FILM: [[*at, [{"p2": 90.0}]]], "Bridged": 1000}
    assert verdict == kept[JobVerdict.name_for(film)]


def test_who_is_in_no_table_is_taken_out_of_photos_before_the_user_goes(pipeline: Pipeline) -> None:
    pipeline.collection.create()
    pipeline.collection.create_user("p9")
    place = answer_on(pipeline, matches("p9"))
    name_on(pipeline, "stuck.jpg", "p9")
    workers = Workers(pipeline, stuck={"stuck.jpg"})

    with pytest.raises(UnfinishedError, match="photos that name p9"):
        finished(workers.removal.remove_unowned())
    assert pipeline.collection.users() == {"p9"}

    workers.stuck.clear()
    finished(workers.removal.remove_unowned())
    assert pipeline.collection.users() == set()
    assert from_wire(pipeline.items[place])["answer"] == matches()
