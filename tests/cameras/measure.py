"""`python -m tests.cameras.measure`: days of synthesized cameras, what is asked, found and falsely told."""

import sys
from typing import NamedTuple

from contract.camera_events import CameraEvent, CameraPicture, events_of
from contract.cameras import Camera, Cameras
from contract.metrics import Metric
from contract.moments import to_text
from contract.prices import DOLLARS_A_CALL
from contract.records import ImageVersion
from processors.cameras.gate import CameraGate, GateVerdict
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


def a_day(synthetic: SyntheticCamera) -> Day:
    """Have the gate look at each picture of a day, and hold events against what was drawn."""
    camera = Camera("yard", "cameras/yard/", gone_after_seconds=60)
    gate = CameraGate(Cameras([camera]), MemoryScenes(), NoMetrics())
    pictures, asked, seen = 0, 0, list[CameraPicture]()
    for frame in synthetic.frames():
        at = MIDNIGHT + frame.at
        key = f"cameras/yard/{pictures:05}.jpg"
        version = ImageVersion(key, f"{pictures}", 1, None, to_text(at))
        verdict = gate.judge({version: frame.cells})[version]
        assert isinstance(verdict, GateVerdict)
        pictures += 1
        if verdict.is_asked:
            asked += 1
            seen.append(CameraPicture(at, key, sightings(frame.answer, verdict.changed)))
    events = events_of(camera, seen)
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
    days: list[Day] = []
    print("| camera | pictures | asked | visits | found | false events | dollars a day | all asked |")
    print("|---|---|---|---|---|---|---|---|")
    for seed in seeds:
        for background in BACKGROUNDS:
            day = a_day(some_day(background, seed))
            days.append(day)
            print(_row(background.removesuffix(".jpg"), day), flush=True)
    print(_row("all", Day(*(sum(parts) for parts in zip(*days, strict=True)))))


def _row(name: str, day: Day) -> str:
    everything = day.pictures * DOLLARS_A_CALL
    return (
        f"| {name} | {day.pictures:,} | {day.asked:,} ({day.asked / day.pictures:.1%}) | {day.visits} "
        f"| {day.found} ({day.found / max(day.visits, 1):.0%}) | {day.false} | {day.dollars:.2f} | "
        f"{everything:.2f} |"
    )


if __name__ == "__main__":
    main(range(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
