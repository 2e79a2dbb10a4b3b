"""How fast frames are chosen beside plain decoding: `python -m tests.processors.films.measured CLIP…`."""

import resource
import sys
import time
from pathlib import Path

import cv2

from tests.processors.films.clips import OneFilm


def measure(path: Path) -> str:
    """Return a line of a Markdown table about a film."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    code = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode("ascii", "replace")
    begun, frames = time.monotonic(), 0
    while capture.grab():
        frames += 1
    plain = time.monotonic() - begun
    film = OneFilm(path.read_bytes())
    seconds = film.ask()["photo"]["duration_seconds"]
    begun = time.monotonic()
    chosen = film.slice(0, 10**9, int(seconds * 1000)).frames
    took = time.monotonic() - begun
    return (
        f"| {path.name} | {code}, {width:.0f} x {height:.0f} | {seconds:.1f} s | {seconds / plain:.1f} | "
        f"{seconds / took:.1f} | {frames:,} | {len(chosen)} |"
    )


if __name__ == "__main__":
    print("| clip | what | lasts | decoded, minutes a minute | chosen, minutes a minute | frames | asked |")
    print("|---|---|---|---|---|---|---|")
    for name in sys.argv[1:]:
        print(measure(Path(name)))
    print(f"\n{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB at most")
