"""What is seen in a film, and when: as JSON, and as WebVTT, by which players show it beside the film."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract.films import Interval, in_order
from contract.raw_answers import interval_told, intervals_shown
from query_api.endpoints.schemas import Json
from query_api.http.messages import Response
from query_api.ports import Details, Signer

if TYPE_CHECKING:
    from contract.policy import Policy
    from query_api.endpoints.people import KnownPeople

WEBVTT = "text/vtt; charset=utf-8"


@dataclass(frozen=True)
class FilmShown:
    """What a film's record has, when it is seen, as `policy` shows it. `people` are who is looked for.

    Frames are left out where nothing signs for them.
    """

    image: Details
    signer: Signer | None
    policy: "Policy | None" = None
    people: "KnownPeople | None" = None

    def intervals(self) -> list[Interval]:
        found = intervals_shown(self.image.record, self.image.results, self.policy)
        if self.people is None or self.image.in_film is None:
            return found
        return in_order([*found, *self.people.in_film(self.image.record, self.image.in_film)])

    def told(self) -> list[Json]:
        return [
            {
                **interval_told(each),
                "frame_url": None if self.signer is None else self.signer.rendition(each.frame),
            }
            for each in self.intervals()
        ]

    def answer(self, key: str, form: str) -> Response:
        if form == "vtt":
            return Response(200, web_vtt(self.intervals()), WEBVTT)
        photo = self.image.record.findings.photo
        lasts = None if photo is None else photo.duration_seconds
        return Response(200, {"key": key, "duration_seconds": lasts, "intervals": self.told()})


def web_vtt(found: Sequence[Interval]) -> str:
    """Write a cue for each interval. https://www.w3.org/TR/webvtt1/"""
    return "\n\n".join(["WEBVTT", *_cues(found)]) + "\n"


def _cues(found: Sequence[Interval]) -> Iterator[str]:
    for each in found:
        name = each.name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        yield f"{_clock(each.first)} --> {_clock(each.end)}\n{each.kind}: {' '.join(name.split())}"


def _clock(milliseconds: int) -> str:
    seconds, left = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02d}:{minute:02d}:{second:02d}.{left:03d}"
