"""What a bucket that is there already has to be like, and what does not hold on it, said before deploying.

docs/existing-bucket.md says the same to whoever reads first.
"""

import json
import shlex
from collections.abc import Iterator

from operations.adapters.account import AwsAccount
from operations.adapters.existing_bucket import BucketSettings, NoBucket
from operations.checking.findings import Finding, Fit
from operations.checking.wanted import Wanted

_KMS = frozenset({"aws:kms", "aws:kms:dsse"})


def bucket_findings(wanted: Wanted, account: AwsAccount) -> Iterator[Finding]:
    """Compare the bucket that the settings name with what is needed of it; nothing where they name none."""
    name = wanted.bucket
    if not name:
        return
    subject = f"bucket {name}"
    found = account.bucket(name)
    if isinstance(found, NoBucket):
        yield _unusable(subject, found)
        return
    if found.region != account.region:
        yield Finding(
            subject,
            f"in {found.region}, not in {account.region}",
            Fit.NO,
            "S3 tells of it, and Rekognition reads it, in its own region alone: deploy there, with "
            f"AWS_REGION={found.region}",
        )
        return
    yield Finding(subject, f"ours, in {found.region}", Fit.YES)
    yield _events(name, found)
    yield _versions(wanted, found)
    yield _encryption(wanted, found)
    if wanted.takes_uploads:
        yield _uploads(wanted)


def _unusable(subject: str, found: NoBucket) -> Finding:
    if not found.exists:
        advice = "name one that is there, or leave bucket out: then the stack makes one of its own"
        return Finding(subject, "there is no such bucket", Fit.NO, advice)
    advice = (
        "only a bucket of this account tells its EventBridge anything: name one of your own; if it is, ask "
        "for s3:ListBucket on it"
    )
    return Finding(subject, "another account's, or closed to you", Fit.NO, advice)


def _events(name: str, found: BucketSettings) -> Finding:
    subject = "events of the bucket"
    if found.notifications is None:
        advice = "you may not read its notifications: see that EventBridge is on; else nothing happens"
        return Finding(subject, "not known", Fit.HINT, advice)
    if found.tells_event_bridge:
        return Finding(subject, "EventBridge is on", Fit.YES)
    # The whole configuration is replaced by each that is put, so what is there is put again with it.
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
    whole = json.dumps({**found.notifications, "EventBridgeConfiguration": {}})
    put = ["aws", "s3api", "put-bucket-notification-configuration", "--bucket", name]
    command = shlex.join([*put, "--region", found.region, "--notification-configuration", whole])
    advice = "turn it on by the command below, which keeps the notifications that are set"
    return Finding(subject, "EventBridge is off", Fit.NO, advice, command=command)


def _versions(wanted: Wanted, found: BucketSettings) -> Finding:
    subject = "versions of the bucket"
    if found.versioning is None:
        return Finding(subject, "not known", Fit.HINT, "you may not read its versioning")
    if found.versioning == "Enabled":
        return Finding(subject, "kept", Fit.YES)
    state = "not kept any more" if found.versioning else "not kept"
    if not wanted.answers_are_shared:
        advice = (
            "share_answers is off (by itself where moderation runs and strangers may upload), and then only "
            "versions tell two photos of one ETag apart: turn versioning on, or set share_answers to true"
        )
        return Finding(subject, state, Fit.NO, advice)
    advice = (
        "a photo overwritten while it is looked at is paid for once more, and one deleted by mistake "
        "cannot be had back"
    )
    return Finding(subject, state, Fit.HINT, advice)


def _encryption(wanted: Wanted, found: BucketSettings) -> Finding:
    subject = "encryption of the bucket"
    if found.encryption is None:
        advice = "you may not read it: photos under a KMS key need bucket_key, and no copy is found"
        return Finding(subject, "not known", Fit.HINT, advice)
    if found.encryption not in _KMS:
        return Finding(subject, "S3's own", Fit.YES)
    by = found.kms_key or "AWS's key aws/s3"
    if wanted.share_answers and wanted.answers_are_shared:
        advice = (
            "under KMS the ETag of the same bytes is another each time, so no photo has the answers of "
            "another: leave share_answers out"
        )
        return Finding(subject, f"KMS, by {by}", Fit.NO, advice)
    is_owners = found.kms_key is not None and not found.kms_key.endswith("alias/aws/s3")
    if is_owners and not wanted.bucket_key:
        settings = {"bucket_key": str(found.kms_key)} if str(found.kms_key).startswith("arn:") else None
        advice = "no function could read a photo: set bucket_key to the ARN of this key"
        return Finding(subject, f"KMS, by {by}", Fit.NO, advice, settings)
    advice = (
        "the ETag is no MD5: photos that are copied, renamed or uploaded again are paid for again, and have "
        "thumbnails of their own"
    )
    return Finding(subject, f"KMS, by {by}", Fit.HINT, advice)


def _uploads(wanted: Wanted) -> Finding:
    """Tell what pages need to upload: the API's own address is known only once it is deployed."""
    origins = ["https://API", *wanted.cors_origins]
    rule = {
        "AllowedOrigins": origins,
        "AllowedMethods": ["GET", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag", "x-amz-version-id"],
    }
    put = ["aws", "s3api", "put-bucket-cors", "--bucket", wanted.bucket]
    command = shlex.join([*put, "--cors-configuration", json.dumps({"CORSRules": [rule]})])
    advice = (
        "the bucket has to let pages in, which is for you to set: once it is deployed, add this rule to "
        "those that it has (https://API is the output ApiUrl)"
    )
    return Finding("uploads into the bucket", "on", Fit.HINT, advice, command=command)
