"""How well the local Rekognition tells persons apart: `python -m tests.local.rekognition.measure_faces`.

Who is who is known from others, or certain:

* `tests/test_images` of PyPI `face-recognition` 1.3.0 (Adam Geitgey): the file names say which of two
  presidents a photo shows, and the package's own tests hold them to it.
* `demo/sample*.jpg` of npm `@vladmandic/face-api` 1.7.15: nobody says who they are, but faces on one photo
  are of different persons. Faces of two of these photos are not compared.
* `images/` of this repository: its manifest names two of the persons, one on two files; the others are
  strangers to all.

Of every photo there are worse copies too, whose largest face is the same for certain.
"""

import io
import itertools
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageEnhance, ImageFilter

from local.rekognition.detect_faces import detect_faces
from local.rekognition.detector import Box
from local.rekognition.faces.descriptors import describe, steady_points
from local.rekognition.faces.likeness import Descriptor, middle_of, similarity
from local.rekognition.models.sessions import Network, load_network
from local.rekognition.pictures import MIN_SIDE_PIXELS, Picture, decode

ROOT = Path(__file__).parents[3]
PEOPLE = (
    "face-recognition==1.3.0 --hash=sha256:5e5efdd1686aa566af0d3cc1313b131e4b197657a8ffd03669e6d3fad92705ec\n"
)
STRANGERS = ("mexico.jpg",)
NAMED = {"grace_hopper.jpg": "Hopper", "grace_hopper_turned.jpg": "Hopper", "astronaut.jpg": "Collins"}
# At which face search is compared, in percent.
THRESHOLDS = (70, 75, 80, 85, 90, 95)
THRESHOLD = 80.0


class Shown(NamedTuple):
    """A photo; `person` where it is known. Strangers on two photos of one `set` may be one person."""

    name: str
    set: str
    person: str | None
    data: bytes


@dataclass(frozen=True)
class Known:
    """A face, the photo that it is on, and its numbers. `person` is unique where nobody knows the name."""

    shown: Shown
    person: str
    picture: Picture
    box: Box
    descriptor: Descriptor


def run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def photos(folder: Path) -> Iterator[Shown]:
    (folder / "people.txt").write_text(PEOPLE)
    fetch = ["pip", "download", "--quiet", "--no-deps", "--no-build-isolation", "--no-binary=:all:"]
    run([sys.executable, "-m", *fetch, "--require-hashes", "-r", "people.txt"], folder)
    with tarfile.open(folder / "face_recognition-1.3.0.tar.gz") as archive:
        for member in archive:
            if "/test_images/" in member.name and member.name.endswith(".jpg"):
                file, name = archive.extractfile(member), Path(member.name).name
                assert file is not None
                yield Shown(name, "presidents", name.rstrip(".jpg0123456789").partition("_")[0], file.read())
    run(["npm", "pack", "@vladmandic/face-api@1.7.15", "--loglevel=error"], folder)
    with tarfile.open(folder / "vladmandic-face-api-1.7.15.tgz") as archive:
        for number in range(1, 7):
            file = archive.extractfile(f"package/demo/sample{number}.jpg")
            assert file is not None
            yield Shown(f"sample{number}.jpg", "demo", None, file.read())
    for name in (*NAMED, *STRANGERS):
        yield Shown(name, "images", NAMED.get(name), (ROOT / "images" / name).read_bytes())


def faces_on(shown: Shown, detector: Network, descriptors: Network) -> list[Known]:
    picture = decode(shown.data)
    faces = detect_faces(detector, picture)
    faces = faces[:1] if shown.person else faces
    steady = [steady_points(detector, face, picture) for face in faces]
    return [
        Known(shown, shown.person or f"{shown.name} {number}", picture, face.box, numbers)
        for number, (face, numbers) in enumerate(
            zip(faces, describe(descriptors, steady, picture), strict=True)
        )
    ]


def may_be_one(one: Known, other: Known) -> bool:
    """Return whether nobody knows that these are two persons."""
    strangers = one.shown.person is None and other.shown.person is None
    return strangers and one.shown.set == other.shown.set and one.shown.name != other.shown.name


def saved(picture: Picture, quality: int = 90) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return file.getvalue()


def smaller(picture: Picture, side: int) -> Picture:
    copy = picture.copy()
    copy.thumbnail((side, side), Image.Resampling.BILINEAR)
    return copy


COPIES: Mapping[str, Callable[[Picture], bytes]] = {
    "480 pixels": lambda picture: saved(smaller(picture, 480)),
    "320 pixels": lambda picture: saved(smaller(picture, 320)),
    "JPEG of quality 20": lambda picture: saved(picture, 20),
    "half as bright": lambda picture: saved(ImageEnhance.Brightness(picture).enhance(0.5)),
    "grey": lambda picture: saved(picture.convert("L").convert("RGB")),
    "mirrored": lambda picture: saved(picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    "turned by 20 degrees": lambda picture: saved(picture.rotate(20, Image.Resampling.BILINEAR)),
    "blurred": lambda picture: saved(picture.filter(ImageFilter.GaussianBlur(2))),
}


def cropped(face: Known) -> bytes:
    """Return the face with half of its box on each side, of a side that Rekognition takes: decision 28."""
    width, height = face.picture.size
    left, top, right, bottom = face.box
    across, down = (right - left) / 2, (bottom - top) / 2
    box = (
        max(0, round((left - across) * width)),
        max(0, round((top - down) * height)),
        min(width, round((right + across) * width)),
        min(height, round((bottom + down) * height)),
    )
    crop = face.picture.crop(box)
    larger = max(1.0, MIN_SIDE_PIXELS / min(crop.size))
    size = round(crop.width * larger), round(crop.height * larger)
    return saved(crop.resize(size, Image.Resampling.BICUBIC))


def row(what: str, scores: list[float], *, same: bool) -> str:
    wrong = sum((score < THRESHOLD) is same for score in scores)
    scores.sort()
    return (
        f"| {what} | {len(scores)} | {scores[0]:.1f} | {scores[len(scores) // 2]:.1f} | {scores[-1]:.1f}"
        f" | {wrong} {'missed' if same else 'taken for one'} |"
    )


def measure(models: Path, folder: Path) -> Iterator[str]:
    """Return the rows of the table in docs/local.md."""
    networks = load_network(models, "yunet"), load_network(models, "face-descriptors")
    known = [face for shown in photos(folder) for face in faces_on(shown, *networks)]
    pairs = list(itertools.combinations(known, 2))
    yield "| pairs | how many | lowest | median | highest | at 80 % |"
    yield "|---|---|---|---|---|---|"
    same = [similarity(a.descriptor, b.descriptor) for a, b in pairs if a.person == b.person]
    yield row("one person, two photos", same, same=True)
    apart = [(a, b) for a, b in pairs if a.person != b.person and not may_be_one(a, b)]
    yield row("two persons", [similarity(a.descriptor, b.descriptor) for a, b in apart], same=False)
    obama = [face for face in known if face.person == "obama"]
    user = [
        similarity(middle_of([other.descriptor for other in obama if other is not face]), face.descriptor)
        for face in obama
    ]
    yield row("one person, and a user of the other photos of it", user, same=True)
    middle = middle_of([face.descriptor for face in obama])
    others = [similarity(middle, face.descriptor) for face in known if face.person != "obama"]
    yield row("another person, and that user", others, same=False)
    crops = [(face, faces_on(face.shown._replace(data=cropped(face)), *networks)[:1]) for face in known]
    scores = [similarity(face.descriptor, one.descriptor) for face, found in crops for one in found]
    yield row(f"a face and its crop{_unseen(len(crops) - len(scores))}", scores, same=True)
    yield from by_threshold({"one person": (same, True), "a face and its crop": (scores, True)})
    yield from by_threshold(
        {"two persons": ([similarity(a.descriptor, b.descriptor) for a, b in apart], False)}
    )
    yield from by_threshold({"a user, her own face": (user, True), "a user, another's face": (others, False)})
    largest = list({face.shown.name: face for face in reversed(known)}.values())
    for copy, make in COPIES.items():
        scores = []
        for face in largest:
            again = faces_on(face.shown._replace(data=make(face.picture)), *networks)
            scores += [max(similarity(face.descriptor, each.descriptor) for each in again)] if again else []
        yield row(f"a photo and its copy: {copy}{_unseen(len(largest) - len(scores))}", scores, same=True)


def by_threshold(kinds: dict[str, tuple[list[float], bool]]) -> Iterator[str]:
    """Return for each kind of pairs how many are missed, or taken for one, at each threshold."""
    for what, (scores, same) in kinds.items():
        wrong = [sum((score < threshold) is same for score in scores) for threshold in THRESHOLDS]
        counts = " | ".join(map(str, wrong))
        yield f"| {what}: {'missed' if same else 'taken for one'}, of {len(scores)} | {counts} |"


def _unseen(count: int) -> str:
    return f", no face seen on {count}" if count else ""


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for line in measure(ROOT / ".local" / "models", Path(name)):
            sys.stdout.write(f"{line}\n")
