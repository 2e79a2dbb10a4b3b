"""What is wrong with a camera of the fault run is noticed, and nothing where nothing is."""

from dataclasses import replace

from contract.records import Findings, ImageRecord
from contract.sightings import CameraLook, PictureBox, Sighting
from loadtest.faults.cameras import FIRST, YARD, camera_picture, keys_of_wave, wrong_events
from tests.loadtest.faults.test_verdict import RECORD

DOG = Sighting("Dog", 90.0, PictureBox(0.2, 0.5, 0.3, 0.4))
BEGIN = {"event": "begin", "id": "event-begin"}


def records() -> dict[str, ImageRecord]:
    """Return those of two waves, in which the first picture of each dog was asked about."""
    found = {FIRST: recorded(FIRST, CameraLook(YARD.name), 0)}
    for wave in (1, 2):
        for number, key in enumerate(keys_of_wave(wave)):
            look = CameraLook(YARD.name, sightings=(DOG,)) if key.endswith("3-dog.jpg") else unchanged()
            found[key] = recorded(key, look, 10 * wave + number)
    return found


def unchanged() -> CameraLook:
    return CameraLook(YARD.name, "")


def recorded(key: str, look: CameraLook, second: int) -> ImageRecord:
    version = replace(RECORD.version, key=key, uploaded_at=f"2024-01-01T00:00:{second:02}.000Z")
    labels = {seen.label: seen.confidence for seen in look.sightings}
    return replace(RECORD, version=version, findings=Findings(labels=labels, look=look))


def test_one_dog_is_one_event_and_told_once_or_again_under_its_id() -> None:
    assert wrong_events(records(), [BEGIN, BEGIN]) == {}


def test_what_shows_nothing_new_is_not_asked_about() -> None:
    key = keys_of_wave(1)[0]
    asked = records() | {key: recorded(key, CameraLook(YARD.name), 10)}
    assert set(wrong_events(asked, [BEGIN])) == {key}


def test_a_dog_that_nobody_looked_at_is_noticed() -> None:
    key = keys_of_wave(2)[3]
    wrong = wrong_events(records() | {key: recorded(key, unchanged(), 23)}, [BEGIN])
    assert set(wrong) == {"the dog of wave 2", "the event"}


def test_messages_too_few_too_many_and_others_are_noticed() -> None:
    assert set(wrong_events(records(), [])) == {"messages"}
    assert set(wrong_events(records(), [BEGIN, {**BEGIN, "id": "other-begin"}])) == {"messages"}
    assert set(wrong_events(records(), [BEGIN, {"event": "end", "id": "event-end"}])) == {"other messages"}


def test_no_two_pictures_are_the_same() -> None:
    pictures = {camera_picture(key) for wave in (1, 6) for key in keys_of_wave(wave)}
    assert len(pictures) == 10
