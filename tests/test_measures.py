"""What has to be none in the house: names of two things, and ports without a second implementation.

That there are no circles is held by import-linter (`make check`).
"""

from infra.bundles import ROOT
from tests.measures import ROOMS, Room, lonely_protocols, names_of_two_things

HERE = [Room.read(name) for name in ROOMS]


def test_a_class_name_means_one_thing() -> None:
    assert names_of_two_things(HERE) == {}


def test_a_protocol_has_a_second_implementation() -> None:
    assert lonely_protocols(HERE, sorted((ROOT / "tests").rglob("*.py"))) == []
