"""Which pictures of cameras are asked about: those that show what is new, and nothing else.

A picture that is asked about is noted as such, with what had changed in it, before its camera's scene goes
on: whatever is killed in between, and however often its message comes, it stays asked about. What is not
asked about is decided anew each time, and costs nothing either way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from contract.cameras import CELLS, Camera, Cameras, masked_cells
from contract.errors import ImagepipeError, NotReadyError
from contract.metrics import Metric
from contract.moments import to_seconds, to_text
from contract.records import ImageVersion
from contract.sightings import MOST_SIGHTINGS, FaceSighting, Sighting
from processors.cameras.scene import Cells, SceneChange, SceneState, change, first_scene, learned, news
from processors.cameras.standing import StandingState, seen_anew
from processors.telemetry import Metrics

# Workers that have pictures of one camera at the same time change one item: each time, one gets through.
MAX_TRIES = 10
# A scene in which nothing is new is written this often: what it learns in between would be worth no write.
LEARNED_EVERY_SECONDS = 30.0
# What has stood somewhere for so long belongs there.
STANDING_SECONDS = 60.0
# A camera that is still sent pictures keeps its scene; one that is not is set up anew after this.
SCENE_KEPT_SECONDS = 30 * 86_400


class GateVerdict(NamedTuple):
    """Whether a picture is asked about, for what has `changed`.

    It is not where it shows what there was at the time `unchanged_since`, empty for what is always there.
    """

    camera: Camera
    changed: Cells = frozenset()
    unchanged_since: str | None = None

    @property
    def is_asked(self) -> bool:
        return self.unchanged_since is None


class Pictured(NamedTuple):
    """One picture of a camera, by the brightness of its cells; `at` is in seconds since 1970."""

    version: ImageVersion
    cells: bytes
    at: float

    @classmethod
    def of(cls, version: ImageVersion, cells: bytes) -> "Pictured":
        return cls(version, cells, to_seconds(version.uploaded_at))

    @property
    def id(self) -> str:
        return self.version.own_content_id


class Noted(NamedTuple):
    """A picture that is asked about, and what had changed in it."""

    key: str
    changed: Cells


class Sighted(NamedTuple):
    """What detectors saw in a picture that was asked about, and what had changed in it."""

    changed: Cells
    sightings: Sequence[Sighting]
    faces: Sequence[FaceSighting] = ()


class SeenAnew(NamedTuple):
    """What of it was new: it stands where the picture has changed, and where something else was seen."""

    sightings: tuple[Sighting, ...]
    faces: tuple[FaceSighting, ...] = ()

    @classmethod
    def of(cls, seen: Sequence[Sighting | FaceSighting]) -> "SeenAnew":
        """Sort what was seen, and keep as much as a record does."""
        sightings = tuple(each for each in seen if isinstance(each, Sighting))
        faces = tuple(each for each in seen if isinstance(each, FaceSighting))
        return cls(sightings[:MOST_SIGHTINGS], faces[:MOST_SIGHTINGS])


class SceneStore(Protocol):
    """Keeps scenes, which pictures are asked about, and what was seen to stand there."""

    def read(self, camera: str, pictures: Sequence[str]) -> tuple[SceneState, Mapping[str, Cells]]:
        """Return a scene as of now, and those of the pictures that are asked about, with what had changed."""

    def write(self, camera: str, state: SceneState) -> bool:
        """Keep a scene, and return True, if what is there has still the version that was read."""

    def note_asked(self, camera: str, asked: Mapping[str, Noted]) -> Mapping[str, Cells]:
        """Keep that pictures are asked about; return what is kept of each, which may be older."""

    def read_standing(self, camera: str) -> StandingState:
        """Return what stands before a camera all along, as of now."""

    def write_standing(self, camera: str, state: StandingState) -> bool:
        """Keep it, and return True, if what is there has still the version that was read."""


@dataclass(frozen=True)
class CameraGate:
    """Judges the pictures of one batch."""

    cameras: Cameras
    store: SceneStore
    metrics: Metrics

    def judge(
        self, pictures: Mapping[ImageVersion, bytes]
    ) -> dict[ImageVersion, GateVerdict | ImagepipeError]:
        """Return what is to be done with each picture that is a camera's."""
        of_cameras: dict[Camera, list[Pictured]] = {}
        for version, cells in pictures.items():
            camera = self.cameras.of(version.key)
            if camera is not None and len(cells) == CELLS:
                of_cameras.setdefault(camera, []).append(Pictured.of(version, cells))
        verdicts: dict[ImageVersion, GateVerdict | ImagepipeError] = {}
        for camera, taken in of_cameras.items():
            in_order = sorted(taken, key=lambda each: (each.at, each.version.key))
            try:
                verdicts |= self._judge(camera, in_order)
            except ImagepipeError as error:
                verdicts |= dict.fromkeys((each.version for each in in_order), error)
        unchanged = sum(isinstance(each, GateVerdict) and not each.is_asked for each in verdicts.values())
        self.metrics.add(Metric.PICTURES_UNCHANGED, unchanged)
        return verdicts

    def _judge(self, camera: Camera, pictures: Sequence[Pictured]) -> dict[ImageVersion, GateVerdict]:
        masked = masked_cells(camera.masks)
        for _ in range(MAX_TRIES):
            before, standing = self.store.read(camera.name, [each.id for each in pictures])
            after, verdicts = _looked_at(camera, before, pictures, standing, masked)
            new = {
                each.id: Noted(each.version.key, verdicts[each.version].changed)
                for each in pictures
                if verdicts[each.version].is_asked and each.id not in standing
            }
            if new:
                kept = self.store.note_asked(camera.name, new)
                verdicts |= {
                    each.version: GateVerdict(camera, kept[each.id]) for each in pictures if each.id in kept
                }
            is_worth_it = bool(new) or after.as_of - before.as_of >= LEARNED_EVERY_SECONDS
            if after == before or not is_worth_it or self.store.write(camera.name, after):
                return verdicts
        raise _contended(camera)

    def seen_anew(
        self, seen: Mapping[ImageVersion, Sighted]
    ) -> dict[ImageVersion, SeenAnew | ImagepipeError]:
        """Return what was seen anew in each picture."""
        of_cameras: dict[Camera, list[ImageVersion]] = {}
        for version in sorted(seen, key=lambda each: (to_seconds(each.uploaded_at), each.key)):
            if (camera := self.cameras.of(version.key)) is not None:
                of_cameras.setdefault(camera, []).append(version)
        found: dict[ImageVersion, SeenAnew | ImagepipeError] = {}
        for camera, versions in of_cameras.items():
            try:
                found |= self._seen_anew(camera, {version: seen[version] for version in versions})
            except ImagepipeError as error:
                found |= dict.fromkeys(versions, error)
        return found

    def _seen_anew(
        self, camera: Camera, seen: Mapping[ImageVersion, Sighted]
    ) -> dict[ImageVersion, SeenAnew]:
        for _ in range(MAX_TRIES):
            before = after = self.store.read_standing(camera.name)
            found: dict[ImageVersion, SeenAnew] = {}
            for version, each in seen.items():
                at = to_seconds(version.uploaded_at)
                everything: list[Sighting | FaceSighting] = [*each.sightings, *each.faces]
                after, new = seen_anew(after, everything, each.changed, at)
                found[version] = SeenAnew.of(new)
            if after == before or self.store.write_standing(camera.name, after):
                return found
        raise _contended(camera)


def _contended(camera: Camera) -> NotReadyError:
    return NotReadyError(
        "CameraContended", f"what the camera {camera.name} shows was changed by others {MAX_TRIES} times"
    )


def _looked_at(
    camera: Camera,
    state: SceneState,
    pictures: Sequence[Pictured],
    standing: Mapping[str, Cells],
    masked: Cells,
) -> tuple[SceneState, dict[ImageVersion, GateVerdict]]:
    """Return the scene after all pictures, and what is to be done with each."""
    verdicts: dict[ImageVersion, GateVerdict] = {}
    for picture in pictures:
        is_late = picture.at < state.as_of
        if not state.mean:
            state = _as_last(first_scene(picture.cells, picture.at), picture)
            verdicts[picture.version] = GateVerdict(camera, standing.get(picture.id, frozenset()))
            continue
        found = change(state, picture.cells, masked)
        if picture.id in standing:
            verdicts[picture.version] = GateVerdict(camera, standing[picture.id])
        else:
            verdicts[picture.version] = _verdict(camera, state, picture, found, masked)
        if not is_late:
            is_asked = verdicts[picture.version].is_asked
            state = _gone_on(state, picture, found, is_asked=is_asked)
    return state, verdicts


def _verdict(
    camera: Camera, state: SceneState, picture: Pictured, found: SceneChange, masked: Cells
) -> GateVerdict:
    if found.is_switch:
        return GateVerdict(camera)
    if not found.cells:
        return GateVerdict(camera, unchanged_since="")
    # That it is the last one itself is known where the note of it was not read yet.
    if state.last_id == picture.id or news(state, picture.cells, masked, found):
        return GateVerdict(camera, found.cells)
    return GateVerdict(camera, unchanged_since=to_text(state.last_at))


def _gone_on(state: SceneState, picture: Pictured, found: SceneChange, *, is_asked: bool) -> SceneState:
    if found.is_switch:
        state = first_scene(picture.cells, picture.at)._replace(version=state.version)
    else:
        is_standing = not is_asked and picture.at - state.last_at >= STANDING_SECONDS
        state = learned(state, picture.cells, picture.at, found.cells, is_standing=is_standing)
    return _as_last(state, picture) if is_asked else state


def _as_last(state: SceneState, picture: Pictured) -> SceneState:
    return state._replace(
        last=picture.cells, last_key=picture.version.key, last_id=picture.id, last_at=picture.at
    )
