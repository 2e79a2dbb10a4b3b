"""What is known of a film: its slices, the frames that were chosen of them, what was found in these and when.

All of it stands beside the other answers of the film's content, and goes with them:

| answer about | kept as                            | says                                                   |
|--------------|------------------------------------|--------------------------------------------------------|
| the film     | `picture#<fingerprint>`            | PhotoFacts: how long it lasts, how long a slice is     |
| a slice      | `picture#<fingerprint>@<span>`     | which frames were chosen, and whose renditions they are|
| a frame      | `<detector>#<fingerprint>@<frame>` | what Rekognition has answered about it                 |
| the film     | `<detector>#<fingerprint>`         | what was found in each frame, in short (`Film`)        |

A frame is named by its bytes: one that comes again in a film is asked about once.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Any, NamedTuple

from contract.photos import FRAMES, PhotoFacts, rendition_prefix
from contract.records import Findings
from contract.results import ResultName, pack

# Stands in a film's own answer.
IN_FRAMES = "Film"
FRAME_MARK = "@"
# A record holds so many names of each kind, the surest or first; intervals hold all.
MOST_NAMES = 300
# An item of DynamoDB's holds 400 KB. What does not fit is left out: the least sure labels first, then of each
# frame's words all but so many.
MOST_ANSWER_BYTES = 300_000
_THINNED = (
    *((percent, None) for percent in range(0, 101, 10)),
    *((100, words) for words in (50, 30, 20, 14, 10, 7, 5, 3, 2, 1, 0)),
)


class Span(NamedTuple):
    """A part of a film of so many milliseconds, from its beginning; the last one may end behind that."""

    first: int
    end: int
    all: int


class Frame(NamedTuple):
    """A frame that stands for a span of a film; `at` is its own time in milliseconds, `name` its bytes'."""

    first: int
    end: int
    at: int
    name: str

    @classmethod
    def from_json(cls, written: Sequence[Any]) -> "Frame":
        first, end, at, name = written
        return cls(int(first), int(end), int(at), str(name))


class Slice(NamedTuple):
    """The frames of a slice, in order; `maker` names whoever made their pictures.

    `is_coarse` says that there was no time to look at all of it closely.
    """

    frames: tuple[Frame, ...]
    maker: str
    is_coarse: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            FRAMES: [list(each) for each in self.frames],
            "renditions": self.maker,
            "coarse": self.is_coarse,
        }

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> "Slice":
        """Read it back. Raise KeyError, TypeError or ValueError for what is none."""
        frames = tuple(Frame.from_json(each) for each in written[FRAMES])
        return cls(frames, str(written["renditions"]), bool(written["coarse"]))


class Interval(NamedTuple):
    """How long something is seen without a break, in milliseconds; `best` is the frame that shows it best.

    `kind` is `label`, `person`, `moderation` or `text`; `confidence` is that of the best frame in percent,
    None where words were read.
    """

    kind: str
    name: str
    first: int
    end: int
    best: int
    frame: str
    confidence: float | None


def slices_of(picture: ResultName, facts: PhotoFacts) -> list[ResultName]:
    """Return what the answers about a film's slices are kept by; the last one goes to the end of the film."""
    assert facts.duration_seconds is not None
    assert facts.slice_seconds is not None
    step = max(1, round(facts.slice_seconds * 1000))
    lasts = ceil(facts.duration_seconds * 1000)
    return [
        replace(picture, fingerprint=f"{picture.fingerprint}{FRAME_MARK}{first}-{first + step}-{lasts}")
        for first in range(0, lasts, step)
    ]


def span_of(name: ResultName) -> Span | None:
    """Return the span of a slice by the name of its answer; None where it is about a whole file."""
    _, mark, span = name.fingerprint.partition(FRAME_MARK)
    return Span(*map(int, span.split("-"))) if mark else None


def of_frame(name: ResultName, frame: Frame) -> ResultName:
    """Return what the answer about a frame is kept by, by that about its film."""
    return replace(name, fingerprint=f"{name.fingerprint}{FRAME_MARK}{frame.name}")


def frame_key(content_id: str, maker: str, frame: str) -> str:
    """Return where the picture of a frame stands in the bucket of renditions."""
    return f"{rendition_prefix(content_id)}{maker}/frame-{frame}.jpg"


def film_answer(found: Iterable[tuple[Frame, str, Findings]]) -> dict[str, Any]:
    """Return a detector's answer about a film, by what it found in each frame, whose keys are given too."""
    frames = list(found)

    def thinned(how: tuple[int, int | None]) -> dict[str, Any]:
        return {IN_FRAMES: [[*frame, key, _short(findings, *how)] for frame, key, findings in frames]}

    def is_kept(how: tuple[int, int | None]) -> bool:
        return len(pack(thinned(how))) <= MOST_ANSWER_BYTES

    least, *more = _THINNED
    if is_kept(least):
        return thinned(least)
    return thinned(more[min(bisect_left(more, True, key=is_kept), len(more) - 1)])


def _short(found: Findings, least_percent: int, most_words: int | None) -> dict[str, Any]:
    short: dict[str, Any] = {
        # As Rekognition has them: what must not be read of its answers is taken out of these too.
        "Labels": _labels(found, least_percent),
        "faces": found.faces,
        "moderation": dict(found.moderation),
        "words": list(found.words[:most_words]),
        "celebrities": dict(found.celebrities),
        "colors": list(found.colors),
        "equipment": list(found.equipment),
    }
    return {name: value for name, value in short.items() if value or value == 0}


def _labels(found: Findings, least_percent: int) -> list[dict[str, Any]]:
    parents: dict[str, list[str]] = {}
    for parent, children in found.implied_by.items():
        for child in children:
            parents.setdefault(child, []).append(parent)
    return [
        {"Name": name, "Confidence": sure, "Parents": [{"Name": each} for each in parents.get(name, [])]}
        for name, sure in found.labels.items()
        if sure >= least_percent
    ]


def film_findings(response: Mapping[str, Any]) -> Findings | None:
    """Return what was found in a film, each name as sure as in its best frame; None where it is none."""
    if IN_FRAMES not in response:
        return None
    together = Findings()
    for *_, short in response[IN_FRAMES]:
        found = _findings(short)
        together = Findings(
            labels=_surest(together.labels, found.labels),
            faces=max((count for count in (together.faces, found.faces) if count is not None), default=None),
            parents=together.parents | found.parents,
            moderation=_surest(together.moderation, found.moderation),
            words=tuple(dict.fromkeys((*together.words, *found.words)))[:MOST_NAMES],
            celebrities=_surest(together.celebrities, found.celebrities),
            colors=tuple(dict.fromkeys((*together.colors, *found.colors))),
            equipment=tuple(dict.fromkeys((*together.equipment, *found.equipment))),
            implied_by={
                name: together.implied_by.get(name, frozenset()) | found.implied_by.get(name, frozenset())
                for name in (*together.implied_by, *found.implied_by)
            },
        )
    labels = dict(sorted(together.labels.items(), key=lambda each: -each[1])[:MOST_NAMES])
    return replace(together, labels=labels, parents=together.parents & labels.keys())


def as_one_picture(response: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return labels as of a photo, of all that was found in a film; what is of a photo stays as it is."""
    found = film_findings(response)
    return response if found is None else {"Labels": _labels(found, 0)}


def _findings(short: Mapping[str, Any]) -> Findings:
    faces = short.get("faces")
    labels = short.get("Labels", [])
    implied_by: dict[str, frozenset[str]] = {}
    for label in labels:
        for parent in label["Parents"]:
            implied_by[parent["Name"]] = implied_by.get(parent["Name"], frozenset()) | {label["Name"]}
    return Findings(
        labels={label["Name"]: float(label["Confidence"]) for label in labels},
        faces=None if faces is None else int(faces),
        parents=frozenset(implied_by),
        moderation=dict(short.get("moderation", {})),
        words=tuple(short.get("words", [])),
        celebrities=dict(short.get("celebrities", {})),
        colors=tuple(short.get("colors", [])),
        equipment=tuple(short.get("equipment", [])),
        implied_by=implied_by,
    )


def _surest(some: Mapping[str, float], others: Mapping[str, float]) -> dict[str, float]:
    return {**some, **{name: max(sure, some.get(name, 0.0)) for name, sure in others.items()}}


def intervals_of(responses: Iterable[Mapping[str, Any]]) -> list[Interval]:
    """Return what is seen when, by the film's own answers, in order of time.

    Frames stand for spans without a gap between: what is on two in a row was there in between.
    """
    found: list[Interval] = []
    for response in responses:
        under_way: dict[tuple[str, str], Interval] = {}
        for first, end, at, _, key, short in response.get(IN_FRAMES, []):
            seen = {
                (kind, name): Interval(kind, name, first, end, at, key, sure)
                for kind, name, sure in _named(short)
            }
            found += [over for what, over in under_way.items() if what not in seen or over.end != first]
            under_way = {
                what: _continued(under_way[what], now)
                if what in under_way and under_way[what].end == first
                else now
                for what, now in seen.items()
            }
        found += under_way.values()
    return in_order(found)


def in_order(found: Iterable[Interval]) -> list[Interval]:
    return sorted(found, key=lambda each: (each.first, each.kind, -(each.confidence or 0), each.name))


def _continued(before: Interval, now: Interval) -> Interval:
    is_better = (now.confidence or 0) > (before.confidence or 0)
    return (now if is_better else before)._replace(first=before.first, end=now.end)


def _named(short: Mapping[str, Any]) -> Iterable[tuple[str, str, float | None]]:
    for label in short.get("Labels", []):
        yield "label", label["Name"], label["Confidence"]
    for kind, part in (("person", "celebrities"), ("moderation", "moderation")):
        for name, sure in short.get(part, {}).items():
            yield kind, name, sure
    for word in short.get("words", []):
        yield "text", word, None
