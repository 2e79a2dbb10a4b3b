"""Parting what is to be done into batches that a service takes in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

Element = TypeVar("Element")


def in_batches(elements: Sequence[Element], size: int) -> Iterator[Sequence[Element]]:
    """Yield elements in batches of a size, the last one smaller."""
    for start in range(0, len(elements), size):
        yield elements[start : start + size]


def by_size(
    elements: Iterable[Element], bytes_of: Callable[[Element], int], most: int, most_bytes: int
) -> Iterator[list[Element]]:
    """Yield elements in batches of at most so many, and so many bytes together."""
    batch: list[Element] = []
    batch_bytes = 0
    for element in elements:
        element_bytes = bytes_of(element)
        if batch and (len(batch) == most or batch_bytes + element_bytes > most_bytes):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(element)
        batch_bytes += element_bytes
    if batch:
        yield batch
