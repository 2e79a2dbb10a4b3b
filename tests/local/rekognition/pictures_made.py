"""Pictures made for tests."""

import io
from typing import Any

from PIL import Image


def picture(width: int = 120, height: int = 100, kind: str = "JPEG", **options: Any) -> bytes:
    """A file of a picture whose left half is red and whose right half is blue."""
    mode = options.pop("mode", "RGB")
    left, right = ("red", "blue") if mode == "RGB" else (1, 0)
    image = Image.new(mode, (width, height), left)
    image.paste(right, (width // 2, 0, width, height))
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def turned(orientation: int) -> bytes:
    """A JPEG that says by EXIF how it is turned."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return picture(200, 100, exif=exif)
