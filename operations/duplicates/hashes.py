"""Perceptual hashes that differ in a few bits, found among millions without holding each against each.

A hash has four bands of 16 bits. Of two that differ in at most 4 r + 3 bits, one band differs in at most r:
so whoever looks in all bands, at what differs from its own in up to r bits, meets every one of them
(multi-index hashing: https://arxiv.org/abs/1307.2982). A million hashes take some 50 MB.
"""

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from operations.terminal import Steps

BANDS = 4
BAND_BITS = 16
# With r = 2, 137 places are looked at in each band.
MOST_DISTANCE = 11
# Whoever watches is told after so many.
_STEP = 4096

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]


class _Band(NamedTuple):
    """The places of hashes in order of this band; those of one value stand from `starts[value]` on."""

    values: NDArray[np.int64]
    order: Places
    starts: Places


class NearHashes:
    """Distinct hashes, and which of them are near one of them."""

    def __init__(self, hashes: Hashes, distance: int) -> None:
        if not 0 <= distance <= MOST_DISTANCE:
            raise ValueError(f"a distance of {distance} is none from 0 to {MOST_DISTANCE}")
        self._hashes, self._distance = hashes, distance
        radius = distance // BANDS
        self._masks = np.array(
            [
                sum(1 << bit for bit in bits)
                for count in range(radius + 1)
                for bits in combinations(range(BAND_BITS), count)
            ],
            dtype=np.int64,
        )
        self._bands = [self._band(number) for number in range(BANDS)]

    def near(self, place: int) -> Places:
        """Return the places of hashes within the distance of one, itself among them, in order."""
        found = [band.order[start:end] for band in self._bands for start, end in self._ranges(band, place)]
        candidates = np.concatenate(found)
        differing = np.bitwise_count(self._hashes[candidates] ^ self._hashes[place])
        return np.unique(candidates[differing <= self._distance])

    def _ranges(self, band: _Band, place: int) -> list[tuple[int, int]]:
        values = band.values[place] ^ self._masks
        starts, ends = band.starts[values], band.starts[values + 1]
        return [(int(start), int(end)) for start, end in zip(starts, ends, strict=True) if start < end]

    def _band(self, number: int) -> _Band:
        shift = np.uint64(number * BAND_BITS)
        values = ((self._hashes >> shift) & np.uint64(2**BAND_BITS - 1)).astype(np.int64)
        order = np.argsort(values, kind="stable")
        starts = np.searchsorted(values[order], np.arange(2**BAND_BITS + 1))
        return _Band(values, order, starts)


def leaders(ranked: Hashes, distance: int) -> Steps[Places]:
    """Return for each of some distinct hashes, in rank, the place of the one that leads its group.

    What leads is near no other that leads before it, so that every member of a group is near the photo that
    is kept: a chain of photos, each like the next, does not become one group.
    """
    index = NearHashes(ranked, distance)
    led_by = np.full(len(ranked), -1, dtype=np.int64)
    for place in range(len(ranked)):
        if place % _STEP == 0:
            yield f"comparing {place:,} of {len(ranked):,}"
        if led_by[place] < 0:
            near = index.near(place)
            led_by[near[led_by[near] < 0]] = place
    return led_by


def distance_of(one: int, other: int) -> int:
    return (one ^ other).bit_count()
