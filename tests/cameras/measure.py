"""`python -m tests.cameras.measure [FIRST AFTER]`: synthesized days: what is asked, found, falsely told."""

import sys
from collections.abc import Sequence
from typing import NamedTuple

from contract.camera_events import CameraEvent, CameraPicture, events_of
from contract.cameras import Camera, Cameras
from contract.metrics import Metric
from contract.moments import to_text
from contract.prices import DOLLARS_A_CALL
from contract.records import ImageVersion
from processors.cameras.gate import CameraGate, GateVerdict, SeenAnew, Sighted
from processors.cameras.sightings import sightings
from tests.cameras.memory_scenes import MemoryScenes
from tests.cameras.synthetic import EVERY_SECONDS, SyntheticCamera, Visit, some_day

BACKGROUNDS = ("greatWallofChina.jpg", "colosseum.jpg", "japan.jpg", "mexico.jpg")
MIDNIGHT = 1_795_737_600.0


class NoMetrics:
    """Counts nothing."""

    def add(self, count: Metric, by: int = 1) -> None:
        pass


class Day(NamedTuple):
    """What came of a camera's day."""

    pictures: int
    asked: int
    visits: int
    found: int
    false: int

    @property
    def dollars(self) -> float:
        return self.asked * DOLLARS_A_CALL


def a_day(synthetic: SyntheticCamera) -> tuple[Day, Day]:
    """Have the gate look at each picture of a day, and hold events against what was drawn.

    Return what came of it, with the ghost and without.
    """
    camera = Camera("yard", "cameras/yard/", gone_after_seconds=60)
    gate, other = (CameraGate(Cameras([camera]), MemoryScenes(), NoMetrics()) for _ in range(2))
    pictures, seen, seen_without = 0, list[CameraPicture](), list[CameraPicture]()
    for frame in synthetic.frames():
        at = MIDNIGHT + frame.at
        key = f"cameras/yard/{pictures:05}.jpg"
        version = ImageVersion(key, f"{pictures}", 1, None, to_text(at))
        verdict = gate.judge({version: frame.cells})[version]
        assert isinstance(verdict, GateVerdict)
        pictures += 1
        if not verdict.is_asked:
            continue
        everything = sightings(frame.answer)
        real = tuple(each for each in everything if each.box != synthetic.ghost)
        for judge, sighted, into in ((gate, everything, seen), (other, real, seen_without)):
            new = judge.seen_anew({version: Sighted(verdict.changed, sighted)})[version]
            assert isinstance(new, SeenAnew)
            into.append(CameraPicture(at, key, new.sightings))
    return (
        _day(synthetic, pictures, events_of(camera, seen), len(seen)),
        _day(synthetic, pictures, events_of(camera, seen_without), len(seen_without)),
    )


def _day(synthetic: SyntheticCamera, pictures: int, events: Sequence[CameraEvent], asked: int) -> Day:
    found = sum(any(_is_of(event, visit) for event in events) for visit in synthetic.visits)
    false = [event for event in events if not any(_is_of(event, visit) for visit in synthetic.visits)]
    return Day(pictures, asked, len(synthetic.visits), found, len(false))


def _is_of(event: CameraEvent, visit: Visit) -> bool:
    return (
        event.label == visit.label
        and event.begin - MIDNIGHT < visit.end + EVERY_SECONDS
        and event.end - MIDNIGHT > visit.begin - EVERY_SECONDS
    )


def main(seeds: range) -> None:
    print(
        "| camera, day | pictures | asked | visits | found | false events | without the ghost "
        "| dollars a day | all asked |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for seed in seeds:
        # A day of its own for each camera: of one, about the same pictures are asked about everywhere.
        background = BACKGROUNDS[seed % len(BACKGROUNDS)]
        day, without = a_day(some_day(background, seed))
        name = background.removesuffix(".jpg")
        print(_row(f"{name}, {seed}", day, without), flush=True)


def _row(name: str, day: Day, without: Day) -> str:
    everything = day.pictures * DOLLARS_A_CALL
    return (
        f"| {name} | {day.pictures:,} | {day.asked:,} ({day.asked / day.pictures:.1%}) | {day.visits} "
        f"| {day.found} ({day.found / max(day.visits, 1):.0%}) | {day.false} "
        f"| {without.found} found, {without.false} false | {day.dollars:.2f} | {everything:.2f} |"
    )


if __name__ == "__main__":
    first, after = map(int, sys.argv[1:] or (0, 3))
    main(range(first, after))
