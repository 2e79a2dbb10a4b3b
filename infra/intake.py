"""Where photos come in: the bucket, and the two queues of work that its events and backfills fill."""

from collections.abc import Sequence

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contract import timing
from infra.buckets import private_bucket
from infra.existing_bucket import BridgedEvents
from infra.functions import allow, allow_on_objects
from infra.settings import DeploymentSettings

# A restored object can be read again, which is no creation to S3.
EVENTS = (
    "s3:ObjectCreated:*",
    "s3:ObjectRemoved:*",
    "s3:LifecycleExpiration:*",
    "s3:ObjectRestore:Completed",
)


class ObjectEvents(Construct):
    """A bucket whose every change becomes a message in the `images` queue.

    The `bulk` queue takes the same messages from whoever fills it (backfills, redrives), so that a million
    old photos never stand in front of one uploaded now.

    The bucket is `own_bucket`, or where the settings name one, a bucket that was there before: of that,
    nothing is changed, and what it says comes by EventBridge (`bridged`).
    """

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings) -> None:
        super().__init__(scope, construct_id)
        self.images = LaneQueues(self, "Images")
        self.bulk = LaneQueues(self, "Bulk")
        self._settings = settings
        self.bridged: BridgedEvents | None = None
        self.own_bucket: s3.Bucket | None = None
        if settings.bucket:
            self.bucket: s3.IBucket = s3.Bucket.from_bucket_name(self, "Existing", settings.bucket)
            self.bridged = BridgedEvents(
                self, "Bridged", settings, self.images.queue, self.images.dead_letters
            )
        else:
            self.bucket = self.own_bucket = self._bucket(settings)
            self._require_our_encryption(self.own_bucket)
            self._announce_changes(self.own_bucket)

    def let_read(self, function: lambda_.Function, *, versions: bool = True) -> None:
        """Let a function read the photos, and those that were replaced or deleted as well if `versions`.

        As it may list them, S3 answers "not found" for an object that is gone, and not "access denied".
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
        """
        self.allow_photos(function, ["s3:GetObject", *(["s3:GetObjectVersion"] if versions else [])])
        allow(function, ["s3:ListBucket"], self.bucket.bucket_arn)

    def allow_photos(self, function: lambda_.Function, actions: Sequence[str]) -> None:
        """Let a function do something with the photos; where they are under a key, with that as well."""
        allow_on_objects(function, actions, self.bucket, self._settings.bucket_prefix)
        if not self._settings.bucket_key:
            return
        # https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
        using = ["kms:Decrypt", *(["kms:GenerateDataKey"] if "s3:PutObject" in actions else [])]
        through_s3 = {"StringEquals": {"kms:ViaService": f"s3.{Stack.of(self).region}.amazonaws.com"}}
        allow(function, using, self._settings.bucket_key, conditions=through_s3)

    def _bucket(self, settings: DeploymentSettings) -> s3.Bucket:
        return private_bucket(
            self,
            "Bucket",
            settings,
            lifecycle_rules=[
                s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(7)),
                s3.LifecycleRule(
                    noncurrent_version_expiration=Duration.days(settings.noncurrent_version_days),
                    # A deletion leaves a marker, with the photo's name, until nothing is left below it.
                    expired_object_delete_marker=True,
                ),
            ],
            versioned=settings.versioned,
        )

    def _require_our_encryption(self, bucket: s3.Bucket) -> None:
        """Deny uploads that name another encryption than the bucket's own.

        Under KMS, or under a key of the caller's (SSE-C), an ETag is not the MD5 of the bytes, by which equal
        content is recognised; and under the latter nobody else can read the photo. Who names none, as
        `aws s3 sync` and the page do, is not concerned.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html
        """
        header = "s3:x-amz-server-side-encryption"
        of_caller = f"{header}-customer-algorithm"
        conditions: dict[str, dict[str, dict[str, str]]] = {
            "OtherEncryption": {"StringNotEquals": {header: "AES256"}, "Null": {header: "false"}},
            "CallersKey": {"Null": {of_caller: "false"}},
        }
        for sid, condition in conditions.items():
            bucket.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=sid,
                    effect=iam.Effect.DENY,
                    principals=[iam.AnyPrincipal()],
                    actions=["s3:PutObject"],
                    resources=[bucket.arn_for_objects("*")],
                    conditions=condition,
                )
            )

    def _announce_changes(self, own_bucket: s3.Bucket) -> None:
        """Send the bucket's events to the queue by the bucket's own property.

        `add_event_notification` would bring a custom resource with a Lambda of its own. S3 sends a test
        message when the property is set, so the queue's policy must let it before. The policy names the
        account and not the bucket, which would make a circle of the two. The ways round it cost more than
        they protect from: a name of our own choice would replace the bucket of a stack that is there; a
        pattern would have to foresee what CloudFormation makes of the names of stacks, long ones and those
        with capitals; a second policy, once the bucket is there, would be overwritten whenever the first
        changes, for a queue has one. So whoever may set the notifications of another bucket of this account
        can fill the queue: what comes is no message of ours (contract/notifications.py), goes to the dead
        letters, and raises the alarm. Events of other accounts are refused.
        """
        queue = self.images.queue
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="EventsOfBucketsOfThisAccount",
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
        bucket = own_bucket.node.default_child
        assert isinstance(bucket, s3.CfnBucket)
        bucket.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(event=event, queue=queue.queue_arn)
                for event in EVENTS
            ]
        )
        policy = queue.node.find_child("Policy").node.default_child
        bucket.add_resource_dependency(policy)  # type: ignore[arg-type]


class LaneQueues(Construct):
    """Messages wait in `queue`; those that the processor gives up on are sent to `dead_letters`.

    The redrive policy is the last resort, for messages whose function never runs: it counts receives that say
    nothing about a message (of invocations that Lambda throttled, of a service that was away).

    Both are encrypted by SQS itself: a queue with the AWS-managed KMS key cannot take S3 events.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.dead_letters = dead_letter_queue(self)
        self.queue = sqs.Queue(
            self,
            "Queue",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=Duration.days(timing.QUEUE_RETENTION_DAYS),
            visibility_timeout=Duration.seconds(timing.VISIBILITY_SECONDS),
            receive_message_wait_time=Duration.seconds(20),
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=timing.QUEUE_MAX_RECEIVES
            ),
        )


def dead_letter_queue(scope: Construct, *, is_for_redrive: bool = True) -> sqs.Queue:
    """Return a queue for what was given up: encrypted by SQS, by TLS only, for as long as SQS keeps it.

    Without `is_for_redrive`, no queue can have SQS move messages there. One that can is not told which may:
    it would name the queue, and the queue names it.
    """
    return sqs.Queue(
        scope,
        "DeadLetters",
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(timing.DEAD_LETTER_RETENTION_DAYS),
        redrive_allow_policy=None
        if is_for_redrive
        else sqs.RedriveAllowPolicy(redrive_permission=sqs.RedrivePermission.DENY_ALL),
    )
