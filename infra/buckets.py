"""What every bucket of the stack has in common."""

from collections.abc import Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.settings import DeploymentSettings


def private_bucket(
    scope: Construct,
    construct_id: str,
    settings: DeploymentSettings,
    lifecycle_rules: Sequence[s3.LifecycleRule],
    *,
    versioned: bool | None = None,
) -> s3.Bucket:
    """Return a bucket of the account's own: by TLS only, encrypted by S3, kept as the settings say."""
    return s3.Bucket(
        scope,
        construct_id,
        versioned=versioned,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        # With KMS the ETag of a photo would no longer be the MD5 of its bytes, by which equal content is
        # recognised; infra/customer_key.py says which buckets are under a customer's key.
        encryption=s3.BucketEncryption.S3_MANAGED,
        lifecycle_rules=lifecycle_rules,
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        if settings.retained
        else RemovalPolicy.DESTROY,
    )
