from collections.abc import Callable
from typing import Any

import pytest

from aws.calls import EntryBatch
from aws.errors import ErrorTranslator
from contract.errors import ConfigurationError, ImagepipeError, NotReadyError, ThrottledError

TRANSLATED = ErrorTranslator(NotReadyError, ConfigurationError, ConfigurationError)
ENTRIES = {"first": {"Body": "a"}, "second": {"Body": "b"}}


def answering(*answers: dict[str, Any]) -> tuple[list[list[str]], Callable[[list[dict[str, Any]]], Any]]:
    asked: list[list[str]] = []

    def call(entries: list[dict[str, Any]]) -> Any:
        asked.append([entry["Body"] for entry in entries])
        return answers[len(asked) - 1]

    return asked, call


def failed(place: str, code: str, *, is_senders: bool) -> dict[str, Any]:
    return {"Id": place, "Code": code, "SenderFault": is_senders}


def words(failures: Any) -> dict[str, type[ImagepipeError]]:
    return {identifier: type(failure) for identifier, failure in failures.items()}


def test_what_was_not_taken_is_asked_for_again_and_the_rest_is_not() -> None:
    asked, call = answering(
        {"Successful": [{"Id": "0"}], "Failed": [failed("1", "InternalError", is_senders=False)]},
        {"Successful": [{"Id": "1"}]},
    )
    batch = EntryBatch("a call", call, ENTRIES, TRANSLATED)

    with pytest.raises(NotReadyError, match="a call: 1 entries"):
        batch.attempt()
    batch.attempt()

    assert asked == [["a", "b"], ["b"]]
    assert batch.failures == {}


@pytest.mark.parametrize("is_final", [True, False])
def test_a_fault_of_the_senders_is_tried_again_where_it_is_not_final(is_final: bool) -> None:
    _, call = answering(
        {"Successful": [{"Id": "0"}], "Failed": [failed("1", "Throttled", is_senders=True)]},
    )
    batch = EntryBatch("a call", call, ENTRIES, TRANSLATED, sender_faults_are_final=is_final)

    if is_final:
        batch.attempt()
        assert words(batch.failures) == {"second": ConfigurationError}
        return
    with pytest.raises(NotReadyError) as raised:
        batch.attempt()
    assert words(batch.undone(raised.value)) == {"second": ThrottledError}


def test_why_an_entry_was_not_taken_is_said_in_awss_words() -> None:
    told = {**failed("1", "InvalidMessageContents", is_senders=True), "Message": "a NUL is in it"}
    _, call = answering({"Successful": [{"Id": "0"}], "Failed": [told]})
    batch = EntryBatch("a call", call, ENTRIES, TRANSLATED, sender_faults_are_final=True)

    batch.attempt()

    (failure,) = batch.failures.values()
    assert (failure.code, failure.message) == ("InvalidMessageContents", "a NUL is in it (a call)")


def test_what_nothing_was_said_of_is_undone_for_the_last_error() -> None:
    _, call = answering({"Successful": [{"Id": "0"}]})
    batch = EntryBatch("a call", call, ENTRIES, TRANSLATED)

    with pytest.raises(NotReadyError) as raised:
        batch.attempt()

    assert batch.undone(raised.value) == {"second": raised.value}
