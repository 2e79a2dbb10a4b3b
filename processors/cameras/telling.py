"""Telling of cameras: what comes and goes, which of them is silent, and what a day was like."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from contract.camera_events import NOBODY, CameraPicture, WatchedPersons, events_of
from contract.camera_telling import CameraMessage, ToldState
from contract.cameras import Camera, Cameras
from contract.errors import ImagepipeError, NotReadyError, TransientError
from contract.moments import to_seconds
from processors.telemetry import Log

# Two workers and the schedule change one item: each time, one of them gets through.
MAX_TRIES = 10


class AnnouncedPicture(NamedTuple):
    """What a completion says of a camera's picture; `at` is when it was uploaded, in seconds since 1970."""

    camera: str
    at: float

    @classmethod
    def of(cls, completion: Mapping[str, Any]) -> "AnnouncedPicture":
        """Read a completion. Raise KeyError, TypeError or ValueError for what is no camera's."""
        return cls(str(completion["look"]["camera"]), to_seconds(completion["uploaded_at"]))


@dataclass(frozen=True)
class CameraTelling:
    """Tells of all cameras.

    `read` returns what was told of a camera, `write` keeps it and tells whether it was still what had been
    read. `pictures` reads those between two times in which something was seen, `send` returns when a message
    is taken. `clock` gives seconds since 1970. `names` reads those of who is looked for, by id, where a
    camera watches for persons; from `least_percent` on, somebody is there.
    """

    cameras: Cameras
    read: Callable[[str], ToldState]
    write: Callable[[str, ToldState], bool]
    pictures: Callable[[Camera, float, float, WatchedPersons], Sequence[CameraPicture]]
    send: Callable[[Camera, CameraMessage], None]
    clock: Callable[[], float]
    log: Log
    names: Callable[[], Mapping[str, str]] = dict
    least_percent: float = 0.0

    def take(self, announced: Sequence[AnnouncedPicture]) -> frozenset[str]:
        """Tell what pictures change; return the cameras of which that could not be told."""
        by_camera: dict[str, list[float]] = {}
        for picture in announced:
            by_camera.setdefault(picture.camera, []).append(picture.at)
        failed, names = set[str](), cache(self.names)
        for name, times in by_camera.items():
            # One that was taken out of the file meanwhile is nobody's any more.
            if (camera := self.cameras.by_name.get(name)) is None:
                continue
            try:
                self._advance(camera, times, names)
            except ImagepipeError as error:
                self._could_not(camera, error)
                failed.add(name)
        return frozenset(failed)

    def tick(self) -> int:
        """Tell what time changes; return how many messages that were. Raise what failed, at the end.

        What passes is left to the next minute.
        """
        sent, names = 0, cache(self.names)
        failed: ImagepipeError | None = None
        for camera in self.cameras.all:
            try:
                sent += self._advance(camera, (), names)
            except ImagepipeError as error:
                self._could_not(camera, error)
                failed = failed if isinstance(error, TransientError) else error
        if failed is not None:
            raise failed
        return sent

    def _could_not(self, camera: Camera, error: ImagepipeError) -> None:
        if isinstance(error, TransientError):
            self.log.warning(f"the camera {camera.name} is not told of yet, and is tried again: {error}")
        else:
            self.log.exception(f"the camera {camera.name} cannot be told of", error=str(error))

    def _advance(self, camera: Camera, times: Sequence[float], names: Callable[[], Mapping[str, str]]) -> int:
        sent: set[str] = set()
        for _ in range(MAX_TRIES):
            now = self.clock()
            before = self.read(camera.name)
            after = before.heard(times, now)
            is_open = times or any(not each.is_over for each in before.told)
            is_due = after.is_digest_due(camera, now)
            watched = NOBODY
            if camera.watch_people and (is_open or is_due or before.is_about_persons):
                watched = WatchedPersons.of(camera, names(), self.least_percent)
            after, messages = after.without_others(camera, watched.marks(camera))
            events = []
            if is_open:
                since = before.read_from(camera, times, now)
                # S3's clock may be before ours.
                events = events_of(camera, self.pictures(camera, since, max([now, *times]), watched))
            after, told = after.advanced(camera, events, now)
            messages += told
            if is_due:
                since = after.digest_from(camera, now)
                pictures = self.pictures(camera, since, now, watched)
                after, digest = after.digested(camera, events_of(camera, pictures), now)
                messages.append(digest)
            for message in messages:
                if message.id not in sent:
                    self.send(camera, message)
                    sent.add(message.id)
            if after == before or self.write(camera.name, after):
                return len(sent)
        raise NotReadyError(
            "CameraContended",
            f"what was told of the camera {camera.name} was changed by others {MAX_TRIES} times",
        )


def subject_of(message: CameraMessage) -> str:
    """Return what stands above a mail: one line, ASCII."""
    said: Mapping[str, str] = {
        "silence": "no pictures any more",
        "back": "pictures again",
        "digest": f"{sum(message.counts.values())} events",
    }
    about = message.about
    what = said.get(message.event) or (
        f"{about.label or 'somebody watched for'} {'came' if message.event == 'begin' else 'gone'}"
        if about
        else "an event is over"
    )
    return f"Camera {message.camera}: {what}".encode("ascii", "replace").decode()[:100]
