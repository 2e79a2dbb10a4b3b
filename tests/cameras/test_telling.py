"""What is told of cameras: each thing once, whatever is killed, late, again or gone."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.camera_events import PERSON_MARK, CameraPicture, SeenPerson, WatchedPersons
from contract.camera_telling import MOST_TOLD, CameraMessage, ToldState
from contract.cameras import Camera, Cameras
from contract.errors import ConfigurationError
from contract.items import from_wire, to_wire
from contract.sightings import PictureBox, Sighting
from processors.cameras.telling import AnnouncedPicture, CameraTelling, subject_of

NOON = 1_795_780_800.0
DOOR = Camera(
    "door",
    "cameras/door/",
    gone_after_seconds=60,
    silent_after_seconds=600,
    digest="13:00",
    quiet=("22:00", "06:00"),
)
SOMEBODY = Sighting.of("Person", 90.0, PictureBox(0.4, 0.4, 0.1, 0.2))
CAR = Sighting.of("Car", 90.0, PictureBox(0.1, 0.1, 0.1, 0.1))


class KilledError(Exception):
    """The worker is gone."""


@dataclass
class Scene:
    """One camera, a clock, what was told. After `dies_after` messages the worker is killed."""

    camera: Camera = DOOR
    now: float = NOON
    pictures: dict[float, CameraPicture] = field(default_factory=dict)
    item: dict[str, object] | None = None
    told: list[CameraMessage] = field(default_factory=list)
    dies_after: int = -1
    logged: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def read(self, _camera: str) -> ToldState:
        return ToldState() if self.item is None else ToldState.from_item(from_wire(to_wire(self.item)))

    def write(self, camera: str, state: ToldState) -> bool:
        if self.read(camera).version != state.version:
            return False
        self.item = state.to_item()
        return True

    def send(self, _camera: Camera, message: CameraMessage) -> None:
        self.told.append(message)
        self.dies_after -= 1
        if self.dies_after == 0:
            raise KilledError

    def telling(self, *others: Camera) -> CameraTelling:
        def pictures(
            _camera: Camera, since: float, until: float, watched: WatchedPersons
        ) -> list[CameraPicture]:
            return [
                each._replace(persons=tuple(seen for seen in each.persons if seen.person in watched.ids))
                for at, each in self.pictures.items()
                if since <= at <= until
            ]

        cameras = Cameras([self.camera, *others])
        return CameraTelling(
            cameras, self.read, self.write, pictures, self.send, lambda: self.now, self, lambda: self.names
        )

    def warning(self, message: str, **_: object) -> None:
        self.logged.append(message)

    error = warning

    def exception(self, message: str, **_: object) -> None:
        self.logged.append(f"{message}, with its trace")

    def take(self, seconds: float, *, somebody: bool = True, car: bool = False, persons: str = "") -> None:
        """Have a picture come that was taken some seconds after noon, now or before; persons are letters."""
        at = NOON + seconds
        self.now = max(self.now, at)
        seen = (SOMEBODY,) * somebody + (CAR,) * car
        if seen or persons:
            there = tuple(SeenPerson(person, 95.0, None) for person in persons)
            self.pictures[at] = CameraPicture(at, f"{seconds}.jpg", seen, there)
        assert not self.telling().take([AnnouncedPicture("door", at)])

    def tick(self, seconds: float) -> None:
        self.now = NOON + seconds
        self.telling().tick()

    @property
    def words(self) -> list[str]:
        return [message.event for message in self.told]


def test_who_comes_and_goes_is_told_once_each() -> None:
    scene = Scene()
    for seconds in (0, 10, 20):
        scene.take(seconds)
    assert scene.words == ["begin"]
    scene.tick(70)
    assert scene.words == ["begin"]
    scene.tick(90)
    scene.tick(150)

    assert scene.words == ["begin", "end"]
    begin, end = scene.told
    assert (begin.id.removesuffix("-begin"), end.id) == (end.id.removesuffix("-end"), end.id)
    assert end.about is not None
    assert (end.about.pictures, end.at) == (3, NOON + 20)
    assert (subject_of(begin), subject_of(end)) == ("Camera door: Person came", "Camera door: Person gone")


def test_an_earlier_picture_that_comes_late_does_not_tell_it_again() -> None:
    scene = Scene()
    for seconds in (30, 0, 60):
        scene.take(seconds)
    scene.tick(130)

    assert scene.words == ["begin", "end"]


def test_history_is_listed_and_not_told() -> None:
    scene = Scene(DOOR._replace(silent_after_seconds=0, digest=""), now=NOON + 7_200)
    scene.take(0)

    assert scene.words == []


def test_what_is_deleted_while_it_goes_on_is_over() -> None:
    scene = Scene()
    scene.take(0)
    scene.pictures.clear()
    scene.tick(61)
    scene.tick(121)

    assert scene.words == ["begin", "end"]


def test_a_camera_that_falls_silent_is_told_of_and_when_it_is_back() -> None:
    scene = Scene()
    scene.take(0, somebody=False)
    scene.tick(600)
    assert scene.words == []
    scene.tick(601)
    scene.tick(661)
    assert scene.words == ["silence"]
    scene.take(700, somebody=False)
    scene.take(710, somebody=False)

    assert scene.words == ["silence", "back"]


def test_a_day_is_told_at_its_hour() -> None:
    scene = Scene()
    for seconds in (0, 200, 400):
        scene.take(seconds)
    scene.tick(3_599)
    assert "digest" not in scene.words
    scene.tick(3_600)
    scene.tick(3_660)

    (digest,) = [message for message in scene.told if message.event == "digest"]
    assert digest.counts == {"Person": 3}


def test_what_began_in_the_minute_of_a_digest_is_in_the_next_and_in_one_alone() -> None:
    """The schedule asks somewhere in a minute, so from one digest to the next is a day, or a little more."""
    scene = Scene(DOOR._replace(silent_after_seconds=0))
    scene.take(3_580)
    scene.tick(3_600 + 5)
    scene.take(3_600 + 45)
    scene.tick(3_600 + 86_400 + 55)
    # The next one is late by most of a day, and sent with the picture.
    scene.take(3 * 86_400)
    scene.tick(3_600 + 3 * 86_400 + 55)

    digests = [message.counts for message in scene.told if message.event == "digest"]
    assert digests == [{"Person": 1}, {"Person": 1}, {}, {"Person": 1}]


def test_what_goes_on_for_long_ends_with_its_begin() -> None:
    scene = Scene(DOOR._replace(silent_after_seconds=0, digest=""))
    for seconds in range(0, 3 * 3_600 + 1, 50):
        scene.take(seconds)
    scene.tick(3 * 3_600 + 61)

    assert scene.words == ["begin", "end"]
    _, end = scene.told
    assert end.about is not None
    assert (end.about.begin, end.about.end) == (NOON, NOON + 3 * 3_600)


def test_what_goes_on_is_told_once_however_much_else_comes_and_goes() -> None:
    scene = Scene(DOOR._replace(silent_after_seconds=0, digest="", gone_after_seconds=20))
    for seconds in range(0, 330 * 15, 15):
        scene.take(seconds, somebody=seconds % 45 == 0, car=True)

    cars = [message for message in scene.told if message.about is not None and message.about.label == "Car"]
    assert [message.event for message in cars] == ["begin"]
    assert len(scene.told) > 2 * MOST_TOLD


def test_a_camera_that_cannot_be_told_of_holds_up_no_other() -> None:
    scene = Scene()
    yard = Camera("yard", "cameras/yard/")
    telling = scene.telling(yard)
    readable = scene.read

    def read(camera: str) -> ToldState:
        if camera == "yard":
            raise ConfigurationError("UnreadableTelling", "delete the item")
        return readable(camera)

    scene.pictures[NOON] = CameraPicture(NOON, "a.jpg", (SOMEBODY,))
    announced = [AnnouncedPicture("yard", NOON), AnnouncedPicture("door", NOON)]
    broken = replace(telling, read=read)
    assert broken.take(announced) == {"yard"}
    assert scene.words == ["begin"]
    with pytest.raises(ConfigurationError):
        broken.tick()
    assert scene.logged == ["the camera yard cannot be told of, with its trace"] * 2


def test_within_a_cooldown_and_in_quiet_hours_nothing_is_told() -> None:
    scene = Scene(DOOR._replace(cooldown_seconds=600, silent_after_seconds=0))
    for seconds in (0, 200, 700):
        scene.take(seconds)
    assert scene.words == ["begin", "end", "begin"]

    night = Scene(DOOR._replace(silent_after_seconds=0), now=NOON + 11 * 3_600)
    night.take(11 * 3_600)
    night.tick(11 * 3_600 + 120)
    assert night.words == []


def test_a_camera_that_others_change_all_the_time_is_left_to_the_next_time() -> None:
    scene = Scene()
    scene.take(0, somebody=False)
    scene.write = lambda *_: False  # type: ignore[method-assign]

    scene.pictures[NOON] = CameraPicture(NOON, "a.jpg", (SOMEBODY,))
    assert scene.telling().take([AnnouncedPicture("door", NOON)]) == {"door"}
    scene.tick(601)
    (said,) = set(scene.logged)
    assert said.startswith("the camera door is not told of yet, and is tried again: CameraContended")
    assert "its trace" not in said


@given(
    st.lists(
        st.tuples(st.integers(0, 900), st.integers(-1, 2)), min_size=1, max_size=8, unique_by=lambda p: p[0]
    )
)
def test_everything_is_told_whenever_a_worker_is_killed(steps: list[tuple[int, int]]) -> None:
    """Begin and end of each event are told at least once, and no id for two things."""
    scene = Scene(DOOR._replace(silent_after_seconds=0, digest=""))
    for seconds, dies_after in steps:
        scene.dies_after = dies_after
        try:
            scene.take(seconds)
        except KilledError:
            # SQS brings the completion again.
            scene.dies_after = -1
            scene.take(seconds)
    scene.dies_after = -1
    scene.tick(1_000)

    begins = {message.id.removesuffix("-begin") for message in scene.told if message.event == "begin"}
    ends = {message.id.removesuffix("-end") for message in scene.told if message.event == "end"}
    assert begins == ends
    assert begins


@given(
    st.lists(
        st.tuples(st.integers(0, 900), st.integers(-1, 2), st.sampled_from(["a", "b", "ab", ""])),
        min_size=1,
        max_size=8,
        unique_by=lambda step: step[0],
    ),
    st.integers(0, 8),
)
def test_who_is_forgotten_at_any_time_leaves_nothing_and_what_began_is_told_to_be_over(
    steps: list[tuple[int, int, str]], forgotten_before: int
) -> None:
    """Ann is forgotten before one of the steps, or at the end; Ben stays. A worker may be killed at each."""
    door = DOOR._replace(silent_after_seconds=0, digest="", watch_people=("Ann", "Ben"))
    scene = Scene(door, names={"a": "Ann", "b": "Ben"})
    for number, (seconds, dies_after, persons) in enumerate(steps):
        if number == forgotten_before:
            del scene.names["a"]
        scene.dies_after = dies_after
        try:
            scene.take(seconds, somebody=False, persons=persons)
        except KilledError:
            scene.dies_after = -1
            scene.take(seconds, somebody=False, persons=persons)
    scene.names.pop("a", None)
    scene.dies_after = -1
    scene.tick(1_000)

    marks = {each.label for each in scene.read("door").told}
    ben = WatchedPersons(frozenset({"b"})).marks(door)
    assert marks <= ben
    assert all(mark.startswith(PERSON_MARK) for mark in marks)
    begins, ends = (
        {message.id.removesuffix(f"-{word}") for message in scene.told if message.event == word}
        for word in ("begin", "end")
    )
    assert begins == ends
