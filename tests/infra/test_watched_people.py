"""Where a camera watches for persons, its function reads who is looked for, and elsewhere it may not."""

from infra.bundles import ROOT
from tests.infra.conftest import EVERYTHING, Synthesize
from tests.infra.template import Template

WATCHING = str(ROOT / "tests" / "infra" / "watched_people.toml")


def test_the_function_of_cameras_reads_who_is_looked_for_where_somebody_is_watched_for(
    synthesized: Synthesize,
) -> None:
    deaf, made = (
        Template.of(synthesized(each)) for each in (EVERYTHING, {**EVERYTHING, "cameras": WATCHING})
    )

    assert queried(made) == {"people", *queried(deaf)} - {"index#seen:yard#*"}
    assert "people" not in queried(deaf)
    variables = [
        template.properties("AWS::Lambda::Function", "CamerasTelling")["Environment"]["Variables"]
        for template in (deaf, made)
    ]
    assert [each.get("PEOPLE_SIMILARITY_PERCENT") for each in variables] == [None, "90"]
    processor = made.properties("AWS::Lambda::Function", "ProcessingProcessor")["Environment"]["Variables"]
    assert "Ann" not in processor["CAMERAS"]


def queried(template: Template) -> set[str]:
    """Return the partitions that the function of cameras may query."""
    (policy,) = (
        each for name, each in template.all("AWS::IAM::Policy").items() if name.startswith("CamerasTelling")
    )
    return {
        key
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "dynamodb:Query"
        for key in statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    }
