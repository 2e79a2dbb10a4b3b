"""The file of cameras: what is read, and what is refused in which words."""

from pathlib import Path

import pytest

from contract.camera_faults import cameras_in, faults_of_camera_file
from contract.cameras import Camera, read_cameras, write_cameras
from contract.sightings import PictureBox
from infra.bundles import ROOT
from infra.settings import DeploymentSettings, UnusableSettingsError

EXAMPLE = ROOT / "tests" / "infra" / "cameras.toml"
WATCHING = ROOT / "tests" / "infra" / "watched_people.toml"


def test_what_functions_are_told_is_what_the_file_says() -> None:
    door, yard = cameras_in(str(EXAMPLE))

    assert read_cameras(write_cameras([door, yard])).all == (door, yard)
    assert yard == Camera("yard", "cameras/yard/")
    assert (door.gone_after_seconds, door.silent_after_seconds, door.digest) == (60, 600, "08:00")
    assert door.masks == (((0.0, 0.0), (0.25, 0.0), (0.25, 0.1), (0.0, 0.1)),)
    assert door.zones_of(PictureBox(0.4, 0.6, 0.1, 0.2)) == ("path",)
    assert door.zones_of(PictureBox(0.0, 0.0, 0.1, 0.2)) == ()
    gate = read_cameras(write_cameras([door], only_the_gate=True)).all
    assert (gate[0].masks, gate[0].watch) == (door.masks, yard.watch)


def test_the_example_of_the_docs_has_no_faults(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "cameras.md").read_text()
    file = tmp_path / "cameras.toml"
    file.write_text(page.partition("```toml\n")[2].partition("```")[0])

    assert faults_of_camera_file(str(file)) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "it has no camera"),
        ("prefix = 1", "prefix stands outside of a section"),
        ("[Door]\nprefix = 'a/'", "a camera is named 'Door'"),
        (
            "[door]\nprefix = 'a'",
            "the camera door has prefix = 'a'; it is how its keys begin, up to a slash, as "
            '"cameras/door/", without *, ? and $',
        ),
        ("[door]\nprefix = 'a*/'", "has prefix = 'a*/'"),
        ("[door]\nprefix = 'a/'\nlabels = []", "has labels; it may have"),
        ("[door]\nprefix = 'a/'\nwatch = []", "has watch = []"),
        ("[door]\nprefix = 'a/'\nmasks = [[0.5, 0, 0.6, 1]]", "has masks that are none"),
        (
            "[door]\nprefix = 'a/'\nzones.x = [[0, 0], [1, 1]]",
            "the camera door has zones that are none; they are up to 8, each with a name of small letters, "
            "each a box [left, top, width, height] or a polygon of 3 to 12 points [x, y], in parts of the "
            "picture, 0 to 1",
        ),
        ("[door]\nprefix = 'a/'\nmin_confidence = 101", "has min_confidence = 101"),
        ("[door]\nprefix = 'a/'\ngone_after = 'soon'", "has gone_after = 'soon'"),
        ("[door]\nprefix = 'a/'\nsilent_after = 60", "has silent_after = 60"),
        ("[door]\nprefix = 'a/'\ndigest = '08:00'", "has digest = '08:00'"),
        ("[door]\nprefix = 'a/'\nquiet = '22:00'", "has quiet = '22:00'"),
        ("[door]\nprefix = 'a/'\ntime_zone = 'Mars'", "has time_zone = 'Mars'"),
        ("[door]\nprefix = 'a/'\n[yard]\nprefix = 'a/'", "two cameras have the same prefix"),
        (
            "[door]\nprefix = 'a/b/'\n[yard]\nprefix = 'a/'",
            "the prefix of door is below that of yard; cameras have folders beside each other",
        ),
        (
            "[door]\nprefix = 'a/'\nwatch = ["
            + "'x123456789x123456789x123456789x123456789x123456789x123456789x123456789x123456789', " * 20
            + "]",
            "and a function can be told",
        ),
        ("[door]\nprefix = 'a/'\nwatch_people = []", "has watch_people = []; it is 1 to 10 names"),
        (
            "[door]\nprefix = 'a/'\nwatch_people = ['Ann ']",
            "has watch_people: the name 'Ann ' cannot be kept",
        ),
        ("[door]\nprefix = 'a/'\nwatch_people = ['Ann', 'ANN']", "which names somebody twice"),
        ("[door", "is no TOML"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_write(tmp_path: Path, text: str, fault: str) -> None:
    file = tmp_path / "cameras.toml"
    file.write_text(text)

    (said,) = faults_of_camera_file(str(file))
    assert fault in said


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"camera_email": "me@people.example"}, "camera_email is of use only with cameras"),
        ({"cameras": "nowhere.toml"}, "which cannot be read"),
        ({"cameras": str(EXAMPLE), "pictures": False}, "cameras is of use only where pictures is true"),
        ({"cameras": str(EXAMPLE), "scenes": True}, "scenes and cameras do not go together"),
        ({"cameras": str(EXAMPLE), "detectors": ("faces",)}, "the camera door has no events"),
        ({"cameras": str(EXAMPLE), "camera_email": "me"}, "camera_email is 'me'"),
        ({"cameras": str(WATCHING)}, "the camera door has watch_people, and nobody is looked for"),
        ({"cameras": str(WATCHING), "detectors": ("labels",)}, "its photos are not asked for faces"),
    ],
)
def test_a_deployment_without_sense_is_refused(settings: dict[str, object], fault: str) -> None:
    with pytest.raises(UnusableSettingsError, match=fault):
        DeploymentSettings(**settings)  # type: ignore[arg-type]
