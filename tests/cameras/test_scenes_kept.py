"""What cameras usually show is kept in the same way in memory, where days are measured, and in the table."""

import pytest

from aws.calls import TableBatches
from contract.cameras import CELLS
from contract.errors import ConfigurationError
from contract.sightings import PictureBox
from processors.adapters import calls
from processors.adapters.cameras import DynamoDBScenes
from processors.cameras.gate import Noted, SceneStore
from processors.cameras.scene import SceneState, first_scene
from processors.cameras.standing import StandingState, StandingThing
from tests.cameras.memory_scenes import MemoryScenes
from tests.fakes.calls import Calls
from tests.fakes.dynamodb import TABLE, FakeDynamoDB
from tests.processors.world import InlineExecutor

FIRST = first_scene(bytes(CELLS), 1_000.5)._replace(last_key="a.jpg", last_id="a", last_at=1_000.5)


def in_the_table(fake: FakeDynamoDB) -> DynamoDBScenes:
    retry = calls.retry_policy(lambda _seconds: None)
    return DynamoDBScenes(TableBatches(fake, TABLE, calls.translated, retry, InlineExecutor()), lambda: 0.0)  # type: ignore[arg-type]


@pytest.fixture(params=["memory", "table"])
def scenes(request: pytest.FixtureRequest) -> SceneStore:
    return MemoryScenes() if request.param == "memory" else in_the_table(FakeDynamoDB(Calls()))


def test_a_scene_is_written_by_whoever_read_it_last(scenes: SceneStore) -> None:
    assert scenes.read("door", []) == (SceneState(), {})
    assert scenes.write("door", FIRST)
    assert not scenes.write("door", FIRST)

    read, _ = scenes.read("door", [])
    assert read == FIRST._replace(version=1)
    assert scenes.write("door", read._replace(last_key="b.jpg"))
    assert not scenes.write("door", read)
    assert scenes.read("yard", [])[0] == SceneState()


def test_what_is_asked_about_stays_as_whoever_came_first_said(scenes: SceneStore) -> None:
    cells = frozenset({0, 7, CELLS - 1})
    assert scenes.note_asked("door", {"a": Noted("a.jpg", cells)}) == {"a": cells}
    assert scenes.note_asked("door", {"a": Noted("a.jpg", frozenset())}) == {"a": cells}

    assert scenes.read("door", ["a", "b"])[1] == {"a": cells}


def test_a_scene_of_another_form_stops_the_line_and_names_the_item() -> None:
    fake = FakeDynamoDB(Calls())
    scenes = in_the_table(fake)
    scenes.write("door", FIRST)
    fake.items["camera#door", "scene"]["mean"] = {"B": b"short"}

    with pytest.raises(ConfigurationError, match="delete it, and the camera door is set up anew"):
        scenes.read("door", [])


def test_what_stands_there_is_written_by_whoever_read_it_last(scenes: SceneStore) -> None:
    statue = StandingThing("Person", PictureBox(0.05, 0.6, 0.07, 0.2), 1_000.5, 3)
    assert scenes.read_standing("door") == StandingState()
    assert scenes.write_standing("door", StandingState(0, 1_060.25, (statue,)))
    assert not scenes.write_standing("door", StandingState())

    assert scenes.read_standing("door") == StandingState(1, 1_060.25, (statue,))
    assert scenes.read_standing("yard") == StandingState()
