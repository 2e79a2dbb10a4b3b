"""Photos that are blocked: their objects carry a tag, and the stack's buckets refuse them.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging-and-policies.html
"""

from collections.abc import Sequence

from aws_cdk import Annotations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from contract.block_tag import BLOCK_TAG
from infra.functions import allow, allow_on_objects
from infra.intake import ObjectEvents
from infra.pictures import Pictures
from infra.settings import DeploymentSettings

_TAGGING = ("s3:GetObjectTagging", "s3:PutObjectTagging", "s3:DeleteObjectTagging")
_OF_VERSIONS = ("s3:GetObjectVersionTagging", "s3:PutObjectVersionTagging", "s3:DeleteObjectVersionTagging")


_NOT_OURS = (
    f"block_tag is on, and the bucket is not the stack's: blocked photos are tagged {'='.join(BLOCK_TAG)} "
    "and the API shows them nowhere, but the bucket goes on serving them until its owner adds the statement "
    "of docs/existing-bucket.md to its policy"
)


class BlockedObjects(Construct):
    """Lets the processor tag, and refuses what is tagged to all but those that have to read it.

    These are the processor, with whose rights Rekognition reads, the pictures function, `also`, and
    `block_readers`.
    A Deny goes before every Allow, so the query function's URLs show nothing, those that are out already
    included. Of a bucket that is not the stack's, no policy is touched: a warning says what its owner can do.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        intake: ObjectEvents,
        processor: lambda_.Function,
        pictures: Pictures | None,
        also: Sequence[lambda_.Function] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        intake.allow_photos(processor, [*_TAGGING, *_OF_VERSIONS])
        functions = [processor, *also]
        if pictures is not None:
            functions.append(pictures.function)
            allow_on_objects(processor, _TAGGING, pictures.renditions)
            if settings.takes_films:  # the frames of a film are listed
                allow(processor, ["s3:ListBucket"], pictures.renditions.bucket_arn)
        readers = [*(_role_arn(function) for function in functions), *settings.block_readers]
        if pictures is not None:
            pictures.renditions.add_to_resource_policy(_refusal(pictures.renditions, readers))
        if intake.own_bucket is not None:
            intake.own_bucket.add_to_resource_policy(_refusal(intake.own_bucket, readers))
        else:
            Annotations.of(self).add_warning_v2("imagepipe:block-tag", _NOT_OURS)


def _refusal(bucket: s3.IBucket, readers: Sequence[str]) -> iam.PolicyStatement:
    """Return the statement by which a bucket refuses what is tagged.

    The ARN of a role is what `aws:PrincipalArn` says of all its sessions, also where a service reads with
    the rights of its caller.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
    """
    name, value = BLOCK_TAG
    return iam.PolicyStatement(
        sid="BlockedPhotos",
        effect=iam.Effect.DENY,
        principals=[iam.AnyPrincipal()],
        actions=["s3:GetObject", "s3:GetObjectVersion"],
        resources=[bucket.arn_for_objects("*")],
        conditions={
            "StringEquals": {f"s3:ExistingObjectTag/{name}": value},
            "StringNotEquals": {"aws:PrincipalArn": list(readers)},
        },
    )


def _role_arn(function: lambda_.Function) -> str:
    assert function.role is not None
    return function.role.role_arn
