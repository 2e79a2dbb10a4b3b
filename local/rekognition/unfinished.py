"""JPEGs whose end is missing.

libjpeg, and with it browsers and most tools, warn of such a file ("Premature end of JPEG file"), put an end
to it and show what there is; what is not there becomes grey. What Rekognition does is written nowhere. Here
such a picture is taken if it is nearly whole: cameras and tools that leave out the last bytes are common, and
nobody sees the difference. It is refused if a substantial part is missing, for an upload that broke off is
better told as a bad photo, and uploaded again, than found under half of its labels for ever.

A PNG whose pixels are not all there is refused here as libpng refuses it; what may follow them is not missed.
"""

import re

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

_END = b"\xff\xd9"
_MAX_MISSING = 0.1
"""The share of a picture's rows that may be missing."""
_GREYS = 127, 128
"""What libjpeg makes of rows that it has no data for: the first where colours are stored inverted (CMYK)."""
_SCAN = re.compile(rb"\xff\xda..(?:\x01(..)|\x02(.{4})|\x03(.{6})|\x04(.{8}))(.)(.)", re.DOTALL)
"""Where a scan begins: its components, each with the tables it uses, its first and its last coefficient."""
_COEFFICIENTS = 64


def ended(data: bytes) -> bytes:
    """Return a JPEG with an end, so that a decoder makes of it what it can."""
    return data + _END


def is_nearly_whole(image: Image.Image, data: bytes) -> bool:
    """Return whether the file without an end, `data`, has nearly all that the image decoded from it needs.

    All scans must have begun that a pixel needs (a progressive JPEG sharpens the whole picture scan by scan),
    and at most a tenth of the rows be missing.
    """
    return (
        isinstance(image, JpegImageFile) and _has_scans(image, data) and _missing_rows(image) <= _MAX_MISSING
    )


def _has_scans(image: JpegImageFile, data: bytes) -> bool:
    """Return whether a scan has begun for each coefficient of each component."""
    begun = set()
    for *components, first, last in _SCAN.findall(data):
        begun |= {(one, place) for one in b"".join(components)[::2] for place in range(first[0], last[0] + 1)}
    return begun >= {(layer[0], place) for layer in image.layer for place in range(_COEFFICIENTS)}


def _missing_rows(image: Image.Image) -> float:
    """Return the share of rows at the bottom that are of nothing but the grey of what is missing.

    Whose last rows are of just this grey, and are there, is taken for more unfinished than it is.
    """
    pixels = np.asarray(image).reshape(image.height, -1)
    rows = np.flatnonzero(((pixels < min(_GREYS)) | (pixels > max(_GREYS))).any(axis=1))
    return 1 - (int(rows[-1]) + 1) / image.height if rows.size else 1.0
