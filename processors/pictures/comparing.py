"""By what near duplicates are found, and the sharpest of them: a hash of 64 bits, and a number."""

from PIL import Image, ImageFilter, ImageStat

_HASH_SIDE = 8
_SHARPNESS_PIXELS = 256
_LAPLACE = ImageFilter.Kernel((3, 3), [0, 1, 0, 1, -4, 1, 0, 1, 0], scale=1, offset=128)


def perceptual_hash(image: Image.Image) -> str:
    """Return whether each of 8 x 8 places is brighter than its neighbour on the left, as 16 hex digits.

    That is dHash: https://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html
    """
    gray = image.convert("L").resize((_HASH_SIDE + 1, _HASH_SIDE), Image.Resampling.LANCZOS)
    light = gray.tobytes()
    bits = 0
    for row in range(_HASH_SIDE):
        for column in range(_HASH_SIDE):
            place = row * (_HASH_SIDE + 1) + column
            bits = bits << 1 | (light[place + 1] > light[place])
    return f"{bits:016x}"


def sharpness(image: Image.Image) -> float:
    """Return the variance of the Laplacian of the picture in gray, 256 pixels long."""
    gray = image.convert("L")
    gray.thumbnail((_SHARPNESS_PIXELS, _SHARPNESS_PIXELS))
    # A filter leaves the border as it is.
    inside = gray.filter(_LAPLACE).crop((1, 1, gray.width - 1, gray.height - 1))
    (variance,) = ImageStat.Stat(inside).var if min(inside.size) > 0 else (0.0,)
    return round(variance, 1)
