"""What the pictures function takes for a photo of each format, beside plain Pillow on the same file.

Both make the same thumbnail, and the same view where there is one, each in an interpreter of its own. Without
AWS: what is fetched and put takes what it takes for any file.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import PIL
from PIL import Image

from loadtest import ROOT
from loadtest.bench.figures import Figure
from loadtest.bench.starting import PROGRAMS, run_isolated

MEGAPIXELS = 12
SIZE = (4000, 3000)
SAMPLES = ROOT / "images"
_PATHS = json.dumps([str(ROOT), str(Path(PIL.__file__).parents[1])])

# What cameras, editors and phones write, by what it is called in the table.
KINDS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "JPEG": ("JPEG", {"quality": 90}),
    "JPEG, progressive": ("JPEG", {"quality": 90, "progressive": True}),
    "JPEG, CMYK": ("JPEG", {"quality": 90}),
    "PNG": ("PNG", {"compress_level": 3}),
    "PNG, alpha": ("PNG", {"compress_level": 3}),
    "TIFF, LZW": ("TIFF", {"compression": "tiff_lzw"}),
    "WebP": ("WEBP", {"quality": 85, "method": 2}),
    "AVIF": ("AVIF", {"quality": 70, "speed": 9}),
    "GIF": ("GIF", {}),
    "BMP": ("BMP", {}),
}
_MODES = {"JPEG, CMYK": "CMYK", "PNG, alpha": "RGBA"}


def figures(scratch: Path, say: Callable[[str], None], rounds: int = 3) -> list[Figure]:
    """Measure each kind; return processor milliseconds and MiB at their highest. Raises LoadtestError."""
    scratch.mkdir(parents=True, exist_ok=True)
    say(f"photos: making some of {MEGAPIXELS} MP")
    photos = {f"{name}, {MEGAPIXELS} MP": path for name, path in _made(scratch)}
    photos |= {f"HEIC, {_megapixels(path):.1f} MP": path for path in sorted(SAMPLES.glob("*.heic"))}
    found = []
    for name, path in photos.items():
        say(f"photos: {name}")
        ours = [_run("look_at_photo", path) for _ in range(rounds)]
        view = "view" if ours[0]["has_view"] else "thumbnail"
        plain = [_run("plain_pillow", path, view) for _ in range(rounds)]
        for what, unit in (("ms", "ms"), ("peak_mib", "MiB")):
            one, other = min(each[what] for each in ours), min(each[what] for each in plain)
            found.append(Figure(f"{name}: {view}", one, unit, "plain Pillow", other))
    return found


def _made(scratch: Path) -> list[tuple[str, Path]]:
    """Write a photo in each kind: a sample enlarged, with grain, for a smooth one is unusually cheap."""
    sample = next(iter(sorted(SAMPLES.glob("*.jpg"))))
    grain = Image.effect_noise(SIZE, 24).convert("RGB")
    photo = Image.blend(Image.open(sample).convert("RGB").resize(SIZE), grain, 0.12)
    made: list[tuple[str, Path]] = []
    for name, (form, options) in KINDS.items():
        path = scratch / f"{len(made)}.{form.lower()}"
        photo.convert(_MODES.get(name, "RGB")).save(path, form, **options)
        made.append((name, path))
    return made


def _megapixels(path: Path) -> float:
    from pi_heif import open_heif  # type: ignore[import-untyped]

    width, height = open_heif(path).size
    return float(width * height / 1e6)


def _run(program: str, path: Path, *arguments: str) -> Any:
    said = run_isolated([str(PROGRAMS), program, _PATHS, str(path), *arguments], {})
    return json.loads(said.strip().rsplit("\n", 1)[-1])
