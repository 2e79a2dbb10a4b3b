"""Where photos were taken: around a place, by the cells that cover it and by the exact distance."""

from collections.abc import Sequence
from math import asin, cos, degrees, floor, radians, sin, sqrt
from typing import NamedTuple

from contract.geohash import POLAR_PRECISIONS, PRECISIONS, columns, geohash, row

MAX_KM = 150
# Each is a query of every shard.
MAX_CELLS = 16
# https://en.wikipedia.org/wiki/Earth_radius#Arithmetic_mean_radius
EARTH_RADIUS_KM = 6371.0088
# A tenth of a metre more than is asked for: what is rounded off in reckoning must hide no photo.
_MARGIN_RADIANS = 2e-8
_POLE_DEGREES = 90.0


class Near(NamedTuple):
    """All that is no further from a place (in degrees) than so many kilometres."""

    latitude: float
    longitude: float
    km: float

    def holds(self, latitude: float, longitude: float) -> bool:
        """Return whether a place is near, over the shortest way on a globe.

        By the haversine, which is exact for small distances too.
        """
        here, there = radians(self.latitude), radians(latitude)
        aside = radians(longitude - self.longitude)
        haversine = sin((there - here) / 2) ** 2 + cos(here) * cos(there) * sin(aside / 2) ** 2
        return 2 * EARTH_RADIUS_KM * asin(sqrt(min(haversine, 1.0))) <= self.km

    def cells(self) -> tuple[str, ...]:
        """Return the geohashes that cover it, of the smallest cells of which MAX_CELLS are enough.

        Those that only photos near the poles stand in are needed nowhere else.
        """
        for precision in (*reversed(PRECISIONS), *POLAR_PRECISIONS):
            across, up = self._columns(precision), self._rows(precision)
            if len(across) * len(up) <= MAX_CELLS:
                return tuple(geohash(x, y, precision) for x in across for y in up)
        raise AssertionError("eight of the largest cells are around each pole")

    @property
    def _away_radians(self) -> float:
        return self.km / EARTH_RADIUS_KM + _MARGIN_RADIANS

    def _rows(self, precision: int) -> range:
        away = degrees(self._away_radians)
        south, north = max(self.latitude - away, -_POLE_DEGREES), min(self.latitude + away, _POLE_DEGREES)
        return range(row(south, precision), row(north, precision) + 1)

    def _columns(self, precision: int) -> Sequence[int]:
        """Return the columns that it reaches into: all of them where a pole is in it."""
        count, away = columns(precision), self._away_radians
        if abs(self.latitude) + degrees(away) >= _POLE_DEGREES:
            return range(count)
        aside = degrees(asin(min(sin(away) / cos(radians(self.latitude)), 1.0)))
        first, last = (floor((self.longitude + turned + 180) / 360 * count) for turned in (-aside, aside))
        if last - first + 1 >= count:
            return range(count)
        return [x % count for x in range(first, last + 1)]
