"""`/events`: what cameras have seen come and go."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from contract.camera_events import CameraEvent, WatchedPersons
from contract.cameras import Camera, Cameras
from contract.moments import to_text
from contract.records import ImageRecord
from query_api.endpoints import schemas
from query_api.endpoints.image_parameters import MAX_LIMIT, NAME
from query_api.http import parameters
from query_api.http.messages import Request, Response
from query_api.http.parameters import Parameter, QueryParams
from query_api.http.routing import Endpoint, Route
from query_api.ports import TableReader
from query_api.search.cursors import Cursors, ForeignCursorError
from query_api.search.events import EventListing, EventsQuestion
from query_api.search.questions import DEFAULT_LIMIT, ListQuestion

if TYPE_CHECKING:
    from contract.policy import Policy
    from query_api.endpoints.people import KnownPeople

EVENT = schemas.json_object(
    {
        "id": {**schemas.TEXT, "description": "The same in what is told of the event."},
        "camera": schemas.TEXT,
        "label": {**schemas.TEXT_OR_NULL, "description": "What was seen; null of a person who is named."},
        "person": schemas.or_null(
            {
                **schemas.json_object({"id": schemas.TEXT, "name": schemas.TEXT}),
                "description": "Who it was, where the camera watches for persons; null of a label.",
            }
        ),
        "begin": schemas.TIME,
        "end": {**schemas.TIME, "description": "When it was seen last."},
        "is_over": {"type": "boolean"},
        "pictures": schemas.COUNT,
        "confidence": schemas.PERCENT,
        "box": schemas.BOX,
        "zones": schemas.listed(schemas.TEXT),
        "is_cut": {
            "type": "boolean",
            "description": "More pictures than one answer reads: it may have begun before, and then the next "
            "page has it too, or ended later.",
        },
        "best": {
            "$ref": "#/components/schemas/Image",
            "description": "The picture in which it is surest, as `/images` lists it.",
        },
    }
)
EVENTS_PAGE = schemas.json_object(
    {
        "cameras": schemas.listed(schemas.TEXT),
        "events": schemas.listed(EVENT),
        "cursor": {"type": ["string", "null"], "description": "Leads to the next page; null on the last."},
    }
)
EVENTS = Endpoint(
    "GET",
    "/events",
    "listEvents",
    "What cameras have seen come and go",
    EVENTS_PAGE,
    "Newest first, by when it began. A page may be shorter than its limit, even empty: only where "
    "`cursor` is "
    "null, there is no more. Times are those of the uploads.",
    (
        Parameter(
            "camera", NAME, "A camera by its name; given more than once, any of them.", most=5, example="door"
        ),
        Parameter(
            "label", NAME, "What was seen; given more than once, any of them.", most=5, example="Person"
        ),
        Parameter(
            "person",
            NAME,
            "The name of somebody whom a camera watches for; given more than once, any of them, or of "
            "`label`.",
            most=3,
            example="Ann",
        ),
        Parameter("from", parameters.moment(), "Began at this time or later; a date means its first moment."),
        Parameter(
            "to",
            parameters.moment(is_end=True),
            "Began at this time or before; a date means its last moment.",
        ),
        Parameter(
            "limit", parameters.whole(1, MAX_LIMIT), "How many events make a page.", default=DEFAULT_LIMIT
        ),
        Parameter(
            "cursor",
            parameters.text_up_to(1000),
            "Where the page before ended; with the same question as then.",
        ),
    ),
    by_prefix=True,
)


@dataclass(frozen=True)
class EventEndpoints:
    """Answers about events. `visible` are the prefixes that the caller may see, None for everything.

    `in_list` writes a photo as lists do. By a `policy`, each name of an alias asks for all of them. `people`
    are those who are looked for, None where nobody is.
    """

    cameras: Cameras
    table: TableReader
    cursors: Cursors
    in_list: Callable[[ImageRecord], schemas.Json]
    now: Callable[[], datetime]
    visible: tuple[str, ...] | None = None
    policy: "Policy | None" = None
    people: "KnownPeople | None" = None

    def routes(self) -> tuple[Route, ...]:
        return (Route(EVENTS, self._list),)

    def _list(self, request: Request) -> Response:
        params = QueryParams(EVENTS.parameters, request.raw_query_string)
        cameras = self._cameras(params)
        params.finish()
        labels: tuple[str, ...] = params.all("label")
        names = self._names(cameras)
        question = EventsQuestion(
            self._meant(labels) if labels else None,
            params.one("from"),
            params.one("to"),
            params.one("limit"),
            self._persons(params, names),
        )
        # Signed as every cursor is: for this question, and for those who may see the same.
        signed = ListQuestion(
            any_labels=labels,
            uploaded_from=question.since,
            uploaded_to=question.until,
            prefix="".join(f"{camera.name}#" for camera in cameras),
            camera="/events",
            persons=question.persons or (),
        )
        cursor = params.one("cursor")
        if cursor is not None:
            try:
                question = question._replace(until=self.cursors.resume(signed, cursor).after)
            except ForeignCursorError:
                params.blame(
                    "cursor", "not one of ours for this question; leave it out to start at the first page"
                )
                raise params.problem() from None
        page = EventListing(self.table, self._watched(cameras, names)).page(cameras, question)
        return Response(
            200,
            {
                "cameras": [camera.name for camera in self._may_see()],
                "events": [
                    {**self._shown(event, page.best[event.best], names), "is_cut": event in page.cut}
                    for event in page.events
                ],
                "cursor": None if page.next_until is None else self.cursors.write(signed, page.next_until),
            },
        )

    def _names(self, cameras: Sequence[Camera]) -> Mapping[str, str]:
        """Return the names of who is looked for, by id, where one of the cameras watches for somebody.

        Whose photos are apart by prefix is told of nobody: with that, people are refused.
        """
        is_watched = self.visible is None and any(camera.watch_people for camera in cameras)
        return self.people.names() if self.people is not None and is_watched else {}

    def _persons(self, params: QueryParams, names: Mapping[str, str]) -> tuple[str, ...] | None:
        """Return who is asked for, by id. Who is not known, or is not any more, is in no event."""
        asked: tuple[str, ...] = params.all("person")
        if not asked:
            return None
        if self.people is None:
            params.blame("person", "this deployment looks for nobody (its setting people)")
            raise params.problem()
        wanted = {name.casefold() for name in asked}
        return tuple(person for person, name in sorted(names.items()) if name.casefold() in wanted)

    def _watched(self, cameras: Sequence[Camera], names: Mapping[str, str]) -> Mapping[str, WatchedPersons]:
        if self.people is None or not names:
            return {}
        least = self.people.least_similarity_percent
        return {camera.name: WatchedPersons.of(camera, names, least) for camera in cameras}

    def _meant(self, labels: tuple[str, ...]) -> tuple[str, ...]:
        if self.policy is None:
            return labels
        return tuple(name for label in labels for name in self.policy.names(label))

    def _cameras(self, params: QueryParams) -> Sequence[Camera]:
        seen = {camera.name: camera for camera in self._may_see()}
        asked: tuple[str, ...] = params.all("camera")
        for name in asked:
            if name not in seen:
                params.blame("camera", f"{name!r} is none; choose of {', '.join(seen) or 'none'}")
        return [seen[name] for name in dict.fromkeys(asked) if name in seen] if asked else list(seen.values())

    def _may_see(self) -> list[Camera]:
        """Return the cameras of which the caller may see something."""
        if self.visible is None:
            return list(self.cameras.all)
        return [
            camera
            for camera in self.cameras.all
            if camera.prefix.startswith(self.visible)
            or any(each.startswith(camera.prefix) for each in self.visible)
        ]

    def _shown(self, event: CameraEvent, best: ImageRecord, names: Mapping[str, str]) -> schemas.Json:
        camera = self.cameras.by_name[event.camera]
        return {
            "id": event.id,
            "camera": event.camera,
            "label": event.label or None,
            "person": {"id": event.person, "name": names[event.person]} if event.person else None,
            "begin": to_text(event.begin),
            "end": to_text(event.end),
            "is_over": event.is_over(camera, self.now().timestamp()),
            "pictures": event.pictures,
            "confidence": event.confidence,
            "box": event.box._asdict(),
            "zones": list(event.zones),
            "best": self.in_list(best),
        }
