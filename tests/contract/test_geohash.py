"""Cells of the earth's surface, held to names that others give them."""

import pytest

from contract.geohash import column, columns, geohash, geohashes, row, rows


@pytest.mark.parametrize(
    ("latitude", "longitude", "name"),
    [
        (57.64911, 10.40744, "u4pruy"),  # https://en.wikipedia.org/wiki/Geohash
        (42.605, -5.603, "ezs42"),
        (48.8584, 2.2945, "u09tun"),
        (-33.8568, 151.2153, "r3gx2u"),
        (0.0, 0.0, "s00000"),
    ],
)
def test_a_photo_is_found_under_cells_one_in_the_other(latitude: float, longitude: float, name: str) -> None:
    cells = geohashes(latitude, longitude)

    assert [len(cell) for cell in cells] == [3, 4, 5, 6]
    assert all(cell[: len(name)] == name[: len(cell)] for cell in cells)


@pytest.mark.parametrize(
    ("latitude", "precisions"), [(59.9, 4), (60.0, 5), (-75.0, 5), (85.0, 6), (-90.0, 6), (90.0, 6)]
)
def test_near_the_poles_it_is_found_under_larger_ones_too(latitude: float, precisions: int) -> None:
    assert len(geohashes(latitude, 30.0)) == precisions


def test_the_date_line_has_one_name() -> None:
    assert geohashes(10.0, 180.0) == geohashes(10.0, -180.0)
    assert column(179.9999, 3) == columns(3) - 1
    assert column(-180.0, 3) == 0


def test_the_poles_are_in_the_last_rows() -> None:
    assert (row(-90.0, 6), row(90.0, 6)) == (0, rows(6) - 1)


@pytest.mark.parametrize("precision", [1, 2, 3])
def test_each_cell_has_a_name_of_its_own(precision: int) -> None:
    names = {geohash(x, y, precision) for x in range(columns(precision)) for y in range(rows(precision))}

    assert len(names) == 32**precision
