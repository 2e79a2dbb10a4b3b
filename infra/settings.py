"""What can be chosen about a deployment. Everything else about the stack is decided in its constructs."""

import json
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields

from contract.camera_faults import cameras_in
from contract.cameras import Camera
from contract.detector_choice import ByPrefix, Detectors, every_detector
from contract.detectors import DEFAULT_DETECTORS, OPERATIONS, operations_of
from contract.key_filter import KeyFilter
from contract.meaning import BY_BEDROCK, BY_LABELS_ANEW
from contract.policy_file import alerts_json, policy_json
from contract.quotas import COSTLY_REQUESTS_A_SECOND, DEFAULT_BATCH_SIZE
from infra.settings_faults import faults_of, read_file


class UnusableSettingsError(Exception):
    """The context of the deployment holds values that mean nothing. All faults are in the message."""


@dataclass(frozen=True)
class DeploymentSettings:
    """The settings of one deployment, read from CDK context (`cdk.json`, or `cdk deploy -c name=value`).

    `stack` is the name of the stack; two of different names stand side by side in one account, and share its
    Rekognition quotas, of which `quotas` then gives each its part.

    `detectors` is a list of names, or one text with commas; `detectors_by_prefix` names a file that says
    which others are asked about photos below prefixes (docs/detectors.md), and `custom_labels_model` is the
    ARN of the version of a model of one's own that the detector `custom_labels` asks.

    `quotas` are the account's Rekognition quotas in calls a second (`DetectLabels=80,DetectFaces=100`); those
    not named are what new accounts have in the region. Quotas of more than about 117 photos a second make the
    table ready for them beforehand, for which AWS charges once by the unit, and which cannot be taken back.
    `daily_call_limit` (`DetectLabels=20000`) is how many calls may be made on one day (UTC), whatever is
    uploaded: photos beyond that wait.

    `bucket` is a bucket that is there already, in the same region and account, to work with in place of one
    of the stack's own. Nothing of it is changed; that it tells EventBridge what happens in it, its owner
    turns on (docs/existing-bucket.md; `imagepipe check` looks). Of its objects, those are meant whose keys
    begin with `bucket_prefix` and end with one of `bucket_suffixes` (`.jpg,.JPG`), all where these are empty;
    `bucket_key` is the ARN of the KMS key that they are encrypted with, where it is not one of AWS's.

    `regions` (`us-east-1,us-west-2`, the stack's own among them) are those whose Rekognition is asked, each
    up to its own quota: the stack's own first, the others in that order, by sending them the photo
    (docs/regions.md). Quotas of theirs are named by region (`us-west-2:DetectLabels=80`). Photos stay within
    one jurisdiction, unless `residency` is `any`.

    `max_concurrency` and `bulk_max_concurrency` bound the processor's copies at work for live and for bulk
    photos (2 to 1,000 each), by themselves as many as fill the quota; `batch_size` is the messages that one
    of them takes at once (1 to 10,000), `concurrent_calls` how many calls of one detector it has under way
    (1 to 100).

    `query_reserved_concurrency` sets so many copies of the query function apart, and gives it no more: then
    questions cannot take what photos need. Lambda keeps 100 of an account unreserved and refuses the
    deployment otherwise, so it is off by default; `imagepipe check` says whether the account can spare it.

    `snapstart` starts copies of the query function from a snapshot of one that has built everything, instead
    of building it anew, for a price a month and one for each start (docs/operations.md, "The first
    question is slow").

    `share_answers` has photos with the same ETag and size asked about once, whichever objects they are;
    without it each version of an object is, and copies, renames and uploads made again are paid for. Unless
    it is set, answers are shared but where moderation runs and people may upload who hold no IAM rights
    (`api_access` is not `iam`, and uploads are on): they could make two photos of one ETag, and have the
    verdict of the first for the second (docs/decisions/0002-paying-once.md).

    `pictures` has photos looked at as files: formats other than JPEG and PNG are recognized, thumbnails and
    views are made and kept in a bucket of their own, and it is noted when and with what a photo was taken
    (docs/decisions/0014-renditions-at-recognition.md). With it, `keep_location` also notes where,
    `near_duplicates` finds photos that look alike, `sidecars` reads the `.xmp` or `.json` beside a photo, and
    `scenes` asks about the sharpest photo of a burst alone, whose answers the others have; these four are off
    by themselves.

    `api_access` is `iam` (callers sign their requests), `jwt` (people sign in: `jwt_issuer`, a URL, and
    `jwt_audience` say whose tokens are taken) or `open`. `uploads` says whether callers may put photos into
    the bucket; unless it is set, they may where the API is not open and the bucket is the stack's own.
    `upload_scope` is the scope that a token needs for that, where not every token will do. `prefix_claim` is
    the claim of the token that says below which prefixes its bearer may see photos, and add some (`family/`;
    `*` for all); without it, all see all of them (docs/decisions/0021-access-by-prefix.md).

    `sign_in` has people sign in at pages of Amazon Cognito, with a pool of the stack's own to which an
    administrator adds them; it goes with `api_access=jwt` and takes the place of `jwt_issuer` and
    `jwt_audience`. `cloudfront` puts CloudFront before page and API, at a name of its own or at
    `cloudfront_domain`, for which `cloudfront_certificate` is (in us-east-1). With it, `waf` makes a web ACL
    for $8 a month, in us-east-1 alone; elsewhere, `web_acl_arn` names one that is there (docs/page.md).

    `cors_origins` are the pages of other hosts that may ask and upload (`https://photos.example`);
    `api_requests_a_second` and `api_burst` bound what all callers together may ask,
    `api_costly_requests_a_second` and `api_costly_burst` each of the questions that read or spend most
    (docs/security.md); `access_logs` writes down who asked for which photo, without what was searched for,
    and what S3 did with each object, in a bucket of logs.

    `customer_key` puts what the stack keeps, but for the photos, under one KMS key, which is made where it is
    `true`, and which is there already where it is an ARN (docs/decisions/0019-what-a-customer-key-covers.md).

    `operator` adds the page `/status` and what it asks, answered by a function of its own: how the pipeline
    stands, which photos failed and why, and sending those back (docs/decisions/0020-retries-from-a-page.md).
    Where people sign in, `operator_scope` is the scope that a token needs for it, and `retry_scope` that for
    sending back, where it is to be another; with `sign_in`, it is for those in the pool's group `operators`.

    `policy` (`policy.toml`) is the file that says which labels are shown, from which confidence on and under
    which names, and which photos are to be reviewed or blocked (docs/policy.md). It is applied to what is
    kept: changing it asks no detector. Where it has rules of alerts (docs/alerts.md), `alert_email` is told
    of photos that match, after it has confirmed SNS's mail.

    `block_tag` tags the objects of photos that the policy or a person blocks, and has the stack's buckets
    refuse them to everybody but the pipeline and the roles of `block_readers`, by their ARNs
    (docs/policy.md). Nothing of a `bucket` that was there before is changed: its policy is its owner's.

    `cameras` (`cameras.toml`) is the file that says which photos are of cameras that stand still: only what
    is new in them is asked about, and what comes and goes is told as events (docs/cameras.md). Where it is
    set, `camera_email` is told of events and of cameras that fall silent, after it has confirmed SNS's mail.

    `corrections` lets people correct what is said of a photo, over whatever is recognized later
    (docs/decisions/0026-corrections-by-content.md); where they sign in by tokens of yours, with the scope
    `correct_scope`, where that is set.

    `meaning` has photos found by what they mean, in any words, and by being like another one: the value is
    labels, which makes that of what was recognized (docs/search.md). labels_anew is the same, but `imagepipe
    backfill` asks for labels once more, a call each, where they are kept from before. bedrock has a model of
    Amazon Bedrock make it of each photo's thumbnail, a call each: of `InvokeModel`, in `quotas` and
    `daily_call_limit`. It needs `pictures`, and a policy that keeps no label back. `meaning_next` is what
    `meaning` is to be later: photos get vectors of both, and questions are answered by those of `meaning`
    until a deployment has `meaning` say so (docs/search.md, "Another model").

    `people` lets persons be enrolled who agreed to be looked for, by `imagepipe people` (docs/people.md).
    With it, `people_purpose` says what faces are compared for, which is what persons agree to,
    `people_contact` whom they write to, and `people_retention_days` for how many days a consent holds at most
    (1 to 1,095). From a similarity of `people_similarity_percent` on (70 to 100), a face is told to be
    somebody's.

    `video` (`off`, `frames` or `jobs`) takes films too: frames of them are chosen, and asked about as photos
    are; or jobs of Rekognition look at whole films, `video_jobs` of them at once (1 to 20, which is what an
    account has) and for `video_minutes_a_day` of film a day, all jobs together; 0 means no limit
    (docs/video.md). With `people`, `people_in_films` has persons looked for in films with faces, too, by
    frames or by a job of its own.

    `dashboard` makes a CloudWatch dashboard of all that operators look at: free if the account has fewer than
    three, else $3 a month, and $0.30 for the metric of latency that is written with it.

    `alarm_email` is told of every alarm, after it has confirmed SNS's mail; or `alarm_topic_arn`, a topic
    that is there already, lets CloudWatch publish, and is in the same region. `daily_check` holds the table
    against the bucket once a day, and raises one of them where a photo has no record
    (docs/decisions/0012-an-audit-a-day.md).

    `confidence_order` keeps an index by which lists come in order of confidence, at the price of a second
    write for each label (docs/decisions/0005-order-by-confidence.md). `retained` keeps the bucket and the
    table when the stack is deleted and protects the table from deletion. `versioned`
    keeps the versions of the stack's bucket, by which a photo is told from another of the same key; then
    `noncurrent_version_days` is how long overwritten and deleted photos can be had back.
    `log_retention_days` is how long logs are kept. `restored_table` is a table to work with in place of
    the stack's own, which stays behind, and `restored_table_stream` the ARN of its stream
    (docs/operations.md, "The table as it was at another time").
    """

    stack: str = "imagepipe"
    detectors: tuple[str, ...] = DEFAULT_DETECTORS
    detectors_by_prefix: str = ""
    custom_labels_model: str = ""
    quotas: Mapping[str, float] = field(default_factory=dict)
    daily_call_limit: Mapping[str, float] = field(default_factory=dict)
    regions: tuple[str, ...] = ()
    residency: str = ""
    max_concurrency: int | None = None
    bulk_max_concurrency: int | None = None
    query_reserved_concurrency: int | None = None
    snapstart: bool = False
    batch_size: int = DEFAULT_BATCH_SIZE
    concurrent_calls: int = 16
    bucket: str = ""
    bucket_prefix: str = ""
    bucket_suffixes: tuple[str, ...] = ()
    bucket_key: str = ""
    share_answers: bool | None = None
    pictures: bool = True
    keep_location: bool = False
    near_duplicates: bool = False
    sidecars: bool = False
    scenes: bool = False
    api_access: str = "iam"
    jwt_issuer: str = ""
    jwt_audience: tuple[str, ...] = ()
    uploads: bool | None = None
    upload_scope: str = ""
    prefix_claim: str = ""
    sign_in: bool = False
    cloudfront: bool = False
    cloudfront_domain: str = ""
    cloudfront_certificate: str = ""
    waf: bool = False
    web_acl_arn: str = ""
    cors_origins: tuple[str, ...] = ()
    api_requests_a_second: int = 100
    api_burst: int = 200
    api_costly_requests_a_second: int = COSTLY_REQUESTS_A_SECOND
    api_costly_burst: int = 40
    access_logs: bool = False
    operator: bool = False
    operator_scope: str = ""
    retry_scope: str = ""
    policy: str = ""
    block_tag: bool = False
    block_readers: tuple[str, ...] = ()
    cameras: str = ""
    camera_email: str = ""
    corrections: bool = False
    correct_scope: str = ""
    meaning: str = ""
    meaning_next: str = ""
    people: bool = False
    people_purpose: str = ""
    people_contact: str = ""
    people_retention_days: int | None = None
    people_similarity_percent: int = 90
    alert_email: str = ""
    video: str = "off"
    video_jobs: int | None = None
    video_minutes_a_day: int | None = None
    people_in_films: bool = False
    dashboard: bool = False
    customer_key: str = ""
    alarm_email: str = ""
    alarm_topic_arn: str = ""
    daily_check: bool = True
    confidence_order: bool = False
    versioned: bool = True
    retained: bool = True
    noncurrent_version_days: int = 30
    log_retention_days: int = 30
    restored_table: str = ""
    restored_table_stream: str = ""

    def __post_init__(self) -> None:
        if faults := faults_of(self):
            raise UnusableSettingsError("\n".join(faults))

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations of the detectors; one that is not known is a fault of its own."""
        return operations_of(name for name in self.every_detector if name in OPERATIONS)

    @property
    def exceptions(self) -> Mapping[str, Detectors]:
        """The detectors that are asked about photos below prefixes, where a file says so."""
        return read_file(self.detectors_by_prefix)[0]

    @property
    def every_detector(self) -> Detectors:
        """All that are asked about any photo."""
        return every_detector(ByPrefix.of(self.detectors, self.exceptions))

    @property
    def asks_abroad(self) -> bool:
        """Whether Rekognition is asked in more than one region."""
        return len(set(self.regions)) > 1

    @property
    def meanings(self) -> tuple[str, ...]:
        """What makes vectors: by which photos are found first, then by which they are to be found."""
        return tuple(filter(None, (self.meaning, self.meaning_next)))

    @property
    def sees_meaning(self) -> bool:
        """Whether a model of Bedrock makes vectors of pictures."""
        return BY_BEDROCK in self.meanings

    @property
    def asks_labels_anew(self) -> bool:
        return BY_LABELS_ANEW in self.meanings

    @property
    def takes_films(self) -> bool:
        return self.video != "off"

    @property
    def has_film_jobs(self) -> bool:
        return self.video == "jobs"

    @property
    def takes_uploads(self) -> bool:
        """Return whether callers may upload. Where anybody may ask, that is chosen and not a default.

        So it is with a bucket that is not ours, which needs rules for pages (CORS) that others set.
        """
        by_default = self.api_access != "open" and not self.bucket
        return by_default if self.uploads is None else self.uploads

    @property
    def keys(self) -> KeyFilter:
        """The keys of the objects that are meant."""
        return KeyFilter(self.bucket_prefix, self.bucket_suffixes)

    @property
    def has_customer_key(self) -> bool:
        """Return whether what the stack keeps is under a key of the customer's."""
        return self.customer_key.lower() not in ("", "false")

    @property
    def customer_key_arn(self) -> str:
        """Return the key that is there already, or nothing where the stack makes one."""
        return self.customer_key if self.customer_key.startswith("arn:") else ""

    @property
    def policy_json(self) -> str:
        """Return the policy as functions are told it; nothing where there is none."""
        return policy_json(self.policy) if self.policy else ""

    @property
    def alerts_json(self) -> str:
        """Return the rules of alerts as their function is told them; nothing where there are none."""
        return alerts_json(self.policy) if self.policy else ""

    @property
    def all_cameras(self) -> tuple[Camera, ...]:
        """Return the cameras whose pictures are compared; none where that is off."""
        return cameras_in(self.cameras) if self.cameras else ()

    @property
    def answers_are_shared(self) -> bool:
        """Whether a photo may have the answers of another with the same ETag and size."""
        if self.share_answers is not None:
            return self.share_answers
        uploads_are_ours = self.api_access == "iam" or not self.takes_uploads
        return uploads_are_ours or "moderation" not in self.every_detector

    @classmethod
    def from_context(cls, look_up: Callable[[str], object]) -> "DeploymentSettings":
        """Read the settings by name, each left at its default where `look_up` answers None.

        Raises UnusableSettingsError.
        """
        hints = typing.get_type_hints(cls)
        given = {each.name: look_up(each.name) for each in fields(cls)}
        values = {name: _read(name, value, hints[name]) for name, value in given.items() if value is not None}
        return cls(**values)


def _read(name: str, value: object, hint: object) -> typing.Any:
    if typing.get_origin(hint) is tuple:
        parts = value if isinstance(value, list) else str(value).split(",")
        return tuple(str(part).strip() for part in parts if str(part).strip())
    if typing.get_origin(hint) is Mapping:
        return _by_operation(name, value)
    if hint is str:
        return str(value)
    hint = int if hint == int | None else bool if hint == bool | None else hint
    # Context given on the command line is text, in cdk.json a number or a truth value; jsii makes floats of
    # whole numbers.
    try:
        parsed = json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError:
        parsed = value
    if hint is bool and isinstance(parsed, bool):
        return parsed
    if (
        hint is int
        and isinstance(parsed, int | float)
        and not isinstance(parsed, bool)
        and parsed == int(parsed)
    ):
        return int(parsed)
    raise UnusableSettingsError(
        f"{name} is {value!r}, which is not of type {getattr(hint, '__name__', hint)}"
    )


def _by_operation(name: str, value: object) -> dict[str, float]:
    pairs = (
        value.items()
        if isinstance(value, Mapping)
        else (part.split("=", 1) for part in str(value).split(",") if part)
    )
    try:
        return {str(operation).strip(): float(quota) for operation, quota in pairs}
    except (TypeError, ValueError):
        raise UnusableSettingsError(
            f"{name} is {value!r}; write it like DetectLabels=50,DetectFaces=100"
        ) from None
