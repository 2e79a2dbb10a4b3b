"""Which detectors are asked about which photo: the longest prefix decides, and a file says so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.detector_choice import (
    MOST_CHARACTERS,
    ByPrefix,
    every_detector,
    read_choices,
    read_exceptions,
    write_exceptions,
)
from contract.detectors import DETECTORS

FILE = """
[prefixes]
"products/" = ["labels", "image_properties"]
"products/people/" = ["faces"]
"""
CHOICE = ByPrefix.of(("labels",), read_choices(FILE, "detectors.toml")[0])


@pytest.mark.parametrize(
    ("key", "detectors"),
    [
        ("cat.jpg", ("labels",)),
        ("products", ("labels",)),
        ("products/cup.jpg", ("labels", "image_properties")),
        ("products/people.jpg", ("labels", "image_properties")),
        ("products/people/ada.jpg", ("faces",)),
        ("Products/cup.jpg", ("labels",)),
        ("a/products/cup.jpg", ("labels",)),
    ],
)
def test_the_longest_prefix_decides_and_it_alone(key: str, detectors: tuple[str, ...]) -> None:
    assert CHOICE[key] == detectors


def test_all_that_are_asked_anywhere_are_those_of_the_default_first() -> None:
    assert every_detector(CHOICE) == ("labels", "faces", "image_properties")
    assert every_detector(ByPrefix(("text",))) == ("text",)


KEYS = st.text("ab/ä", max_size=6)


@given(st.dictionaries(KEYS.filter(bool), st.just("x").map(lambda name: (name,)) | st.just(("y",))), KEYS)
def test_of_any_prefixes_the_longest_that_fits_is_taken(
    exceptions: dict[str, tuple[str, ...]], key: str
) -> None:
    fitting = [prefix for prefix in exceptions if key.startswith(prefix)]
    expected = exceptions[max(fitting, key=len)] if fitting else ("default",)

    assert ByPrefix.of(("default",), exceptions)[key] == expected
    assert read_exceptions(write_exceptions(exceptions)) == exceptions


def test_where_nothing_is_chosen_nothing_is_told_to_a_function() -> None:
    assert write_exceptions({}) == ""
    assert read_exceptions("") == {}


KNOWN = ", ".join(DETECTORS)
ONE_TABLE = 'f.toml has to have one table, [prefixes], with lines such as "products/" = ["labels"]'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", ONE_TABLE),
        ("[prefixes]", ONE_TABLE),
        ("[prefix]\n'a/' = ['labels']", ONE_TABLE),
        ("[prefixes]\n'a/' = ['labels']\n[more]", ONE_TABLE),
        ("prefixes = 7", ONE_TABLE),
        (
            "[prefixes]\n'a/' = ['labels', 'dreams']",
            f'f.toml has \'a/\' = ["labels", "dreams"]; write a list of one or more of {KNOWN}',
        ),
        ("[prefixes]\n'a/' = []", f"f.toml has 'a/' = []; write a list of one or more of {KNOWN}"),
        (
            "[prefixes]\n'a/' = 'labels'",
            f"f.toml has 'a/' = \"labels\"; write a list of one or more of {KNOWN}",
        ),
        ("[prefixes]\n'a/' = [[]]", f"f.toml has 'a/' = [[]]; write a list of one or more of {KNOWN}"),
        (
            "[prefixes]\n'a/' = ['text', 'text']",
            "f.toml names a detector twice for 'a/': text, text",
        ),
        (
            "[prefixes]\n'' = ['text']",
            "f.toml has an empty prefix; what is asked about all others, the setting detectors says",
        ),
    ],
)
def test_what_the_file_may_not_say_is_told_in_one_sentence(text: str, fault: str) -> None:
    assert read_choices(text, "f.toml") == ({}, [fault])


def test_a_prefix_that_stands_there_twice_is_told_and_so_is_what_is_no_toml() -> None:
    for text in ("[prefixes]\n'a/' = ['text']\n'a/' = ['labels']", "[prefixes", "\x00"):
        choices, (fault,) = read_choices(text, "f.toml")
        assert choices == {}
        assert fault.startswith("f.toml is no TOML, or names a prefix twice: ")


def test_more_than_a_function_can_be_told_is_refused() -> None:
    lines = "\n".join(f"'{'x' * 80}{number}' = ['labels']" for number in range(20))

    choices, (fault,) = read_choices(f"[prefixes]\n{lines}", "f.toml")

    assert choices == {}
    assert fault == (
        "f.toml makes 1,911 characters, and a function can be told 1,500: name fewer or shorter prefixes"
    )
    assert MOST_CHARACTERS == 1500
