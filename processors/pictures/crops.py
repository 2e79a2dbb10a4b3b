"""Parts of a photo as pictures of their own, for Rekognition to look at."""

import io
from collections.abc import Sequence
from typing import IO

from PIL import Image

from contract.photos import LEAST_SIDE_PIXELS
from processors.pictures.decoding import decode, open_picture, upright
from processors.pictures.formats import BEGINNING_BYTES, format_of
from processors.pictures.metadata import orientation_of
from processors.pictures.pictures import tags_of

# A face that Rekognition finds has 40 pixels in 1080 lines: here, 110 at least of a photo that has as many.
_LONGEST_SIDE, _LONGEST_CROP = 4096, 640
_QUALITY = 90


def cut_out(file: IO[bytes], boxes: Sequence[Sequence[float]]) -> list[bytes]:
    """Return the parts of a picture as JPEG, upright; boxes are left, top, width and height, in ratios.

    Raise RefusedError where it cannot be decoded.
    """
    form = format_of(file.read(BEGINNING_BYTES))
    file.seek(0)
    picture = open_picture(form, file)
    turn = orientation_of(tags_of(picture.info).directory).value if form == "JPEG" else 1
    image = upright(decode(picture, _LONGEST_SIDE), turn)
    return [_crop(image, box) for box in boxes]


def _crop(image: Image.Image, box: Sequence[float]) -> bytes:
    left, top, width, height = box
    right, bottom = left + width, top + height
    crop = image.crop(
        (
            round(left * image.width),
            round(top * image.height),
            max(round(left * image.width) + 1, round(right * image.width)),
            max(round(top * image.height) + 1, round(bottom * image.height)),
        )
    )
    scale = min(1.0, _LONGEST_CROP / max(crop.size))
    scale = max(scale, LEAST_SIDE_PIXELS / min(crop.size))
    if scale != 1.0:
        size = (round(scale * crop.width), round(scale * crop.height))
        crop = crop.resize(size, Image.Resampling.LANCZOS)
    written = io.BytesIO()
    crop.info = {}
    crop.convert("RGB").save(written, "JPEG", quality=_QUALITY)
    return written.getvalue()
