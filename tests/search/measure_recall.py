"""What the index of vectors finds, and how soon: `python -m tests.search.measure_recall`.

Vectors are drawn so that they lie as those of photos do: each is of a few labels, some of them on many
photos, put together as the meaning function does. They are written to a table of the local cloud that is made
as the template says, in the rows that the processor writes, and asked for by the code of the query function;
what is right is what NumPy finds by looking at all of them. MiniStack looks at all of them too: so the recall
is that of our part of it (rows, conditions, parts and their pages), and says nothing of what AWS's index
leaves out; and times are those of the emulator. It takes 25 ms of a core to write one vector and 100 KB to
keep it, so what is beyond some 10,000 is asked of an index in this process.
"""

import itertools
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import fmean, median, quantiles
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
import typer

from aws.calls import MAX_WRITES, TableBatches, in_batches
from aws.client_config import client_config
from aws.local_sessions import local_session
from aws.retries import RetryPolicy
from contract.items import to_wire
from contract.meaning import DIMENSIONS, MEANING, MOST_NEIGHBORS, PART_OF, SPACE, Vector, parts_of
from contract.records import ImageRecord, key_digest
from contract.table import index_rows, record_key
from infra.bundles import ROOT
from local.cloud.assembly import local_context, synthesize
from local.cloud.environment import REGION, LocalEnvironment, on_ports
from local.cloud.running import at_work, start_cloud, stop_cloud
from operations.meaning_costs import questions_cost
from processors.meaning.text_model import TextModel
from query_api.adapters.clients import translated
from query_api.adapters.dynamodb import QueryTable
from query_api.adapters.meaning import VectorIndex
from query_api.ports import Narrowing, Neighbor
from query_api.search.questions import ListQuestion
from query_api.search.similar import SimilarImages, narrowings
from tests.query_api.memory_table import MemoryTable
from tests.query_api.photos import photo
from tests.search.measure import questions, row, text_model

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from numpy.typing import NDArray

TABLE = "photos"
FOLDERS = 50
QUESTIONS = 20
# A photo has so many labels, of which the first of all is on every fifth photo, and each next one on fewer.
LABELS_OF_A_PHOTO = (3, 12)
LESS_COMMON = 0.9
# So many of them page by page: to the end in memory; in the local cloud, where a page of 16 parts takes
# seconds, as far as these are asked for.
QUESTIONS_BY_PAGE = 3
MOST_PAGES = 1_000
PAGES_IN_LOCAL_CLOUD = 5
# What is as similar to a millionth is as good.
AS_SIMILAR = 1e-6
# Every index of the table but that of vectors is left out, and so is its stream: nobody reads them here.
MADE_OF = ("KeySchema", "AttributeDefinitions", "VectorIndexes")
READ_SECONDS = 60.0
_ALL = ("", "~")
HEADINGS = (
    "photos",
    "asked for",
    "recall at 10",
    "at 100",
    "of pages",
    "shown",
    "search: ms (95 %)",
    "page of 100: ms (95 %)",
    "MB at most",
    "dollars a thousand",
)


@dataclass(frozen=True)
class Library:
    """Photos, and their vectors as they are written, each of length 1."""

    records: Sequence[ImageRecord]
    vectors: "NDArray[np.float32]"

    def part(self, first: int, end: int) -> "Library":
        return Library(self.records[first:end], self.vectors[first:end])

    def within(self, narrowing: Narrowing) -> "Library":
        """Return the photos that are meant."""
        first, last = narrowing.uploaded or _ALL
        parts = narrowing.part and (PART_OF[narrowing.part[1]], f"{narrowing.part[0]:x}")
        meant = [
            (narrowing.prefixes is None or record.key.startswith(narrowing.prefixes))
            and first <= record.version.uploaded_at <= last
            and (parts is None or parts in parts_of(key_digest(record.key)).items())
            for record in self.records
        ]
        return Library(list(itertools.compress(self.records, meant)), self.vectors[np.array(meant)])

    def similarities(self, vector: Vector) -> "NDArray[np.float32]":
        return self.vectors @ np.array(vector, np.float32)


@dataclass(frozen=True)
class EveryVector:
    """Searches a library as DynamoDB searches its index, without leaving anything out."""

    library: Library
    space: str = SPACE
    takes_ranges: bool = True
    _parts: dict[Narrowing, Library] = field(default_factory=dict)

    def nearest(self, vector: Vector, within: Sequence[Narrowing], most: int) -> list[list[Neighbor]]:
        return [self._nearest(vector, each, most) for each in within]

    def _nearest(self, vector: Vector, within: Narrowing, most: int) -> list[Neighbor]:
        if within not in self._parts:
            self._parts[within] = self.library.within(within)
        part = self._parts[within]
        similarities = part.similarities(vector)
        return [
            Neighbor(part.records[each].key, part.records[each].revision, float(similarities[each]))
            for each in np.argsort(-similarities)[:most]
        ]


class Asked(NamedTuple):
    """Shares of the most similar ten and hundred that were found, and of all that pages show; times in ms."""

    at_10: float
    at_100: float
    of_pages: float
    shown: float
    searches: Sequence[float]
    pages: Sequence[float]


def draw(count: int, model: TextModel, random: np.random.Generator) -> Library:
    """Draw photos, a second apart, in folders that have every fiftieth."""
    names = list(json.loads((ROOT / "local/rekognition/taxonomy.json").read_text())["labels"])
    of_labels = np.array([model.of_text(name) for name in names], np.float32)
    order = random.permutation(len(names))
    chances = np.arange(1, len(names) + 1) ** -LESS_COMMON
    chances /= chances.sum()
    vectors = np.empty((count, DIMENSIONS), np.float32)
    for number in range(count):
        chosen = order[random.choice(len(names), random.integers(*LABELS_OF_A_PHOTO), False, chances)]
        made = np.sqrt(random.uniform(0.1, 1.0, len(chosen))) @ of_labels[chosen]
        vectors[number] = made / np.linalg.norm(made)
    keys = (f"{number % FOLDERS:02}/{number}.jpg" for number in range(count))
    detectors = {MEANING: f"{SPACE}.drawn"}
    return Library(
        [photo(key, second=number, detectors=detectors) for number, key in enumerate(keys)], vectors
    )


def conditions(library: Library) -> Mapping[str, ListQuestion]:
    """Return what is asked for beside likeness: nothing, and what the index itself is narrowed by."""
    times = [record.version.uploaded_at for record in library.records]
    everything = ListQuestion(limit=MOST_NEIGHBORS)
    last_of_a_tenth = times[len(times) // 10 - 1]
    return {
        "all": everything,
        "a prefix of 2 %": everything._replace(prefix="07/"),
        "a tenth by upload": everything._replace(uploaded_from=times[0], uploaded_to=last_of_a_tenth),
    }


@contextmanager
def local_table() -> "Iterator[DynamoDBClient]":
    """Run a local cloud of its own with the table of the template, without its stream and other indexes."""
    template = json.loads(synthesize(local_context({"meaning": "labels"}))[0].template)
    (properties,) = (
        each["Properties"]
        for each in template["Resources"].values()
        if "VectorIndexes" in each.get("Properties", {})
    )
    asked: dict[str, Any] = {name: properties[name] for name in MADE_OF}
    searched = [each["SearchSchema"] for each in asked["VectorIndexes"]]
    used = {each["AttributeName"] for each in itertools.chain(asked["KeySchema"], *searched)}
    asked["AttributeDefinitions"] = [
        each for each in asked["AttributeDefinitions"] if each["AttributeName"] in used
    ]
    with tempfile.TemporaryDirectory() as folder:
        environment = on_ports(LocalEnvironment((Path(folder) / "cloud").resolve()), 0)
        with at_work(environment):
            try:
                start_cloud(environment)
                client = local_session(REGION).client(
                    "dynamodb",
                    endpoint_url=environment.endpoint_url,
                    config=client_config(connect_seconds=1, read_seconds=READ_SECONDS, connections=16),
                )
                client.create_table(TableName=TABLE, BillingMode="PAY_PER_REQUEST", **asked)
                yield client
            finally:
                stop_cloud(environment)


def fill(client: "DynamoDBClient", library: Library, executor: Executor) -> None:
    """Write the record of each photo, and of its index rows the one that has the vector."""
    batches = TableBatches(client, TABLE, translated, RetryPolicy(3, READ_SECONDS, 5.0), executor)
    photos = list(zip(library.records, library.vectors, strict=True))
    for some in in_batches(photos, 16 * MAX_WRITES):
        undone = batches.write([{"PutRequest": {"Item": item}} for each in some for item in _items(*each)])
        if undone:
            raise undone[0][1]


def _items(record: ImageRecord, vector: "NDArray[np.float32]") -> Iterator[dict[str, Any]]:
    vectors = {MEANING: tuple(map(float, vector))}
    with_vector = replace(record, findings=replace(record.findings, vectors=vectors))
    yield from (to_wire(each.to_item()) for each in index_rows(with_vector) if each.nearby is not None)
    at = record_key(record.key)
    yield to_wire({**record.to_item(), **at._asdict()})


def ask(
    library: Library, images: SimilarImages, vectors: Sequence[Vector], asked: ListQuestion, most_pages: int
) -> Asked:
    """Ask by each vector; of the first few, ask for pages."""
    (within,) = narrowings(asked, (asked.prefix,))
    meant = library.within(within)
    right = [np.sort(meant.similarities(vector))[::-1] for vector in vectors]
    found, searches, pages = list[list[float]](), list[float](), list[float]()
    for vector in vectors:
        begun = time.perf_counter()
        (neighbors,) = images.neighbors.nearest(vector, [within], MOST_NEIGHBORS)
        searches.append(1000 * (time.perf_counter() - begun))
        found.append([neighbor.similarity for neighbor in neighbors])
    paged = [
        [similarity for page in _pages(images, asked, vector, most_pages, pages) for similarity in page]
        for vector in vectors[:QUESTIONS_BY_PAGE]
    ]
    return Asked(
        fmean(map(partial(recall, most=10), found, right)),
        fmean(map(partial(recall, most=MOST_NEIGHBORS), found, right)),
        fmean(recall(every, best, len(every)) for every, best in zip(paged, right, strict=False)),
        fmean(map(len, paged)),
        searches,
        pages,
    )


def _pages(
    images: SimilarImages, question: ListQuestion, vector: Vector, most: int, times: list[float]
) -> Iterator[list[float]]:
    """Yield how similar is what each page shows, and note how long it takes."""
    for _ in range(most):
        begun = time.perf_counter()
        page = images.page(question, vector)
        times.append(1000 * (time.perf_counter() - begun))
        yield [match.similarity or 0.0 for match in page.matches]
        if page.next_after is None:
            return
        question = question._replace(after=page.next_after)


def recall(found: Sequence[float], right: "NDArray[np.float32]", most: int) -> float:
    """Return the share of the most similar that was found, none of which is missing between two others."""
    wanted = right[:most]
    filled = np.full(len(wanted), -2.0)
    filled[: len(found)] = found[:most]
    return float(np.mean(np.abs(wanted - filled) <= AS_SIMILAR))


def _ms(times: Sequence[float]) -> str:
    return f"{median(times):.0f} ({quantiles(times, n=20)[-1]:.0f})"


def measured(
    name: str, library: Library, images: SimilarImages, vectors: Sequence[Vector], most_pages: int
) -> Iterator[str]:
    """Yield a line for each condition."""
    count = len(library.records)
    for condition, asked in conditions(library).items():
        found = ask(library, images, vectors, asked, most_pages)
        yield row(
            f"{count:,}, {name}",
            condition,
            *(f"{100 * share:.1f} %" for share in (found.at_10, found.at_100, found.of_pages)),
            f"{found.shown:.0f}",
            _ms(found.searches),
            _ms(found.pages),
            f"{count * 4 * DIMENSIONS / 1e6:.1f}",
            f"{sum(questions_cost(1000, count).values()):.2f}",
        )


def main(
    photos: Annotated[str, typer.Option(help="How many, in the local cloud.")] = "1000,10000",
    beyond: Annotated[int, typer.Option(help="How many, in this process.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Of what is drawn.")] = 15,
) -> None:
    """Measure what is found of drawn vectors, and how soon."""
    model, counts = text_model(), [int(count) for count in photos.split(",")]
    library = draw(max(*counts, beyond), model, np.random.default_rng(seed))
    vectors = [model.of_text(question) for question in itertools.islice(questions(), QUESTIONS)]
    typer.echo(row(*HEADINGS))
    memory = MemoryTable()
    for record in library.records[:beyond]:
        at = record_key(record.key)
        memory.put(at, {**record.to_item(), **at._asdict()})
    images = SimilarImages(memory, EveryVector(library.part(0, beyond)))
    for line in measured("in memory", library.part(0, beyond), images, vectors, MOST_PAGES):
        typer.echo(line)
    with local_table() as client, ThreadPoolExecutor(16) as executor, ThreadPoolExecutor(2) as writers:
        table = QueryTable(client, TABLE, executor, lambda what, error: None)
        images = SimilarImages(table, VectorIndex(client, TABLE, executor, SPACE, typer.echo))
        for first, count in itertools.pairwise([0, *counts]):
            begun = time.monotonic()
            fill(client, library.part(first, count), writers)
            typer.echo(f"{count - first} written in {time.monotonic() - begun:.0f} s", err=True)
            some = library.part(0, count)
            for line in measured("local cloud", some, images, vectors, PAGES_IN_LOCAL_CLOUD):
                typer.echo(line)


if __name__ == "__main__":
    typer.run(main)
