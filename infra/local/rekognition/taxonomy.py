"""What things are called and what kinds they are: `taxonomy.json`, made by `taxonomy_make`."""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Taxonomy:
    """Labels, and how the classes of the two models map to them.

    `imagenet` and `coco` are the labels of the models' classes, in the models' order. `parents` are all
    ancestors of a label, `categories` its category.
    """

    labels: tuple[str, ...]
    imagenet: tuple[str, ...]
    coco: tuple[str, ...]
    parents: dict[str, tuple[str, ...]]
    categories: dict[str, str]
    membership: NDArray[np.float32]
    """(labels, 1000): 1 where an ImageNet class is the label or of its kind."""

    def covers(self, label: str) -> bool:
        """Whether any ImageNet class is of this kind."""
        return bool(self.membership[self.labels.index(label)].any())


@functools.cache
def load() -> Taxonomy:
    """Read the table that is committed beside this file."""
    table = json.loads((Path(__file__).parent / "taxonomy.json").read_text())
    labels = tuple(table["labels"])
    places = {name: index for index, name in enumerate(labels)}
    parents = {name: tuple(row[1:]) for name, row in table["labels"].items()}
    membership = np.zeros((len(labels), len(table["imagenet"])), dtype=np.float32)
    for index, name in enumerate(table["imagenet"]):
        for label in (name, *parents[name]):
            membership[places[label], index] = 1
    return Taxonomy(
        labels,
        tuple(table["imagenet"]),
        tuple(table["coco"]),
        parents,
        {name: table["categories"][row[0]] for name, row in table["labels"].items()},
        membership,
    )
