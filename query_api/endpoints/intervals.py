"""What is seen in a film, and when: as JSON, and as WebVTT, by which players show it beside the film."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from contract.films import Interval, intervals_of
from contract.photos import PICTURE
from contract.raw_answers import shown_name
from query_api.endpoints.schemas import Json
from query_api.http.messages import Response
from query_api.ports import Details, Signer

if TYPE_CHECKING:
    from contract.policy import Policy

WEBVTT = "text/vtt; charset=utf-8"


def intervals(image: Details, signer: Signer | None, policy: "Policy | None" = None) -> list[Json]:
    """Write the intervals of what the record shows, without frames where nothing signs for them."""
    return [
        {
            "kind": each.kind,
            "name": each.name,
            "start_seconds": each.first / 1000,
            "end_seconds": each.end / 1000,
            "best_seconds": each.best / 1000,
            "confidence": each.confidence,
            "frame_url": None if signer is None else signer.rendition(each.frame),
        }
        for each in _shown(image, policy)
    ]


def answer(
    key: str, image: Details, signer: Signer | None, form: str, policy: "Policy | None" = None
) -> Response:
    if form == "vtt":
        return Response(200, web_vtt(_shown(image, policy)), WEBVTT)
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


def _shown(image: Details, policy: "Policy | None") -> list[Interval]:
    """Return the intervals of what the record has, under the names that it has them by."""
    record, found = image.record, image.record.findings
    answers = [result.response for name, result in sorted(image.results.items()) if name != PICTURE]
    naming = str if policy is None else policy.shown_name
    has = {
        "person": found.celebrities.keys(),
        "moderation": found.moderation.keys(),
        "text": set(found.words),
    }
    shown = []
    for each in intervals_of(answers):
        if each.kind != "label":
            shown += [each] if each.name in has[each.kind] else []
            continue
        name = shown_name(record, each.name, naming) if record.corrections else naming(each.name)
        least = 0.0 if policy is None else policy.threshold(each.name)
        if name is not None and name in found.labels and (each.confidence or 0.0) >= least:
            shown.append(each._replace(name=name))
    return shown
