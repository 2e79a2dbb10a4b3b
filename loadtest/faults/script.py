"""What happens to the bucket during the run, and who does it.

Uploads in waves, and changes to what was uploaded before; small photos, each with bytes of its own.
"""

import hashlib
import io
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

from PIL import Image, ImageEnhance

from loadtest import ROOT
from loadtest.faults.calls import Photograph
from loadtest.faults.cameras import camera_picture, keys_of_wave
from loadtest.faults.films import is_film, is_h264
from local.cloud.environment import LocalClients, Outputs
from local.demo.draining import ask_again

WAVES = 6
# Shares of the photos, in percent.
OVERWRITTEN_PERCENT = 10
DELETED_PERCENT = 8
COPIED_PERCENT = 5
LOOKED_AT_AGAIN_PERCENT = 12
# Films beside so many photos; the first is copied, and the third deleted.
PHOTOS_A_FILM = 50
LEAST_FILMS = 3

_FOLDERS = ("2023/spring", "2023/höhle + see", "2024/a b", "2024/100% sharp", "inbox")


class Act(StrEnum):
    """What is done to a key."""

    UPLOAD = "upload"
    OVERWRITE = "overwrite"
    DELETE = "delete"
    COPY = "copy"
    LOOK_AGAIN = "look again"
    FILM = "upload a film"
    PICTURE = "upload a picture of the camera"


@dataclass(frozen=True)
class ScriptStep:
    """One act. A copy is made of `source`."""

    act: Act
    key: str
    source: str = ""


def script_of(seed: int, photos: int) -> list[list[ScriptStep]]:
    """Write the script: some waves, each with new photos and changes to photos of this or an earlier wave.

    A key is changed at most once, after its upload; a copied one not at all, for its bytes are still needed.
    """
    dice = random.Random(f"{seed} script")
    keys = [f"{dice.choice(_FOLDERS)}/photo {number:04}.jpg" for number in range(photos)]
    waves: list[list[ScriptStep]] = [[] for _ in range(WAVES)]
    for number, key in enumerate(keys):
        waves[number * WAVES // photos].append(ScriptStep(Act.UPLOAD, key))
    chosen = iter(dice.sample(keys, photos))
    wave_of = {key: number * WAVES // photos for number, key in enumerate(keys)}
    for act, percent in (
        (Act.OVERWRITE, OVERWRITTEN_PERCENT),
        (Act.DELETE, DELETED_PERCENT),
        (Act.COPY, COPIED_PERCENT),
        (Act.LOOK_AGAIN, LOOKED_AT_AGAIN_PERCENT),
    ):
        for _ in range(photos * percent // 100):
            key = next(chosen)
            wave = waves[dice.randint(wave_of[key], WAVES - 1)]
            step = ScriptStep(act, f"copies/{key}", key) if act is Act.COPY else ScriptStep(act, key)
            wave.insert(dice.randint(_after(wave, key), len(wave)), step)
    for number, wave in enumerate(waves, start=1):
        wave += [ScriptStep(Act.PICTURE, key) for key in keys_of_wave(number)]
    for number in range(max(LEAST_FILMS, photos // PHOTOS_A_FILM)):
        waves[number % WAVES].append(ScriptStep(Act.FILM, f"films/{number}.mp4"))
    waves[2].append(ScriptStep(Act.COPY, "copies/film.mp4", "films/0.mp4"))
    waves[3].append(ScriptStep(Act.DELETE, "films/2.mp4"))
    return waves


def _after(wave: Sequence[ScriptStep], key: str) -> int:
    return next((place + 1 for place, step in enumerate(wave) if step.key == key), 0)


_LONG_SIDES = (160, 200, 240, 280, 320)
# Rekognition refuses what is smaller than 80 pixels.
_LEAST_SHORT_SIDE = 100
_CLOSE_UPS_PERCENT = 10


def photos(seed: int) -> Iterator[bytes]:
    """Make JPEGs of 160 to 320 pixels (panoramas: more) without end, no two of the same bytes."""
    dice = random.Random(f"{seed} photos")
    samples = sorted((ROOT / "images").glob("*.jpg"))
    seen: set[bytes] = set()
    while True:
        is_close = dice.randrange(100) < _CLOSE_UPS_PERCENT
        photo = _close_up(dice) if is_close else _variation(dice.choice(samples), dice)
        if photo not in seen:
            seen.add(photo)
            yield photo


def _variation(sample: Path, dice: random.Random) -> bytes:
    picture = _opened(sample)
    width, height = picture.size
    left, top = dice.randint(0, width // 10), dice.randint(0, height // 10)
    cut = picture.crop(
        (left, top, width - dice.randint(0, width // 10), height - dice.randint(0, height // 10))
    )
    scale = max(dice.choice(_LONG_SIDES) / max(cut.size), _LEAST_SHORT_SIDE / min(cut.size))
    small = cut.resize((round(cut.width * scale), round(cut.height * scale)))
    out = io.BytesIO()
    ImageEnhance.Brightness(small).enhance(dice.uniform(0.85, 1.15)).save(out, "JPEG", quality=85)
    return out.getvalue()


def _close_up(dice: random.Random) -> bytes:
    """Return a part of a cheek upside down, which the local Rekognition is more or less sure to moderate."""
    picture = _whole(ROOT / "images" / "grace_hopper.jpg")
    left, top, side = dice.uniform(0.245, 0.29), dice.uniform(0.395, 0.41), dice.uniform(0.2, 0.22)
    width, height = picture.size
    cut = picture.crop((left * width, top * height, (left + side) * width, (top + side) * height))
    out = io.BytesIO()
    turned = cut.resize((240, 240)).rotate(180)
    ImageEnhance.Brightness(turned).enhance(dice.uniform(0.9, 1.1)).save(out, "JPEG", quality=85)
    return out.getvalue()


@cache
def _whole(sample: Path) -> Image.Image:
    return Image.open(sample).convert("RGB")


@cache
def _opened(sample: Path) -> Image.Image:
    picture = _whole(sample).copy()
    picture.thumbnail((480, 480))
    return picture


_THREADS = 4


@dataclass
class Actor:
    """Acts, and remembers which bytes became which version of which key."""

    clients: LocalClients
    outputs: Outputs
    photos: Iterator[bytes]
    films: Iterator[bytes]
    bodies: dict[tuple[str, str | None], bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def act_out(self, wave: Sequence[ScriptStep], done: Callable[[], None]) -> None:
        """Do all steps of a wave, some at a time; those of one key in order."""
        of_key: dict[str, list[ScriptStep]] = {}
        for step in wave:
            of_key.setdefault(step.source or step.key, []).append(step)
        prepared = [[(step, self._body(step)) for step in steps] for steps in of_key.values()]

        def act(steps: list[tuple[ScriptStep, bytes]]) -> None:
            for step, body in steps:
                self._act(step, body)
                done()

        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(act, prepared))

    def _body(self, step: ScriptStep) -> bytes:
        if step.act is Act.FILM:
            return next(self.films)
        if step.act is Act.PICTURE:
            return camera_picture(step.key)
        return next(self.photos) if step.act in {Act.UPLOAD, Act.OVERWRITE} else b""

    def _act(self, step: ScriptStep, body: bytes) -> None:
        s3, bucket = self.clients.s3, self.outputs.bucket
        match step.act:
            case Act.UPLOAD | Act.OVERWRITE | Act.FILM | Act.PICTURE:
                version_id = s3.put_object(Bucket=bucket, Key=step.key, Body=body).get("VersionId")
                self._remember(step.key, version_id, body)
            case Act.COPY:
                source = s3.get_object(Bucket=bucket, Key=step.source)["Body"].read()
                copied = s3.copy_object(
                    Bucket=bucket, Key=step.key, CopySource={"Bucket": bucket, "Key": step.source}
                )
                self._remember(step.key, copied.get("VersionId"), source)
            case Act.DELETE:
                s3.delete_object(Bucket=bucket, Key=step.key)
            case Act.LOOK_AGAIN:
                ask_again(self.clients, self.outputs, [step.key])

    def _remember(self, key: str, version_id: str | None, body: bytes) -> None:
        with self._lock:
            self.bodies[key, version_id] = body

    def content_id_of(self, photograph: Photograph) -> str:
        """Name the bytes that a detector was asked about, as the pipeline does."""
        return content_id(self.bodies[photograph.key, photograph.version_id])

    def films_put(self) -> tuple[dict[str, str], dict[str, bool]]:
        """Return the content of each film by its key, and of which content a job reads it."""
        films = {key: body for (key, _), body in self.bodies.items() if is_film(key)}
        return (
            {key: content_id(body) for key, body in films.items()},
            {content_id(body): is_h264(body) for body in films.values()},
        )

    def content_ids_by_digest(self) -> dict[str, str]:
        """Map the SHA-256 of all bytes that were uploaded to the pipeline's name for them."""
        return {hashlib.sha256(body).hexdigest(): content_id(body) for body in self.bodies.values()}


def content_id(body: bytes) -> str:
    """Name bytes as `contract.records` does for an upload in one part."""
    return f"{hashlib.md5(body).hexdigest()}-{len(body)}"
