"""What happens to answers whose caller does not wait."""

import asyncio
from typing import Any

import pytest

from local.rekognition.recognition import SingleFlight


class Work:
    """Work that goes on until it is told to end, and counts how often it was begun."""

    def __init__(self) -> None:
        self.begun = 0
        self.end = asyncio.Event()

    async def __call__(self) -> dict[str, Any]:
        self.begun += 1
        await self.end.wait()
        return {"Number": self.begun}


def test_those_who_ask_the_same_at_the_same_time_share_the_work() -> None:
    async def ask() -> None:
        answers, work = SingleFlight(), Work()
        asked = [asyncio.ensure_future(answers.do("cat", work)) for _ in range(3)]
        await asyncio.sleep(0)
        work.end.set()

        assert await asyncio.gather(*asked) == [{"Number": 1}] * 3

    asyncio.run(ask())


def test_work_goes_on_when_a_caller_is_cut_off() -> None:
    async def ask() -> None:
        answers, work = SingleFlight(), Work()
        first = asyncio.ensure_future(answers.do("cat", work))
        await asyncio.sleep(0)
        first.cancel()
        second = asyncio.ensure_future(answers.do("cat", work))
        await asyncio.sleep(0)
        work.end.set()

        assert await second == {"Number": 1}

    asyncio.run(ask())


def test_an_answer_that_was_kept_is_given_once() -> None:
    async def ask() -> None:
        answers, work = SingleFlight(), Work()
        work.end.set()
        answers.keep("cat", {"Kept": True})

        assert await answers.do("cat", work) == {"Kept": True}
        assert await answers.do("cat", work) == {"Number": 1}

    asyncio.run(ask())


def test_work_that_fails_is_begun_anew_for_the_next() -> None:
    async def broken() -> dict[str, Any]:
        raise ZeroDivisionError

    async def ask() -> None:
        answers, work = SingleFlight(), Work()
        work.end.set()
        with pytest.raises(ZeroDivisionError):
            await answers.do("cat", broken)

        assert await answers.do("cat", work) == {"Number": 1}

    asyncio.run(ask())


def test_not_more_than_some_answers_are_kept() -> None:
    async def ask() -> None:
        answers, work = SingleFlight(), Work()
        work.end.set()
        for number in range(300):
            answers.keep(f"photo {number}", {"Kept": number})

        assert await answers.do("photo 299", work) == {"Kept": 299}
        assert await answers.do("photo 0", work) == {"Number": 1}

    asyncio.run(ask())
