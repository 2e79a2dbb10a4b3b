"""Cells of the earth's surface: a photo is found by those that it was taken in.

A geohash names a cell, and each letter more one of the 32 cells that it is divided into. Of an even number of
letters they are twice as wide as high. https://en.wikipedia.org/wiki/Geohash
"""

PRECISIONS = (3, 4, 5, 6)
# Cells become narrow towards the poles, and many would be around a place there: photos from these degrees of
# latitude on stand in larger ones too.
POLAR_PRECISIONS = {2: 60.0, 1: 85.0}

_LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz"
_BITS_OF_A_LETTER = 5


def columns(precision: int) -> int:
    """Return into how many cells the earth is divided from west to east."""
    return 1 << (_BITS_OF_A_LETTER * precision + 1) // 2


def rows(precision: int) -> int:
    """Return into how many cells the earth is divided from south to north."""
    return 1 << _BITS_OF_A_LETTER * precision // 2


def column(longitude: float, precision: int) -> int:
    """Return in which column a longitude is, from the date line on; 180 is the same as -180."""
    count = columns(precision)
    return int((longitude + 180) / 360 * count) % count


def row(latitude: float, precision: int) -> int:
    """Return in which row a latitude is, from the south pole on."""
    count = rows(precision)
    return min(int((latitude + 90) / 180 * count), count - 1)


def geohash(column: int, row: int, precision: int) -> str:
    """Name a cell. Its bits are taken from column and row by turns."""
    bits = 0
    for place in reversed(range(_BITS_OF_A_LETTER * precision)):
        from_column = (_BITS_OF_A_LETTER * precision - place) % 2 == 1
        bits = bits << 1 | ((column if from_column else row) >> place // 2 & 1)
    letters = reversed(range(precision))
    return "".join(_LETTERS[bits >> _BITS_OF_A_LETTER * each & len(_LETTERS) - 1] for each in letters)


def geohashes(latitude: float, longitude: float) -> tuple[str, ...]:
    """Return the cells under which a photo from a place is found."""
    polar = (precision for precision, least in POLAR_PRECISIONS.items() if abs(latitude) >= least)
    return tuple(
        geohash(column(longitude, precision), row(latitude, precision), precision)
        for precision in (*polar, *PRECISIONS)
    )
