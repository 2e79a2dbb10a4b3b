"""What the setting `scenes` would save, as an estimate: the share of photos with another's answers.

There are two ways to one. Of photos that were looked at before, the table knows camera, time and perceptual
hash, and the rule of the processor is applied to those. Of photos that nobody has looked at, the beginnings
of some are read: they say when and with what the photo was taken, and nothing of how alike two pictures are,
so what comes of it is the most that there can be.

The processor puts photos of one batch together. Which ones share a batch, a queue decides; here it is those
that follow each other in the listing, as after a backfill.
"""

import random
import struct
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice

from contract.photos import MAX_TEXT_CHARACTERS, PhotoFacts
from contract.scenes import scenes_of
from operations.inventory import Listed
from operations.planning import Assessed

# EXIF comes first in the files of most cameras and phones, in JPEG within a segment of 64 KB.
BEGINNING_BYTES = 128 * 1024
_MARK = b"Exif\0\0"
_BYTE_ORDERS = (b"II*\0", b"MM\0*")
_MAKE, _MODEL, _EXIF, _TAKEN, _FRACTION = 0x010F, 0x0110, 0x8769, 0x9003, 0x9291
# Whatever Pillow raises over EXIF that is damaged or hostile.
_DAMAGED = (ValueError, KeyError, TypeError, IndexError, OverflowError, SyntaxError, OSError, struct.error)
# Of pictures that were not compared: all of them look the same.
_NOT_COMPARED = "0" * 16


class SceneBasis(StrEnum):
    """What an estimate comes from."""

    FACTS = "facts"
    BEGINNINGS = "beginnings"


@dataclass(frozen=True)
class SceneEstimate:
    """Of so many `photos`, so many would be `spared` their calls. `dated` say when and with what."""

    basis: SceneBasis
    photos: int
    spared: int
    dated: int

    @property
    def share(self) -> float:
        return self.spared / self.photos if self.photos else 0.0

    def spared_calls(self, calls: Mapping[str, int]) -> dict[str, int]:
        """Return how many of these calls, by detector, would not be made."""
        return {name: round(count * self.share) for name, count in calls.items()}


@dataclass
class _Counted:
    photos: int = 0
    spared: int = 0
    dated: int = 0

    def add(self, photos: dict[str, PhotoFacts]) -> None:
        self.photos += len(photos)
        self.dated += sum(bool(photo.camera and photo.taken_at) for photo in photos.values())
        self.spared += sum(len(scene.inheriting) for scene in scenes_of(photos))


@dataclass
class KnownScenes:
    """Scenes among photos whose facts the table has, `together` at a time as they are listed."""

    together: int
    _counted: _Counted = field(default_factory=_Counted)
    _waiting: dict[str, PhotoFacts] = field(default_factory=dict)

    def add(self, page: Sequence[Assessed]) -> None:
        for assessed in page:
            record = assessed.record
            if record is None or record.photo is None or record.photo.is_film:
                continue
            if not record.is_of(assessed.listed):
                continue
            self._waiting[f"{record.etag}-{record.size_bytes}"] = record.photo
            if len(self._waiting) == self.together:
                self._take()

    def estimate(self) -> SceneEstimate | None:
        """Return what was found; None where nothing is known of any photo."""
        self._take()
        found = self._counted
        if not found.photos:
            return None
        return SceneEstimate(SceneBasis.FACTS, found.photos, found.spared, found.dated)

    def _take(self) -> None:
        self._counted.add(self._waiting)
        self._waiting = {}


@dataclass
class SampledScenes:
    """Scenes among some photos that are to be asked about, by the beginnings of their files.

    Drawn are runs of photos that follow each other, at most `most` photos, each run as likely as any other
    (https://en.wikipedia.org/wiki/Reservoir_sampling, algorithm R), so memory holds no more than those.
    """

    together: int
    most: int
    dice: random.Random
    _runs: list[list[Listed]] = field(default_factory=list)
    _seen: int = 0
    _run: list[Listed] = field(default_factory=list)
    _counted: _Counted = field(default_factory=_Counted)

    def add(self, page: Sequence[Assessed]) -> None:
        for assessed in page:
            if assessed.calls and assessed.film is None:
                self._run.append(assessed.listed)
                if len(self._run) == self.together:
                    self._keep()

    def _keep(self) -> None:
        room = max(1, self.most // self.together)
        self._seen += 1
        if len(self._runs) < room:
            self._runs.append(self._run)
        elif (place := self.dice.randrange(self._seen)) < room:
            self._runs[place] = self._run
        self._run = []

    def read(self, beginning: Callable[[Listed], bytes], executor: Executor) -> Iterator[int]:
        """Read what was drawn; yield how many photos were read so far. To be called once, at the end."""
        if self._run:
            self._keep()
        for run in self._runs:
            with warnings.catch_warnings():
                # What Pillow says of damaged EXIF.
                warnings.simplefilter("ignore", UserWarning)
                read = executor.map(lambda listed: facts_of_beginning(beginning(listed)), run)
                self._counted.add({listed.etag: facts for listed, facts in zip(run, read, strict=True)})
            yield self._counted.photos

    def estimate(self) -> SceneEstimate | None:
        found = self._counted
        if not found.photos:
            return None
        return SceneEstimate(SceneBasis.BEGINNINGS, found.photos, found.spared, found.dated)


def facts_of_beginning(content: bytes) -> PhotoFacts:
    """Return when and with what a photo was taken, as far as the beginning of its file says."""
    from PIL import Image

    camera, taken_at = None, None
    for block in islice(_blocks(content), 2):
        exif = Image.Exif()
        try:
            exif.load(block)
            camera = f"{exif.get(_MAKE)} {exif.get(_MODEL)}".strip("\0 ")[:MAX_TEXT_CHARACTERS]
            below = exif.get_ifd(_EXIF)
            taken_at = _moment(str(below.get(_TAKEN)), str(below.get(_FRACTION, "")))
        except _DAMAGED:
            continue
        if taken_at:
            break
    return PhotoFacts("?", 1, 1, False, camera=camera, taken_at=taken_at, hash=_NOT_COMPARED)


def _blocks(content: bytes) -> Iterator[bytes]:
    """Yield what follows each mark of EXIF, in whatever format the file is."""
    place = content.find(_MARK)
    while place >= 0:
        block = content[place + len(_MARK) :]
        if block.startswith(_BYTE_ORDERS):
            yield block
        place = content.find(_MARK, place + 1)


def _moment(text: str, fraction: str) -> str | None:
    try:
        at = datetime.strptime(text.strip("\0 "), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    milliseconds = fraction.strip("\0 ")[:3].ljust(3, "0")
    return f"{at.isoformat()}.{milliseconds if milliseconds.isascii() and milliseconds.isdigit() else '000'}"
