"""From vectors of labels to those of a model on the running stack: asked all along, never fewer answers."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError

import pytest
from rich.console import Console

from contract.meaning import BEDROCK_SPACE, MEANING_SEEN, SPACE
from contract.table import meaning_term, term_partitions
from infra.bundles import ROOT
from local.cloud.assembly import local_context
from local.cloud.environment import LocalClients
from local.cloud.running import bring_up
from local.cloud.stages import Stages
from tests.end_to_end.test_meaning import PATIENCE_SECONDS, Place, running_place
from tests.operations.end_to_end.test_imagepipe import Operator

# Three deployments, and functions that unpack a model of text for each.
pytestmark = [pytest.mark.nightly, pytest.mark.timeout(1800)]

BETWEEN_SECONDS = 0.2
FIRST = {"detectors": "labels", "max_concurrency": 2}
PHOTOS = sorted((ROOT / "images").glob("*.jpg"))[:4]


@dataclass
class Asker:
    """Asks for all photos by words again and again, and notes those that were shown once and then not."""

    place: Place
    seen: set[str] = field(default_factory=set)
    missed: list[set[str]] = field(default_factory=list)
    asked: int = 0
    failure: BaseException | None = None
    _end: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        try:
            while not self._end.is_set():
                try:
                    shown = set(self.place.keys(like="a dog", limit=100))
                except HTTPError as refused:
                    # MiniStack ends workers at their work when it changes their function, and says so in its
                    # own words; AWS lets them end. A problem of ours is a failure.
                    if "urn:imagepipe" in refused.read().decode():
                        raise
                    continue
                if missing := self.seen - shown:
                    self.missed.append(missing)
                self.seen |= shown
                self.asked += 1
                self._end.wait(BETWEEN_SECONDS)
        except BaseException as failure:
            self.failure = failure
            raise

    @contextmanager
    def asking(self) -> Iterator["Asker"]:
        thread = threading.Thread(target=self.run, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._end.set()
            thread.join(PATIENCE_SECONDS)
        assert self.failure is None


def until(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.5)


def rows_in(place: Place, space: str) -> int:
    table = LocalClients(place.environment).tables.Table(place.outputs.table)
    found: list[Any] = table.scan()["Items"]
    return sum(item["pk"] in term_partitions(meaning_term(space)) for item in found)


def test_a_model_takes_the_place_of_labels_and_nobody_misses_a_photo(tmp_path: Path) -> None:
    with running_place(tmp_path, local_context({**FIRST, "meaning": "labels"})) as place:
        clients, bucket = LocalClients(place.environment), place.outputs.bucket
        imagepipe = Operator(_running(place, clients))

        def upload(*photos: Path) -> None:
            for photo in photos:
                clients.s3.put_object(Bucket=bucket, Key=photo.name, Body=photo.read_bytes())
            keys.update(photo.name for photo in photos)
            until(lambda: set(place.keys(like="a dog", limit=100)) == keys, "not all photos are found")

        def deploy(**settings: str) -> None:
            bring_up(place.environment, Stages(Console(quiet=True)), local_context({**FIRST, **settings}))

        def backfill() -> None:
            assert imagepipe.json("backfill", f"s3://{bucket}/", "--yes")["queued"] == len(PHOTOS)

        keys: set[str] = set()
        upload(*PHOTOS[:-1])
        with Asker(place).asking() as asker:
            deploy(meaning="labels", meaning_next="bedrock")
            upload(PHOTOS[-1])
            before = imagepipe.json("status")["meaning"]
            assert (before["found"], before["lacking"]) == (len(PHOTOS), len(PHOTOS) - 1)
            _fill(imagepipe, f"s3://{bucket}/", len(PHOTOS) - 1)
            until(lambda: imagepipe.json("status")["meaning"]["is_complete"], "the space is not filled")
            assert rows_in(place, SPACE) == rows_in(place, BEDROCK_SPACE) == len(PHOTOS)

            deploy(meaning="bedrock", meaning_next="labels")
            assert imagepipe.json("status")["meaning"]["is_complete"], "and back, if need be"
            assert set(place.keys(like="a dog", limit=100)) == keys
            assert place.get(key=PHOTOS[0].name)["has_vector"]
            deploy(meaning="bedrock")
            backfill()
            until(lambda: rows_in(place, SPACE) == 0, "rows of the former space are left")

        assert asker.asked > len(PHOTOS)
        assert asker.missed == []
        assert asker.seen == keys
        assert MEANING_SEEN in place.get(key=PHOTOS[0].name)["detectors"]
        assert list(place.vectors_paid_for().values()) == [1] * len(PHOTOS), "once for each content"


def _fill(imagepipe: Operator, place: str, lacking: int) -> None:
    filled = imagepipe.json("backfill", place, "--yes")
    assert (filled["queued"], filled["without_vector"]) == (lacking, {MEANING_SEEN: lacking})


def _running(place: Place, clients: LocalClients) -> Any:
    return SimpleNamespace(environment=place.environment, outputs=place.outputs, clients=clients)
