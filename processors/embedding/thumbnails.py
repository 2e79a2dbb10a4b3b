"""A thumbnail as the model takes it: what browsers are shown is WebP, and the model reads JPEG and PNG.

https://docs.aws.amazon.com/bedrock/latest/userguide/titan-multiemb-models.html
"""

import io

from PIL import Image

_QUALITY = 90


def as_jpeg(thumbnail: bytes) -> bytes:
    """Return the same picture as JPEG. Raises OSError or ValueError for what is none."""
    written = io.BytesIO()
    with Image.open(io.BytesIO(thumbnail), formats=["WEBP"]) as picture:
        picture.convert("RGB").save(written, "JPEG", quality=_QUALITY)
    return written.getvalue()
