"""The kinds of jobs: what each is called, what its results are called, and in which orders they are given.

https://docs.aws.amazon.com/rekognition/latest/dg/api-video.html
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Result = dict[str, Any]
Order = Callable[[Result], tuple[Any, ...]]
SEGMENTS = "SEGMENTS"


class VideoApi(NamedTuple):
    """A kind of job. `orders` are those of SortBy, the first one the usual; none where there is no SortBy.

    `detail` is the member of a result that holds what was found, `version` the one that names the model.
    """

    start: str
    get: str
    results: str
    detail: str
    version: tuple[str, str] | None
    orders: Mapping[str, Order]
    has_segments: bool = False


def _by_time(result: Result) -> tuple[Any, ...]:
    return (result["Timestamp"],)


def _by_name(detail: str) -> Order:
    def order(result: Result) -> tuple[Any, ...]:
        found = result[detail]
        return found["Name"], -found["Confidence"], result["Timestamp"]

    return order


def _by_person(result: Result) -> tuple[Any, ...]:
    return result["Person"]["Index"], result["Timestamp"]


LABELS = VideoApi(
    "StartLabelDetection",
    "GetLabelDetection",
    "Labels",
    "Label",
    ("LabelModelVersion", "3.0"),
    {"TIMESTAMP": _by_time, "NAME": _by_name("Label")},
    has_segments=True,
)
MODERATION = VideoApi(
    "StartContentModeration",
    "GetContentModeration",
    "ModerationLabels",
    "ModerationLabel",
    ("ModerationModelVersion", "7.0"),
    {"TIMESTAMP": _by_time, "NAME": _by_name("ModerationLabel")},
    has_segments=True,
)
TEXT = VideoApi(
    "StartTextDetection",
    "GetTextDetection",
    "TextDetections",
    "TextDetection",
    ("TextModelVersion", "3.0"),
    {},
)
FACE_SEARCH = VideoApi(
    "StartFaceSearch",
    "GetFaceSearch",
    "Persons",
    "Person",
    None,
    {"TIMESTAMP": _by_time, "INDEX": _by_person},
)
APIS = (LABELS, MODERATION, TEXT, FACE_SEARCH)
STARTS: Mapping[str, VideoApi] = {api.start: api for api in APIS}
GETS: Mapping[str, VideoApi] = {api.get: api for api in APIS}
VIDEO_OPERATIONS = frozenset([*STARTS, *GETS])


def segments(api: VideoApi, results: list[Result], step_ms: int, duration_ms: int) -> list[Result]:
    """Return one result for each stretch of time in which a name is found at every step.

    Where the name's boxes are goes away, as it does on AWS; the confidence is that of the surest step.
    """
    found: list[Result] = []
    last: dict[str, Result] = {}
    for result in sorted(results, key=_by_time):
        at, detail = result["Timestamp"], result[api.detail]
        before = last.get(detail["Name"])
        end = min(at + step_ms, duration_ms)
        if before is not None and at <= before["EndTimestampMillis"]:
            before["EndTimestampMillis"] = end
            before["DurationMillis"] = end - before["StartTimestampMillis"]
            kept = before[api.detail]
            kept["Confidence"] = max(kept["Confidence"], detail["Confidence"])
            continue
        without_boxes = {name: value for name, value in detail.items() if name != "Instances"}
        segment = {
            **result,
            api.detail: without_boxes,
            "StartTimestampMillis": at,
            "EndTimestampMillis": end,
            "DurationMillis": end - at,
        }
        last[detail["Name"]] = segment
        found.append(segment)
    return found
