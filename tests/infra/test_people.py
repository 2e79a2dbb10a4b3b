"""People are off by themselves; where they are on, a purpose, a contact and an end have to be named."""

import pytest

from infra.bundles import ROOT
from infra.settings import DeploymentSettings, UnusableSettingsError
from tests.infra.conftest import Synthesize
from tests.infra.template import Template

ON: dict[str, object] = {
    "people": "true",
    "people_purpose": "the family album",
    "people_contact": "privacy@photos.example",
    "people_retention_days": "365",
}


def refused(given: dict[str, object]) -> list[str]:
    with pytest.raises(UnusableSettingsError) as raised:
        DeploymentSettings.from_context(given.get)
    return str(raised.value).splitlines()


def test_without_purpose_contact_and_end_nothing_is_made() -> None:
    assert refused({"people": "true"}) == [
        "people is on; set people_purpose to what faces are compared for, as in 'the family album', for "
        "persons agree to that",
        "people is on; set people_contact to the address for who wants to be forgotten, as in "
        "privacy@photos.example",
        "people is on; set people_retention_days to the days that a consent holds at most, as in 365",
    ]


@pytest.mark.parametrize("name", ["people_purpose", "people_contact", "people_retention_days"])
def test_what_is_of_use_with_people_alone_is_refused_without(name: str) -> None:
    assert refused({name: ON[name]}) == [f"{name} is of use only where people is true"]


def test_a_consent_does_not_hold_for_ever() -> None:
    assert refused(ON | {"people_retention_days": "1096"}) == [
        "people_retention_days is 1096; it must be 1 to 1095"
    ]


def test_the_stack_names_the_collection_and_is_the_same_otherwise(synthesized: Synthesize) -> None:
    off, on = Template.of(synthesized({})).document, Template.of(synthesized(ON)).document
    added = {name: on["Outputs"][name]["Value"] for name in on["Outputs"].keys() - off["Outputs"].keys()}

    assert added == {
        "PeopleCollection": "imagepipe-people",
        "PeoplePurpose": "the family album",
        "PeopleContact": "privacy@photos.example",
        "PeopleRetentionDays": "365",
    }
    # No function may ask about faces of the collection, and nothing of it is deployed.
    assert on["Resources"] == off["Resources"]


def test_people_read_where_faces_are_kept_and_what_removes_them() -> None:
    page = (ROOT / "docs" / "privacy.md").read_text()

    assert "| collection of Rekognition, with `people`; made by the first `imagepipe people add`" in page
    assert "| table, `people`, with `people` |" in page
