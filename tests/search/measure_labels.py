"""How often the local labels are right: `python -m tests.search.measure_labels --photos DIR --models DIR`.

`wrong_labels.toml` has those that a look at each photo found wrong. With other models than those of that day,
look again: what it does not name counts as right.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tests.search.measure import recognized, row
from tests.search.photos import gather

PERCENTS = (55, 70, 80, 90)


def most_exact(answer: Mapping[str, Any], least: float) -> frozenset[str]:
    """Return the names of sure labels that no other sure label names more exactly."""
    sure = [label for label in answer["Labels"] if label["Confidence"] >= least]
    broader = {parent["Name"] for label in sure for parent in label["Parents"]}
    return frozenset(label["Name"] for label in sure) - broader


def main(
    photo_folder: Annotated[Path, typer.Option("--photos", help="Folder for the photos, or to be.")],
    models: Annotated[Path, typer.Option(help="The local Rekognition's models.")],
) -> None:
    """Count labels that are right and wrong."""
    gather(photo_folder)
    wrong = tomllib.loads(Path(__file__).with_name("wrong_labels.toml").read_text())
    answers = recognized(photo_folder, models)
    typer.echo(row("labels from", "labels", "right", "photos without", "photos with wrong ones only"))
    for least in PERCENTS:
        found = {name: most_exact(answer, least) for name, answer in answers.items()}
        right = {name: labels.difference(wrong.get(name, ())) for name, labels in found.items()}
        told, kept = (sum(map(len, each.values())) for each in (found, right))
        silent = sum(not labels for labels in found.values())
        misled = sum(bool(found[name]) and not right[name] for name in found)
        typer.echo(row(f"{least} %", told, f"{kept / told:.0%}", silent, misled))


if __name__ == "__main__":
    typer.run(main)
