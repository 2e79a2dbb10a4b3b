"""Around a place: the cells that are asked for hold every photo that is near, and are few."""

from math import acos, atan2, cos, degrees, radians, sin

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract.geohash import POLAR_PRECISIONS, geohashes
from query_api.search.near import EARTH_RADIUS_KM, MAX_CELLS, MAX_KM, Near

LATITUDES = st.floats(-90, 90) | st.sampled_from([-90.0, 90.0, 0.0, 89.9, -88.65, 60.0, 58.66, 85.0])
LONGITUDES = st.floats(-180, 180) | st.sampled_from([-180.0, 180.0, 0.0, 179.999, -179.999])
KMS = st.floats(0, MAX_KM) | st.sampled_from([0.0, 0.3, 1.0, 2.4, 10.0, 40.0, 150.0])


def at(near: Near, bearing: float, share: float) -> tuple[float, float]:
    """Return a place in some direction, some share of the way to the edge.

    https://www.movable-type.co.uk/scripts/latlong.html
    """
    away = share * near.km / EARTH_RADIUS_KM
    here, turn = radians(near.latitude), radians(bearing)
    height = sin(here) * cos(away) + cos(here) * sin(away) * cos(turn)
    latitude = 90 - degrees(acos(max(-1.0, min(1.0, height))))
    east, north = sin(turn) * sin(away) * cos(here), cos(away) - sin(here) * height
    longitude = near.longitude + degrees(atan2(east, north))
    return latitude, (longitude + 180) % 360 - 180


@given(
    near=st.builds(Near, LATITUDES, LONGITUDES, KMS),
    bearing=st.floats(0, 360) | st.sampled_from([0.0, 90.0, 180.0, 270.0]),
    share=st.floats(0, 1) | st.just(1.0),
)
@example(Near(89.0, 10.0, 150.0), 0.0, 1.0)
@example(Near(0.0, 180.0, 10.0), 90.0, 0.5)
def test_what_is_near_is_in_one_of_the_cells(near: Near, bearing: float, share: float) -> None:
    cells, place = near.cells(), at(near, bearing, share)

    assert len(set(cells)) == len(cells) <= MAX_CELLS
    assert len({len(cell) for cell in cells}) == 1, "a photo stands in one cell of a size, so it comes once"
    if near.holds(*place):
        assert len(set(geohashes(*place)) & set(cells)) == 1
    assert near.holds(*at(near, bearing, share * 0.999999)) or near.km < 1


@given(st.builds(Near, LATITUDES, LONGITUDES, KMS), LATITUDES, LONGITUDES)
def test_what_no_cell_holds_is_not_near(near: Near, latitude: float, longitude: float) -> None:
    if not set(geohashes(latitude, longitude)) & set(near.cells()):
        assert not near.holds(latitude, longitude)


PARIS, LONDON, SYDNEY = (48.8566, 2.3522), (51.5074, -0.1278), (-33.8688, 151.2093)


@pytest.mark.parametrize(
    ("here", "there", "km"),
    [
        (PARIS, LONDON, 343.6),
        (PARIS, SYDNEY, 16_960.0),
        ((0.0, 179.9), (0.0, -179.9), 22.24),
        ((90.0, 0.0), (89.5, 123.0), 55.6),
        ((89.5, -90.0), (89.5, 90.0), 111.2),
        (PARIS, PARIS, 0.0),
    ],
)
def test_distances_are_those_on_the_globe(
    here: tuple[float, float], there: tuple[float, float], km: float
) -> None:
    assert Near(*here, km * 1.002).holds(*there)
    assert km == 0 or not Near(*here, km * 0.998).holds(*there)


@pytest.mark.parametrize("km", [0.0, 0.3, 1.0, 5.0, 20.0, 75.0, 150.0])
def test_large_cells_are_asked_for_only_where_all_that_is_near_stands_in_them(km: float) -> None:
    for latitude in (step / 8 for step in range(-90 * 8, 90 * 8 + 1)):
        near = Near(latitude, 7.0, km)
        (size,) = {len(cell) for cell in near.cells()}
        outermost = max(0.0, abs(latitude) - degrees(km / EARTH_RADIUS_KM))
        assert size >= 3 or outermost >= POLAR_PRECISIONS[size]
