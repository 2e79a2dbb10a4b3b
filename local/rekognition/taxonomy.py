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
    kinds: tuple[NDArray[np.intp], NDArray[np.intp]]
    """Pairs of a label and an ImageNet class that is this label or of its kind, as two rows of places."""

    def sums(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """For each label the probability (0..1) of all ImageNet classes of its kind.

        Not a product of matrices: for one of this size numpy would wake, and keep awake, every core.
        """
        labels, classes = self.kinds
        sums = np.bincount(labels, weights=probabilities[classes], minlength=len(self.labels))
        return np.minimum(sums, 1.0).astype(np.float32)


@functools.cache
def load() -> Taxonomy:
    """Read the table that is committed beside this file."""
    table = json.loads((Path(__file__).parent / "taxonomy.json").read_text())
    labels = tuple(table["labels"])
    places = {name: index for index, name in enumerate(labels)}
    parents = {name: tuple(row[1:]) for name, row in table["labels"].items()}
    pairs = [
        (places[label], index)
        for index, name in enumerate(table["imagenet"])
        for label in (name, *parents[name])
    ]
    of_labels, of_classes = np.array(pairs, dtype=np.intp).T
    return Taxonomy(
        labels,
        tuple(table["imagenet"]),
        tuple(table["coco"]),
        parents,
        {name: table["categories"][row[0]] for name, row in table["labels"].items()},
        (of_labels, of_classes),
    )
