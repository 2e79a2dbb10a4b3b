"""What plans and backfills say of searches for persons, before one is made."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from contract.face_search import WANTED_KEY, revision_at
from contract.items import to_wire
from operations.commands import backfill, plan, quotas, status
from operations.wiring import DeployedPipeline
from tests.fakes.sqs import BULK
from tests.operations.test_command_line import Run, Session, run  # noqa: F401
from tests.operations.world import AT_ONCE, NAMES, OperatedWorld
from tests.processors.test_people import ANN as ENROLLED
from tests.processors.test_people import SEARCH, WITH_PEOPLE, enrol
from tests.processors.world import SETTINGS, World

NEW = b"cat 97 face:p1 99"
# Commands go by the time of day.
ANN = replace(ENROLLED, consent=replace(ENROLLED.consent, ends_on="2999-12-31"))


@pytest.fixture
def operated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[OperatedWorld]:
    """A pipeline in memory that looks for Ann, and that commands find."""
    operated = OperatedWorld(World(settings=WITH_PEOPLE))
    operated.functions.settings = WITH_PEOPLE
    enrol(operated.world, ANN)
    pipeline = DeployedPipeline(NAMES, Session(operated))
    pipeline._retry = AT_ONCE
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for commands in (backfill, plan, quotas, status):
        monkeypatch.setattr(commands, "connect", lambda *_: pipeline)
    yield operated
    pipeline.executor.shutdown()


def planned(run: Run) -> dict[str, int]:  # noqa: F811
    code, out, err = run("plan", "s3://photos/", "--json")
    assert code == 0, err
    calls: dict[str, int] = json.loads(out)["calls"]
    return calls


def want_all_searched_anew(operated: OperatedWorld) -> None:
    revision = revision_at(ANN.faces_at) + 1
    operated.world.table.items[WANTED_KEY] = to_wire({**WANTED_KEY._asdict(), "revision": revision})


def test_a_new_photo_is_reckoned_with_a_search_and_what_is_kept_with_none(
    operated: OperatedWorld, run: Run  # noqa: F811
) -> None:  # fmt: skip
    assert operated.world.deliver(operated.s3.put("there.jpg", b"cat 97 face:p1 99 face:p2 98")) == []
    assert operated.world.rekognition.asked[SEARCH] == 2
    operated.s3.put("copy.jpg", b"cat 97 face:p1 99 face:p2 98")
    assert planned(run) == {}

    operated.s3.put("new.jpg", NEW)
    operated.s3.put("newer.jpg", NEW)

    assert planned(run) == {"labels": 1, "faces": 1, "people": 1}
    shown = " ".join(run("plan", "s3://photos/")[1].split())
    assert "SearchUsersByImage 1 " in shown
    assert "1 to do have faces that nobody has counted" in shown


def test_faces_that_are_known_and_not_searched_are_counted(operated: OperatedWorld, run: Run) -> None:  # noqa: F811
    """A copy of what was looked at before Ann was there, with a face that is searched and one that is not."""
    del operated.world.table.items[ANN.at]
    assert operated.world.deliver(operated.s3.put("old.jpg", b"cat 97 face:p1 99 face:p2 98")) == []
    assert operated.world.rekognition.asked[SEARCH] == 0
    enrol(operated.world, ANN)
    operated.s3.put("copy.jpg", b"cat 97 face:p1 99 face:p2 98")

    calls = planned(run)

    assert calls == {"people": 2}
    code, out, _ = run("backfill", "s3://photos/", "--yes")
    assert code == 0
    assert "They need 2 SearchUsersByImage calls" in out
    operated.work_off_bulk()
    assert operated.world.rekognition.asked[SEARCH] == calls["people"]


def test_a_bound_of_dollars_counts_searches(operated: OperatedWorld, run: Run) -> None:  # noqa: F811
    for number in range(6):
        operated.s3.put(f"{number}.jpg", NEW + bytes([number]))

    # Two detectors and a search are $0.003 a photo, and a little for all else.
    told = json.loads(run("backfill", "s3://photos/", "--yes", "--max-cost", "0.0064", "--json")[1])

    assert (told["ended"], told["queued"]) == ("max_cost", 2)
    assert told["in_all"]["calls"] == {"labels": 2, "faces": 2, "people": 2}


def test_all_anew_counts_faces_of_records_that_are_to_be_searched_anew(
    operated: OperatedWorld, run: Run  # noqa: F811
) -> None:  # fmt: skip
    assert operated.world.deliver(operated.s3.put("there.jpg", b"cat 97 face:p1 99 face:p2 98")) == []
    typed = ("backfill", "s3://photos/", "--yes", "--all", "--json")
    assert json.loads(run(*typed)[1])["in_all"]["calls"] == {}

    want_all_searched_anew(operated)

    assert json.loads(run(*typed)[1])["in_all"]["calls"] == {"people": 2}
    operated.queues.take_all(BULK)


def test_nobody_is_searched_for_where_no_consent_holds(
    operated: OperatedWorld, run: Run  # noqa: F811
) -> None:  # fmt: skip
    operated.s3.put("new.jpg", NEW)
    enrol(operated.world, replace(ANN, consent=replace(ANN.consent, ends_on="2026-01-02")))

    assert planned(run) == {"labels": 1, "faces": 1}


def test_searches_have_a_quota_and_a_limit_a_day_like_detectors(operated: OperatedWorld, run: Run) -> None:  # noqa: F811
    shown = json.loads(run("quotas", "--daily", f"{SEARCH}=7", "--json")[1])["operations"]

    assert shown[SEARCH]["calls_a_day"]["in_use"] == 7
    assert f"{SEARCH} 0 of 7" in run("status")[1]


def test_metadata_leaves_photos_alone_whose_faces_would_be_searched(
    operated: OperatedWorld,
    run: Run,  # noqa: F811
) -> None:
    """Their records are of before pictures were read, so nothing but that is lacking in them."""
    before, photos = World(settings=SETTINGS), {"old.jpg": b"cat 97 face:p1 99", "nobody.jpg": b"cat 97"}
    for key, photo in photos.items():
        assert before.deliver(before.s3.put(key, photo)) == []
        operated.s3.put(key, photo)
    operated.world.table.items.update(before.table.items)

    told = json.loads(run("backfill", "s3://photos/", "--yes", "--metadata", "--json")[1])

    assert (told["queued"], told["would_cost"], told["in_all"]["calls"]) == (1, 1, {})
