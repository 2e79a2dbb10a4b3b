"""Blocked photos: who may tag them, and that buckets refuse what is tagged to all but those who must read."""

from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Annotations, Match

from contract.block_tag import BLOCK_TAG
from infra.app import ImagepipeStack
from infra.bundles import bundles
from infra.settings import DeploymentSettings, UnusableSettingsError
from tests.infra.conftest import Synthesize
from tests.infra.roles import deployed, resource_decides
from tests.infra.template import Template

MODERATOR = "arn:aws:iam::123456789012:role/Moderators"
TAGGED: dict[str, Any] = {f"s3:ExistingObjectTag/{BLOCK_TAG[0]}": BLOCK_TAG[1]}


def context(tmp_path: Path, **more: str) -> dict[str, str]:
    policy = tmp_path / "policy.toml"
    policy.write_text("[moderation.Violence]\nblock = 90\n")
    given = {"policy": str(policy), "detectors": "labels,moderation", "block_tag": "true"}
    return {**given, "block_readers": MODERATOR, **more}


@pytest.fixture
def tagging(synthesized: Synthesize, tmp_path: Path) -> Template:
    return Template.of(synthesized(context(tmp_path)))


def role_of(template: Template, function_id: str) -> str:
    name = template.properties("AWS::Lambda::Function", function_id)["Role"]["Fn::GetAtt"][0]
    return str(deployed(template, {"Fn::GetAtt": [name, "Arn"]}))


@pytest.mark.parametrize("bucket", ["IntakeBucket", "PicturesRenditions"])
def test_what_is_tagged_is_read_by_the_pipeline_and_who_is_named_and_by_nobody_else(
    tagging: Template, bucket: str
) -> None:
    (document,) = (
        deployed(tagging, policy["Properties"]["PolicyDocument"])
        for name, policy in tagging.all("AWS::S3::BucketPolicy").items()
        if name.startswith(bucket)
    )
    photo = f"arn:aws:s3:::{tagging.the('AWS::S3::Bucket', bucket)[0]}/a.jpg"
    reading = [role_of(tagging, name) for name in ("ProcessingProcessor", "PicturesFunction")]

    def decided(who: str, action: str = "s3:GetObject", **keys: Any) -> str:
        return resource_decides(document, action, photo, who=who, **keys)

    for who in (role_of(tagging, "AnswersQuery"), "arn:aws:iam::123456789012:role/Admin", ""):
        assert decided(who, **TAGGED) == "Deny"
        assert decided(who, "s3:GetObjectVersion", **TAGGED) == "Deny"
        assert decided(who) != "Deny", "without the tag, the bucket refuses nothing"
        assert decided(who, **dict.fromkeys(TAGGED, "seen")) != "Deny"
    for who in (*reading, MODERATOR):
        assert decided(who, **TAGGED) != "Deny"


def test_functions_that_keep_a_promise_about_photos_read_blocked_ones_too(
    synthesized: Synthesize, tmp_path: Path
) -> None:
    people = {"people": True, "people_purpose": "family", "people_contact": "me@people.example"}
    given = context(tmp_path, detectors="labels,faces,moderation", video="jobs", people_retention_days="9")
    template = Template.of(synthesized({**given, **people}))
    policies = template.all("AWS::S3::BucketPolicy")
    (document,) = (
        deployed(template, policy["Properties"]["PolicyDocument"])
        for name, policy in policies.items()
        if name.startswith("IntakeBucket")
    )
    photo = f"arn:aws:s3:::{template.the('AWS::S3::Bucket', 'IntakeBucket')[0]}/a.jpg"

    for name in ("FilmsFunction", "FilmJobsEnds", "PeopleUpkeep"):
        who = role_of(template, name)
        assert resource_decides(document, "s3:GetObject", photo, who=who, **TAGGED) != "Deny"


def test_the_processor_alone_tags(tagging: Template) -> None:
    tagging_roles = {
        name
        for name in tagging.all("AWS::Lambda::Function")
        for statement in tagging.statements_of(name)
        if "Tagging" in str(statement["Action"])
    }

    assert [name[:19] for name in tagging_roles] == ["ProcessingProcessor"]


@pytest.mark.parametrize("video", ["off", "frames"])
def test_the_processor_lists_renditions_where_there_are_frames_of_films(
    tmp_path: Path, synthesized: Synthesize, video: str
) -> None:
    template = Template.of(synthesized(context(tmp_path, video=video)))
    renditions, _ = template.the("AWS::S3::Bucket", "PicturesRenditions")

    listing = [
        statement
        for statement in template.statements_of("ProcessingProcessor")
        if statement["Action"] == "s3:ListBucket" and renditions in str(statement["Resource"])
    ]

    assert bool(listing) == (video == "frames")


def test_nothing_of_it_is_there_where_it_is_off(template: Template) -> None:
    assert BLOCK_TAG[0] not in str(template.document)
    assert "Tagging" not in str([*template.all("AWS::IAM::Policy").values()])


def test_a_bucket_of_others_keeps_its_policy_and_the_deployment_says_so(
    tmp_path: Path, synthesized: Synthesize
) -> None:
    given = context(tmp_path, bucket="holiday-photos", pictures="false")
    given |= {"near_duplicates": "false"}
    app = App(context=given, outdir=str(tmp_path / "out"))
    settings = DeploymentSettings.from_context(app.node.try_get_context)
    stack = ImagepipeStack(app, "imagepipe", settings, **bundles())

    assert not Template.of(synthesized(given)).all("AWS::S3::BucketPolicy")
    Annotations.from_stack(stack).has_warning(
        "*", Match.string_like_regexp("goes on serving them until its owner adds")
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"block_tag": "true"}, "block_tag is of use only with policy"),
        ({"block_readers": MODERATOR}, "block_readers is of use only where block_tag is true"),
        ({"block_readers": "Moderators"}, "each is the ARN of a role"),
        ({"block_readers": "arn:aws:iam::123456789012:role/*"}, "each is the ARN of a role"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, str], said: str) -> None:
    with pytest.raises(UnusableSettingsError, match=said):
        DeploymentSettings.from_context(given.get)
