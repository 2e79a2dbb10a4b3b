"""From a stored video to some of its frames, for the formats that Rekognition takes.

https://docs.aws.amazon.com/rekognition/latest/dg/video.html: H.264 in MP4, MOV or AVI; not more than 10 GB
and 6 hours (https://docs.aws.amazon.com/rekognition/latest/dg/limits.html). The text for what is none of
these was seen from AWS (https://github.com/aws-samples/amazon-rekognition-video-analyzer/issues/46).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from local.rekognition.pictures import Picture

MAX_VIDEO_BYTES = 10 * 1024**3
MAX_VIDEO_SECONDS = 6 * 3600
STEP_MS = 500
"""Two frames a second are looked at."""
_H264 = {"h264", "avc1", "avc3", "x264"}
UNSUPPORTED = "Unsupported codec/format."
TOO_LONG = "The duration of the supplied media is too large. The maximum duration is 6 hours."


class UnreadableVideoError(Exception):
    """The job fails; the text is its StatusMessage."""


class VideoMetadata(NamedTuple):
    """What `VideoMetadata` of the answers says."""

    codec: str
    format: str
    duration_ms: int
    frame_rate: float
    width: int
    height: int

    def members(self) -> dict[str, Any]:
        return {
            "Codec": self.codec,
            "Format": self.format,
            "DurationMillis": self.duration_ms,
            "FrameRate": self.frame_rate,
            "FrameWidth": self.width,
            "FrameHeight": self.height,
            "ColorRange": "LIMITED",
        }


def read_metadata(path: Path) -> VideoMetadata:
    """Return what a file says of itself. Raises `UnreadableVideoError`."""
    container = _container(path)
    with _capture(path) as (cv2, capture):
        codec = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode("latin-1").lower()
        rate = float(capture.get(cv2.CAP_PROP_FPS))
        frames = float(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    if codec not in _H264 or rate <= 0 or frames <= 0:
        raise UnreadableVideoError(UNSUPPORTED)
    seconds = frames / rate
    if seconds > MAX_VIDEO_SECONDS:
        raise UnreadableVideoError(TOO_LONG)
    return VideoMetadata("h264", container, max(1, round(seconds * 1000)), rate, width, height)


def frames_of(path: Path) -> Iterator[tuple[int, Picture]]:
    """Yield frames, at most two a second, each with its time in milliseconds, upright.

    Raises `UnreadableVideoError` where there is not one.
    """
    with _capture(path) as (cv2, capture):
        due, number, seen = 0.0, 0, 0
        rate = float(capture.get(cv2.CAP_PROP_FPS))
        while capture.grab():
            at = max(float(capture.get(cv2.CAP_PROP_POS_MSEC)), 0.0) if number else 0.0
            number += 1
            if at + 500 / rate < due:
                continue
            is_whole, pixels = capture.retrieve()
            if is_whole:
                seen += 1
                yield round(at), Image.fromarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))
            due = at + STEP_MS
    if not seen:
        raise UnreadableVideoError(UNSUPPORTED)


def _container(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(12)
    if start[4:8] in {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"}:
        return "QuickTime / MOV"
    if start[:4] == b"RIFF" and start[8:12] == b"AVI ":
        return "AVI (Audio Video Interleaved)"
    raise UnreadableVideoError(UNSUPPORTED)


@contextmanager
def _capture(path: Path) -> Iterator[tuple[Any, Any]]:
    import cv2

    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        if not capture.isOpened():
            raise UnreadableVideoError(UNSUPPORTED)
        yield cv2, capture
    finally:
        capture.release()
