"""A plan, and a backfill with a most, know films by the hour: as their files say, or else by their bytes."""

from dataclasses import asdict, replace
from typing import Any

import pytest

from contract.film_usage import FilmAssumptions
from contract.items import to_wire
from contract.photos import FILM, MAX_FILM_BYTES, MAX_PHOTO_BYTES, PICTURE, PhotoFacts
from contract.records import Rejection
from contract.results import ResultName
from contract.table import record_key, result_key
from operations.backfilling import Progress
from operations.commands.plan import films_in_words, show
from operations.estimating import Assessment, Estimate, Totals
from operations.film_hours import FilmHours, FilmLength
from operations.inventory import Listed
from operations.planning import Assessed, Assessor, ObjectFilter, ObjectKind, Place
from operations.pricing import Pricing
from operations.temporary_database import SeenContents
from tests.operations.deployments import deployed
from tests.operations.test_planning import FINGERPRINTS
from tests.operations.test_reconciling import recognized
from tests.operations.world import OperatedWorld
from tests.processors.world import SETTINGS

PICTURED = {**FINGERPRINTS, PICTURE: "0123456789ab"}
HOUR_BYTES = int(FilmAssumptions.film_bytes_an_hour)
FACTS = PhotoFacts("MP4", 640, 480, is_direct=False, duration_seconds=1800.0, slice_seconds=300.0)
WITH_FILMS = replace(SETTINGS, pictures_function="pictures", films_function="films")
WITH_JOBS = replace(WITH_FILMS, film_jobs=10, film_job_minutes_a_day=60)


def assessor(operated: OperatedWorld, contents: SeenContents, films: str = "films") -> Assessor:
    processor = deployed(PICTURED, films_function=films)
    return Assessor(processor, operated.table, contents, has_records=True)


def assessed(operated: OperatedWorld, *listed: Listed, films: str = "films") -> list[Assessed]:
    with SeenContents() as contents:
        return assessor(operated, contents, films).assess(listed)


def totals_of(operated: OperatedWorld, *listed: Listed) -> Totals:
    with SeenContents() as contents:
        assessment = Assessment(assessor(operated, contents), ObjectFilter())
        for _ in assessment.run([listed]):
            pass
    return assessment.totals


def priced(totals: Totals, settings: Any = WITH_FILMS) -> Estimate:
    pricing = Pricing(SETTINGS.quotas, 0.5, settings=settings)
    bill = pricing.bill(totals.to_do, totals.calls, is_bulk=True, read=totals.read, films=totals.films)
    return Estimate(totals, pricing, bill, is_all=True)


def unopened(key: str = "a.mp4", hours: float = 1.0) -> Listed:
    return Listed(key, f"e{key}", int(HOUR_BYTES * hours), 0.0)


def put_record(operated: OperatedWorld, listed: Listed, **others: Any) -> None:
    """Have a record of this object as recognized, and then as `others` say."""
    record = operated.world.record("old.jpg")
    assert record is not None
    version = replace(record.version, key=listed.key, etag=listed.etag, size_bytes=listed.size_bytes)
    at = record_key(listed.key)
    item = {**replace(record, version=version).to_item(), **others, "pk": at.pk, "sk": at.sk}
    operated.world.table.items[at.pk, at.sk] = to_wire(item)


def test_a_film_that_nobody_has_opened_is_reckoned_by_its_bytes_and_said_to_be() -> None:
    estimate = priced(totals_of(recognized("old.jpg"), unopened("a.mp4"), unopened("b.MKV", 0.5)))
    told: Any = estimate.to_json()

    assert told["films"]["of_unknown_length"] == told["films"]["to_do"] == 2
    assert told["films"]["hours"] == pytest.approx(1.5)
    assert told["calls"] == told["films"]["frames"] == {"labels": 1062, "faces": 1062}
    assert told["films"]["job_minutes"] == 60, "jobs read no MKV, and have no faces"
    assert told["dollars"]["by_service"]["Rekognition"] == pytest.approx(2 * 1.062)
    assert (told["kinds"]["film"], told["files_to_read"]) == (2, 0)
    assert "1.5 hours of film" in films_in_words(estimate)


def test_what_is_printed_says_what_is_known_of_films_and_what_either_way_costs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for settings, way in ((WITH_FILMS, "frames"), (WITH_JOBS, "jobs")):
        estimate = priced(totals_of(recognized("old.jpg"), unopened("a.mp4")), settings)
        show(estimate, Place("bucket", ""), None)
        said = capsys.readouterr().out

        assert "to do are films that nobody has opened" in " ".join(said.split())
        assert "1.0 hours of film: $1.44 by frames (1,416 calls, if they have cuts), $6.7" in said
        assert f"asks by {way}: that is in the sum" in said


def test_how_long_a_film_lasts_is_known_where_its_file_was_read_whatever_its_name() -> None:
    operated = recognized("old.jpg")
    film = unopened("film", 0.1)
    old = {"labels": "old", "faces": "old", PICTURE: PICTURED[PICTURE]}
    put_record(operated, film, photo=FACTS.to_item(), detectors=old)

    totals = totals_of(operated, film)

    assert (totals.films.hours, totals.of_unknown_length, totals.calls) == (0.5, 0, {})


def test_what_is_answered_of_a_film_is_not_asked_again_and_a_copy_is_asked_once() -> None:
    operated = recognized("old.jpg")
    film = unopened()
    copy = replace(film, key="copy.mp4")
    at = result_key(ResultName(f"{film.etag}-{film.size_bytes}", "labels", PICTURED["labels"]))
    operated.world.table.items[at.pk, at.sk] = to_wire({"pk": at.pk, "sk": at.sk, "called_at": "then"})

    totals = totals_of(operated, film, copy)

    assert totals.films.frames(by_jobs=False) == {"faces": 708}
    assert (totals.films_to_do, totals.repeated) == (2, 1)


def test_jobs_are_priced_by_the_minute_where_they_are_deployed_and_wait_for_a_days_minutes() -> None:
    totals = totals_of(recognized("old.jpg"), unopened("a.mp4", 2.0))
    frames, jobs = priced(totals), priced(totals, WITH_JOBS)

    assert jobs.dollars_of_films == frames.dollars_of_films
    by_frames, by_jobs = frames.dollars_of_films
    assert by_jobs > 12 > by_frames
    assert jobs.bill.total - frames.bill.total == pytest.approx(by_jobs - by_frames)
    assert jobs.calls == {"faces": 1416}
    assert jobs.seconds == 86_400, "the second hour is tomorrow's"


@pytest.mark.parametrize(
    ("key", "size", "kind"),
    [
        ("a.mov", 1, ObjectKind.FILM),
        ("a.jpg", 1, ObjectKind.PHOTO),
        ("a.bin", MAX_PHOTO_BYTES + 1, ObjectKind.FILM),
        ("a.mp4", MAX_FILM_BYTES + 1, ObjectKind.TOO_LARGE),
        ("a.mp4", 0, ObjectKind.EMPTY),
    ],
)
def test_a_listing_says_what_may_be_a_film(key: str, size: int, kind: ObjectKind) -> None:
    assert ObjectKind.of(Listed(key, "e", size, 0.0), is_converted=True, takes_films=True) is kind


def test_an_archived_film_waits_and_where_films_are_refused_it_is_something_else_by_its_name() -> None:
    archived = replace(unopened(), storage_class="GLACIER")

    (waiting,) = assessed(recognized("old.jpg"), archived)
    (refused,) = assessed(recognized("old.jpg"), replace(unopened(), size_bytes=9), films="")

    assert waiting.has_to_wait
    assert (refused.kind, refused.film) == (ObjectKind.OTHER_BY_NAME, None)


@pytest.mark.parametrize(
    ("detectors", "rejected_by", "is_current"),
    [
        ({PICTURE: "p"}, PICTURE, False),
        ({PICTURE: "p"}, None, False),
        ({PICTURE: "p", FILM: "1"}, PICTURE, True),
        ({PICTURE: "p"}, "labels", True),
    ],
)
def test_what_was_rejected_before_films_were_taken_is_looked_at_again(
    detectors: dict[str, str], rejected_by: str | None, is_current: bool
) -> None:
    operated = recognized("old.jpg")
    rejection = asdict(Rejection("InvalidImageFormatException", "no", rejected_by))
    put_record(
        operated,
        unopened(),
        status="rejected",
        detectors=detectors,
        **{f"rejection_{name}": value for name, value in rejection.items() if value is not None},
    )

    (found,) = assessed(operated, unopened())

    assert found.is_current is is_current
    assert assessed(operated, replace(unopened(), size_bytes=HOUR_BYTES), films="")[0].is_current


def test_what_a_backfill_has_queued_of_films_counts_for_its_most_and_goes_on_from_its_file() -> None:
    found = assessed(recognized("old.jpg"), unopened("a.mp4"), unopened("b.mp4"))
    pricing = Pricing(SETTINGS.quotas, 0.5, settings=WITH_FILMS)

    def dollars(progress: Progress) -> float:
        return pricing.bill(progress.records, progress.calls, is_bulk=True, films=progress.films).total

    one = Progress().plus(found[:1], "a.mp4")
    both = Progress(**asdict(one)).plus(found[1:], "b.mp4")

    assert both.films.hours == pytest.approx(2.0)
    assert (both.calls, both.read) == ({}, 0)
    assert dollars(one) > 1.4
    assert dollars(both) == pytest.approx(2 * dollars(one), rel=0.01)


def test_no_film_is_reckoned_longer_than_any_that_is_taken() -> None:
    length = FilmLength.of(unopened(hours=9.0), None)

    assert FilmHours().plus(length, ("labels",)).hours == 6
