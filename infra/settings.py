"""What can be chosen about a deployment. Everything else about the stack is decided in its constructs."""

import json
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields

from contract.detectors import DEFAULT_DETECTORS, DETECTORS, OPERATIONS
from contract.quotas import COSTLY_REQUESTS_A_SECOND, DEFAULT_BATCH_SIZE

API_ACCESS = ("iam", "jwt", "open")


class UnusableSettingsError(Exception):
    """The context of the deployment holds values that mean nothing. All faults are in the message."""


@dataclass(frozen=True)
class DeploymentSettings:
    """The settings of one deployment, read from CDK context (`cdk.json`, or `cdk deploy -c name=value`).

    `detectors` is a list of names, or one text with commas. `quotas` are the account's Rekognition quotas in
    calls a second (`DetectLabels=80,DetectFaces=100`); those not named are what new accounts have in the
    region. Quotas of more than about 117 photos a second make the table ready for them beforehand, for which
    AWS charges once by the unit, and which cannot be taken back. `daily_call_limit` (`DetectLabels=20000`) is
    how many calls may be made on one day (UTC), whatever is uploaded: photos beyond that wait.

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
    the bucket; unless it is set, they may where the API is not open. `upload_scope` is the scope that a token
    needs for that, where not every token will do. `cors_origins` are the pages of other hosts that may
    ask and upload (`https://photos.example`); `api_requests_a_second` and `api_burst` bound what all callers
    together may ask, `api_costly_requests_a_second` and `api_costly_burst` each of the questions that read or
    spend most (docs/security.md); `access_logs` writes down who asked for which photo, without what was
    searched for.

    `alarm_email` is told of every alarm, after it has confirmed SNS's mail; or `alarm_topic_arn`, a topic
    that is there already, lets CloudWatch publish, and is in the same region. `daily_check` holds the table
    against the bucket once a day, and raises one of them where a photo has no record
    (docs/decisions/0012-an-audit-a-day.md).

    `confidence_order` keeps an index by which lists come in order of confidence, at the price of a second
    write for each label (docs/decisions/0005-order-by-confidence.md). `retained` keeps the bucket and the
    table when the stack is deleted and protects the table from deletion. `noncurrent_version_days` is how
    long overwritten and deleted photos can be had back. `restored_table` is a table to work with in place of
    the stack's own, which stays behind, and `restored_table_stream` the ARN of its stream
    (docs/operations.md, "The table as it was at another time").
    """

    detectors: tuple[str, ...] = DEFAULT_DETECTORS
    quotas: Mapping[str, float] = field(default_factory=dict)
    daily_call_limit: Mapping[str, float] = field(default_factory=dict)
    max_concurrency: int | None = None
    bulk_max_concurrency: int | None = None
    query_reserved_concurrency: int | None = None
    snapstart: bool = False
    batch_size: int = DEFAULT_BATCH_SIZE
    concurrent_calls: int = 16
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
    cors_origins: tuple[str, ...] = ()
    api_requests_a_second: int = 100
    api_burst: int = 200
    api_costly_requests_a_second: int = COSTLY_REQUESTS_A_SECOND
    api_costly_burst: int = 40
    access_logs: bool = False
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
        faults = [
            *self._unknown_words(),
            *self._unusable_upload_scope(),
            *self._unreachable(),
            *self._half_restored(),
            *self._unusable_sharing(),
            *self._unusable_parts_of_pictures(),
            *self._unusable_quotas(),
            *self._numbers_out_of_range(),
        ]
        if faults:
            raise UnusableSettingsError("\n".join(faults))

    def _unknown_words(self) -> list[str]:
        unknown = [name for name in self.detectors if name not in DETECTORS]
        faults = []
        if unknown or not self.detectors:
            faults.append(
                f"detectors is {','.join(self.detectors)!r}; choose one or more of {', '.join(DETECTORS)}"
            )
        if self.api_access not in API_ACCESS:
            faults.append(f"api_access is {self.api_access!r}; choose one of {', '.join(API_ACCESS)}")
        if self.api_access == "jwt" and not (self.jwt_issuer.startswith("https://") and self.jwt_audience):
            faults.append(
                "api_access is 'jwt'; set jwt_issuer to an https URL and jwt_audience to one or more"
            )
        strange = [origin for origin in self.cors_origins if not re.fullmatch(r"https?://[^/\s*]+", origin)]
        if strange:
            faults.append(f"cors_origins has {', '.join(strange)}; an origin is as in https://photos.example")
        return faults

    @property
    def takes_uploads(self) -> bool:
        """Return whether callers may upload. Where anybody may ask, that is chosen and not a default."""
        return self.api_access != "open" if self.uploads is None else self.uploads

    @property
    def answers_are_shared(self) -> bool:
        """Whether a photo may have the answers of another with the same ETag and size."""
        if self.share_answers is not None:
            return self.share_answers
        uploads_are_ours = self.api_access == "iam" or not self.takes_uploads
        return uploads_are_ours or "moderation" not in self.detectors

    def _unusable_sharing(self) -> list[str]:
        """Without versions, an upload over a photo with the same ETag and size is taken for that photo."""
        if self.answers_are_shared or self.versioned:
            return []
        return [
            "share_answers is off (by itself where moderation runs and strangers may upload) and needs "
            "versions: set versioned to true, or share_answers to true if photos of one ETag and size may "
            "have the same answers"
        ]

    def _unusable_parts_of_pictures(self) -> list[str]:
        if self.pictures:
            return []
        return [
            f"{name} is of use only where pictures is true, which looks at photos as files"
            for name in ("keep_location", "near_duplicates", "sidecars", "scenes")
            if getattr(self, name)
        ]

    def _unusable_upload_scope(self) -> list[str]:
        if not self.upload_scope:
            return []
        faults = []
        if self.api_access != "jwt" or not self.takes_uploads:
            faults.append("upload_scope is of use only where api_access is 'jwt' and uploads are not off")
        # https://www.rfc-editor.org/rfc/rfc6749#section-3.3
        if not re.fullmatch(r"[!#-\[\]-~]+", self.upload_scope):
            faults.append(f"upload_scope is {self.upload_scope!r}; it is one scope, as in photos/upload")
        return faults

    def _unreachable(self) -> list[str]:
        faults = []
        if self.alarm_email and self.alarm_topic_arn:
            faults.append("alarm_email and alarm_topic_arn are both set; choose one")
        if self.alarm_email and not re.fullmatch(r"[^@\s]+@[^@\s]+", self.alarm_email):
            faults.append(f"alarm_email is {self.alarm_email!r}; it is as in photos@people.example")
        if self.alarm_topic_arn and not re.fullmatch(
            r"arn:[^:]+:sns:[^:]+:\d{12}:[\w-]+", self.alarm_topic_arn
        ):
            faults.append(
                f"alarm_topic_arn is {self.alarm_topic_arn!r}; it is as in "
                "arn:aws:sns:eu-west-1:123456789012:alarms"
            )
        return faults

    def _half_restored(self) -> list[str]:
        ours = f":table/{self.restored_table}/stream/"
        if bool(self.restored_table) == bool(self.restored_table_stream) and (
            not self.restored_table or ours in self.restored_table_stream
        ):
            return []
        return [
            "restored_table and restored_table_stream belong together: a table's name, and the ARN of its "
            f"stream, which has {ours!r} in it; they are {self.restored_table!r} and "
            f"{self.restored_table_stream!r}"
        ]

    def _unusable_quotas(self) -> list[str]:
        known = sorted(OPERATIONS.values())
        limits = [
            f"daily_call_limit has {operation}={limit:g}; it takes whole numbers for {', '.join(known)}"
            for operation, limit in self.daily_call_limit.items()
            if operation not in known or limit < 0 or limit != int(limit)
        ]
        return limits + [
            f"quotas has {operation}={quota:g}; it takes calls a second above 0 for {', '.join(known)}"
            for operation, quota in self.quotas.items()
            if operation not in known or quota <= 0
        ]

    def _numbers_out_of_range(self) -> list[str]:
        ranges = {
            "max_concurrency": (2, 1000),
            "bulk_max_concurrency": (2, 1000),
            "query_reserved_concurrency": (1, 1000),
            "batch_size": (1, 10_000),
            "concurrent_calls": (1, 100),
            "api_requests_a_second": (1, 10_000),
            "api_burst": (1, 10_000),
            "api_costly_requests_a_second": (1, 10_000),
            "api_costly_burst": (1, 10_000),
            "noncurrent_version_days": (1, 3650),
        }
        return [
            f"{name} is {getattr(self, name)}; it must be {low} to {high}"
            for name, (low, high) in ranges.items()
            if (value := getattr(self, name)) is not None and not low <= value <= high
        ]

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
