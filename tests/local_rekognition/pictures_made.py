"""Pictures made for tests."""

import io
from typing import Any

from PIL import Image


def picture(width: int = 120, height: int = 100, kind: str = "JPEG", **options: Any) -> bytes:
    """A file of a picture whose left half is red and whose right half is blue."""
    image = Image.new(options.pop("mode", "RGB"), (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def turned(orientation: int) -> bytes:
    """A JPEG that says by EXIF how it is turned."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return picture(200, 100, exif=exif)
