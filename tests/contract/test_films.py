"""What is kept of a film: read back as written, within an item, its frames named by who made them."""

import random

from contract.films import (
    IN_FRAMES,
    MOST_ANSWER_BYTES,
    MOST_NAMES,
    Frame,
    Slice,
    film_answer,
    film_findings,
    frame_key,
    intervals_of,
)
from contract.photos import PICTURE, rendition_maker
from contract.records import Findings
from contract.results import Result, ResultName, maker_of_renditions, pack

NAME = ResultName("content-1", PICTURE, "f@0-300000-9000")


def test_a_slice_names_whose_renditions_its_frames_are() -> None:
    found = Slice((Frame(0, 9000, 4000, "ab"),), "maker", is_coarse=True)
    kept = Result(NAME, found.to_json(), "2026-01-01T00:00:00.000Z")

    assert Slice.from_json(kept.response) == found
    assert maker_of_renditions(NAME, kept.to_item()) == "maker"
    assert maker_of_renditions(NAME, {"claimed_by": "another"}) == "another"
    assert rendition_maker(frame_key("content-1", "maker", "ab")) == ("content-1", "maker")


def test_findings_are_read_back_from_what_is_kept_in_short() -> None:
    found = Findings(
        labels={"Dog": 98.0, "Animal": 98.0},
        parents=frozenset({"Animal"}),
        implied_by={"Animal": frozenset({"Dog"})},
        faces=0,
        moderation={"Violence": 80.0},
        words=("sale",),
        celebrities={"Ada": 99.0},
    )

    read = film_findings(film_answer([(Frame(0, 1, 0, "a"), "k", found)]))

    assert read == found
    assert read.implied_by == found.implied_by
    assert film_findings({"Labels": []}) is None


def test_a_film_of_six_hours_fits_into_an_item_and_its_record_holds_the_surest() -> None:
    dice = random.Random(1)
    names = [f"Label number {number}" for number in range(900)]
    frames = [
        (
            Frame(second * 6000, second * 6000 + 6000, second * 6000, f"{second:016x}"),
            f"content-1/maker/frame-{second:016x}.jpg",
            Findings(labels={name: round(dice.uniform(40, 100), 2) for name in dice.sample(names, 20)}),
        )
        for second in range(3600)
    ]

    answer = film_answer(frames)
    found = film_findings(answer)

    assert len(pack(answer)) <= MOST_ANSWER_BYTES
    assert found is not None
    assert len(found.labels) == MOST_NAMES
    assert intervals_of([answer])[0].first == 0


def test_a_film_with_much_text_fits_into_an_item_and_keeps_the_first_words_of_each_frame() -> None:
    dice = random.Random(1)
    words = [f"{dice.getrandbits(40):x}" for _ in range(20_000)]
    frames = [
        (
            Frame(second * 1000, second * 1000 + 1000, second * 1000, f"{second:016x}"),
            f"content-1/maker/frame-{second:016x}.jpg",
            Findings(words=tuple(dice.sample(words, 40))),
        )
        for second in range(3600)
    ]

    answer = film_answer(frames)

    assert MOST_ANSWER_BYTES / 2 < len(pack(answer)) <= MOST_ANSWER_BYTES
    for (*_, found), (*_, short) in zip(frames, answer[IN_FRAMES], strict=True):
        kept = tuple(short["words"])
        assert kept
        assert kept == found.words[: len(kept)]
