"""How well photos are found by words: `python -m tests.search.measure --photos DIR --models DIR`.

`questions.toml` has questions in a user's words and which of the photos of `photos.json` are right answers,
written by looking at each photo before anything was scored. A question belongs to the half that settings were
chosen on, or to the half held apart, by its SHA-256. Labels are those of the local Rekognition; vectors are
made by the code and the files of the meaning function's zip, and compared as the table's index does.
"""

import hashlib
import re
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from contract.detectors import LEAST_CONFIDENCE_PERCENT
from contract.meaning import LEAST_PERCENT, Vector, labels_in
from infra.bundles import MEANING, Bundle
from local.rekognition.detect_labels import DetectLabels
from local.rekognition.models.sessions import load_network
from local.rekognition.pictures import decode
from processors.meaning.text_model import MODEL_FILE, VOCABULARY_FILE, TextModel
from tests.query_api.vectors import likeness
from tests.search.photos import gather, photos

Questions = Mapping[str, frozenset[str]]
Rank = Callable[[str], Sequence[str]]
Answers = Mapping[str, Mapping[str, Any]]
# How sure a label has to be for a search by labels: as for a vector, and as the processor asks for.
LABEL_PERCENTS = (LEAST_PERCENT, LEAST_CONFIDENCE_PERCENT)
# Words that name nothing in a photo. The others are all given to the search by labels.
_EMPTY = "a an the of on in with by to for my is are his her from at and or"


class Scores(NamedTuple):
    """Percentages over questions."""

    first_is_right: float
    precision_at_5: float
    """Of the first five, or of as many as there are right answers."""
    recall_at_10: float
    """As of ten, where there are more right answers."""
    reciprocal_rank: float


def questions() -> Questions:
    written = tomllib.loads(Path(__file__).with_name("questions.toml").read_text())
    return {question: frozenset(names.split()) for question, names in written.items()}


def is_held_apart(question: str) -> bool:
    return hashlib.sha256(question.encode()).digest()[0] >> 4 & 1 == 1


def scores(rank: Rank, asked: Questions) -> Scores:
    each = [
        _scores([name in right for name in rank(question)], len(right)) for question, right in asked.items()
    ]
    return Scores(*(100 * sum(column) / len(each) for column in zip(*each, strict=True)))


def _scores(hits: Sequence[bool], right: int) -> Scores:
    return Scores(
        float(any(hits[:1])),
        sum(hits[:5]) / min(5, right),
        sum(hits[:10]) / min(10, right),
        next((1 / place for place, hit in enumerate(hits, 1) if hit), 0.0),
    )


def label_terms(question: str) -> list[frozenset[str]]:
    """Return what a question could name as labels, one to three words long, each in singular and plural."""
    words = [word for word in re.findall(r"[a-z']+", question.lower()) if word not in _EMPTY.split()]
    runs = (words[start : start + size] for size in (1, 2, 3) for start in range(len(words) - size + 1))
    return [_forms(" ".join(run)) for run in runs]


def _forms(term: str) -> frozenset[str]:
    endings = (("s", ""), ("es", ""), ("ies", "y"), ("ves", "f"))
    singular = {term[: -len(many)] + one for many, one in endings if term.endswith(many)}
    return frozenset({term, f"{term}s", *singular})


def by_labels(answers: Answers, least: float, question: str) -> list[str]:
    """Rank photos by how many labels the question names and how sure they are; others are not found."""
    terms = label_terms(question)
    found = {
        name: sum(
            max(
                (label["Confidence"] for label in answer["Labels"] if _is_named(label, term, least)),
                default=0.0,
            )
            for term in terms
        )
        for name, answer in answers.items()
    }
    return sorted((name for name in found if found[name]), key=lambda name: (-found[name], name))


def _is_named(label: Mapping[str, Any], term: frozenset[str], least: float) -> bool:
    return label["Confidence"] >= least and label["Name"].lower() in term


def by_meaning(vectors: Mapping[str, Vector], ask: Callable[[str], Vector], question: str) -> list[str]:
    asked = ask(question)
    return sorted(vectors, key=lambda name: (-likeness(vectors[name], asked), name))


def labels_first(
    answers: Answers, vectors: Mapping[str, Vector], ask: Callable[[str], Vector], question: str
) -> list[str]:
    """Rank as a page that shows what labels name before what is found by meaning."""
    first = by_labels(answers, LABEL_PERCENTS[1], question)
    return [*first, *(name for name in by_meaning(vectors, ask, question) if name not in set(first))]


def text_model() -> TextModel:
    """Return the model that the meaning function's zip has."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(_zip()) as bundle:
        for name in (MODEL_FILE, VOCABULARY_FILE):
            bundle.extract(name, folder)
        return TextModel.below(Path(folder))


def _zip() -> Path:
    return Bundle("processors", part=MEANING, is_for_here=True).build()


def recognized(folder: Path, models: Path) -> Answers:
    detect = DetectLabels.load(partial(load_network, models))
    asked = {"MinConfidence": LEAST_PERCENT}
    return {
        photo.name: detect.answer(decode((folder / photo.name).read_bytes()), asked) for photo in photos()
    }


def sure_labels(answer: Mapping[str, Any], least: float) -> Mapping[str, Any]:
    """Return an answer as a detector gives it that is asked for surer labels only."""
    return {"Labels": [label for label in answer["Labels"] if label["Confidence"] >= least]}


def vectors_of(answers: Answers, model: TextModel) -> Mapping[str, Vector]:
    return {
        name: model.of_labels(labels) for name, answer in answers.items() if (labels := labels_in(answer))
    }


def rankings(answers: Answers, model: TextModel) -> Iterator[tuple[str, Rank]]:
    vectors = vectors_of(answers, model)
    fewer = vectors_of(
        {name: sure_labels(answer, LABEL_PERCENTS[1]) for name, answer in answers.items()}, model
    )
    described = {photo.name: model.of_text(photo.shows) for photo in photos()}
    for least in LABEL_PERCENTS:
        yield f"labels of {least:.0f} % and more", partial(by_labels, answers, least)
    yield "by meaning", partial(by_meaning, vectors, model.of_text)
    yield (
        f"by meaning, of labels of {LABEL_PERCENTS[1]:.0f} % and more",
        partial(by_meaning, fewer, model.of_text),
    )
    yield "labels, then by meaning", partial(labels_first, answers, vectors, model.of_text)
    yield "by meaning, had a person described each photo", partial(by_meaning, described, model.of_text)


def cut_off(
    least: float, vectors: Mapping[str, Vector], ask: Callable[[str], Vector], asked: Questions
) -> str:
    """Tell what `min_similarity` leaves: photos a question, right answers in percent, and empty pages."""
    shown = {
        question: {name for name, vector in vectors.items() if likeness(vector, of_question) >= least}
        for question in asked
        for of_question in [ask(question)]
    }
    found = sum(len(shown[question] & right) for question, right in asked.items())
    of_right = 100 * found / sum(map(len, asked.values()))
    photos_shown = sum(map(len, shown.values())) / len(asked)
    empty = sum(not names for names in shown.values())
    return f"{photos_shown:.0f} photos, {of_right:.0f} % found, {empty} empty"


def row(name: str, *cells: object) -> str:
    return f"| {' | '.join((name, *map(str, cells)))} |"


def main(
    photo_folder: Annotated[Path, typer.Option("--photos", help="Folder for the photos, or to be.")],
    models: Annotated[Path, typer.Option(help="The local Rekognition's models.")],
    each: Annotated[
        bool, typer.Option(help="Print where each question finds its first right answer.")
    ] = False,
) -> None:
    """Measure searches by labels and by meaning."""
    gather(photo_folder)
    asked, model = questions(), text_model()
    halves = [
        {q: right for q, right in asked.items() if is_held_apart(q) is apart} for apart in (False, True)
    ]
    typer.echo(
        f"{len(photos())} photos, {len(halves[0])} questions to choose by, {len(halves[1])} held apart\n"
    )
    typer.echo(
        row(
            "search",
            *(f"{half}: {score}" for half in ("chosen by", "held apart") for score in Scores._fields),
        )
    )
    answers = recognized(photo_folder, models)
    for name, rank in rankings(answers, model):
        typer.echo(row(name, *(f"{score:.0f}" for half in halves for score in scores(rank, half))))
        if each:
            for question, right in asked.items():
                found = rank(question)
                first = next((place for place, one in enumerate(found, 1) if one in right), None)
                typer.echo(f"  {first or '-':>4} {question}: {', '.join(found[:3])}")
    vectors = vectors_of(answers, model)
    for least in (0.3, 0.4, 0.5):
        left = (cut_off(least, vectors, model.of_text, half) for half in halves)
        typer.echo(row(f"min_similarity {least}", *left))


if __name__ == "__main__":
    typer.run(main)
