"""What recognizing films uses, by the hour of film: frames are chosen, and asked about as photos are."""

from collections.abc import Sequence
from dataclasses import dataclass

from contract.usage import ANSWER_BYTES, Usage, assumption, item_bytes, kept_bytes, result_item, write_units

HOUR_SECONDS = 3600
# A frame a second, and one in ten: the most and the least that is asked about.
MOST_FRAMES, FEWEST_FRAMES = 3600, 360


@dataclass(frozen=True)
class FilmAssumptions:
    """What nobody can know beforehand of films, and what has not been measured on AWS."""

    frames_an_hour: float = assumption(708, "frames", "20 % of one a second: a film with cuts (Media2Cloud)")
    speed: float = assumption(
        10, "hours of film an hour", "assumed for two cores of arm64: 720p of H.264 and MPEG-4, 4 to 16 here"
    )
    films_memory_gb: float = assumption(3.455, "GB", "`infra/films.py`")
    # Of those that wait for it side by side.
    waiting_gb: float = assumption(0.0625, "GB", "a processor of 512 MB waits for eight slices at once")
    call_gb_seconds: float = assumption(0.016, "GB-s a call", "0.5 s of 512 MB, sixteen at once")
    slice_seconds: float = assumption(100, "s of film", "a third of the function's 30 s at that speed")
    film_bytes_an_hour: float = assumption(
        2.25e9, "bytes an hour", "5 Mbit/s: how long a film lasts that nobody has opened"
    )
    film_gets: float = assumption(540, "requests an hour", "4 MB each, at 5 Mbit/s")
    frame_bytes: float = assumption(150_000, "bytes", "a JPEG of 720p: 75 to 270 KB measured")


def film_usage(hours: float, operations: Sequence[str], of: FilmAssumptions | None = None) -> Usage:
    """Return what some hours of film use, of which each frame is asked about by these operations."""
    of = of or FilmAssumptions()
    frames, slices = hours * of.frames_an_hour, hours * HOUR_SECONDS / of.slice_seconds
    answers = [item_bytes(result_item(name, ANSWER_BYTES[name])) for name in operations]
    calls = frames * len(answers)
    return Usage(
        calls=calls,
        # A claim, and what takes its place.
        write_units=frames * sum(1 + write_units(size) for size in answers) + slices * 3,
        # Whether it is there, before and when the film is put together.
        read_units=2 * calls + 2 * slices,
        invocations=slices,
        gb_seconds=hours * HOUR_SECONDS / of.speed * (of.films_memory_gb + of.waiting_gb)
        + calls * of.call_gb_seconds,
        s3_gets=hours * of.film_gets,
        s3_puts=frames,
        stored_bytes=frames * sum(map(kept_bytes, answers)),
        rendition_bytes=frames * of.frame_bytes,
    )
