"""Persons who agreed to be looked for, as answers name them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contract.raw_answers import plain
from contract.records import ImageRecord
from contract.results import Result
from query_api.endpoints.schemas import TEXT, Json, json_object, listed
from query_api.http.messages import Request, Response
from query_api.http.routing import Endpoint, Route

if TYPE_CHECKING:
    from contract.films import Interval

PEOPLE = Endpoint(
    "GET",
    "/people",
    "listPeople",
    "Who is looked for",
    json_object({"people": listed(json_object({"id": TEXT, "name": TEXT}))}),
    "Only where people are on. Who is being forgotten, or whose consent is over, is not there.",
)
# What no person is called.
_NOBODY = "nobody"


def ids_by_name(names: Mapping[str, str]) -> dict[str, str]:
    """Return ids by names in lower case, of names by id."""
    return {name.casefold(): person for person, name in names.items()}


@dataclass(frozen=True)
class KnownPeople:
    """Who is looked for. `names` reads the names by id.

    Who is less like than `least_similarity_percent`, in percent, is not told of.
    """

    names: Callable[[], Mapping[str, str]]
    least_similarity_percent: float

    def ids(self, names: Sequence[str]) -> tuple[str, ...]:
        """Return who is called so, whatever the case; for a name that nobody has, an id that nobody has."""
        known = ids_by_name(self.names())
        return tuple(known.get(name.casefold(), _NOBODY) for name in names)

    def on(self, records: Sequence[ImageRecord]) -> dict[str, list[Json]]:
        """Return by key who is on photos, the likest first. Where nobody is, no names are read."""
        if not any(record.findings.persons for record in records):
            return {}
        names = self.names()
        return {
            record.key: [
                {"id": person, "name": names[person], "similarity": match.similarity, "face": match.face}
                for person, match in sorted(
                    record.findings.persons.items(), key=lambda each: (-each[1].similarity, each[0])
                )
                if person in names and match.similarity >= self.least_similarity_percent
            ]
            for record in records
        }

    def in_film(self, record: ImageRecord, found: Result) -> "list[Interval]":
        """Return when those are seen who are in a film, as like as is told, under their names."""
        from contract.film_persons import person_intervals

        names = self.names()
        return [
            each._replace(name=names[each.name])
            for each in person_intervals(found.response, names, self.least_similarity_percent)
            if each.name in record.findings.persons
        ]


def people_endpoint(people: KnownPeople) -> Route:
    """Return what lists who is looked for, for a page to choose from."""

    def answer(_: Request) -> Response:
        names = sorted(people.names().items(), key=lambda each: (each[1].casefold(), each[0]))
        return Response(200, {"people": [{"id": person, "name": name} for person, name in names]})

    return Route(PEOPLE, answer)


def with_boxes(persons: Sequence[Json], faces: Result | None, by_people: Collection[str] = ()) -> list[Json]:
    """Return persons with where their faces are, as DetectFaces has said; None where nobody knows.

    `by_people` are the ids of those of whom people have said that they are there.
    """
    details: Sequence[Any] = () if faces is None else faces.response.get("FaceDetails", [])
    return [
        {
            **person,
            "box": _box(person["face"], details),
            **({"by": "person"} if person["id"] in by_people else {}),
        }
        for person in persons
    ]


def _box(face: int | None, details: Sequence[Any]) -> Json | None:
    if face is None or face >= len(details):
        return None
    box: Json = plain(details[face]["BoundingBox"])
    return box
