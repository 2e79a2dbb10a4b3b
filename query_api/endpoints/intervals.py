"""What is seen in a film, and when: as JSON, and as WebVTT, by which players show it beside the film."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from contract.films import Interval
from contract.raw_answers import interval_told, intervals_shown
from query_api.endpoints.schemas import Json
from query_api.http.messages import Response
from query_api.ports import Details, Signer

if TYPE_CHECKING:
    from contract.policy import Policy

WEBVTT = "text/vtt; charset=utf-8"


def intervals(image: Details, signer: Signer | None, policy: "Policy | None" = None) -> list[Json]:
    """Write the intervals of what the record shows, without frames where nothing signs for them."""
    return [
        {**interval_told(each), "frame_url": None if signer is None else signer.rendition(each.frame)}
        for each in intervals_shown(image.record, image.results, policy)
    ]


def answer(
    key: str, image: Details, signer: Signer | None, form: str, policy: "Policy | None" = None
) -> Response:
    if form == "vtt":
        return Response(200, web_vtt(intervals_shown(image.record, image.results, policy)), WEBVTT)
    photo = image.record.findings.photo
    return Response(
        200,
        {
            "key": key,
            "duration_seconds": None if photo is None else photo.duration_seconds,
            "intervals": intervals(image, signer, policy),
        },
    )


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
