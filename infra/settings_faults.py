"""What is wrong with the settings of a deployment: unknown words, choices that exclude each other.

Each function answers with sentences, one for each fault, that name the setting and say what to write instead.
"""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from contract.detector_choice import Detectors, read_choices
from contract.detectors import CUSTOM_LABELS, DETECTORS, MODEL_ARN, OPERATIONS, SEARCH
from contract.face_search import LEAST_SIMILARITY_PERCENT
from contract.film_jobs import ACCOUNT_JOBS
from contract.meaning import INVOKE_MODEL
from contract.people import MOST_RETENTION_DAYS
from contract.regions import faults_of_regions, split_line
from infra.access_faults import faults_of_access
from infra.option_faults import EMAIL, faults_of_options

if TYPE_CHECKING:
    from infra.settings import DeploymentSettings

# So many photos of 5 MB on their way fit into the processor's memory (infra/processing.py).
MOST_CALLS_ABROAD = 64
VIDEO = ("off", "frames", "jobs")
API_ACCESS = ("iam", "jwt", "open")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET_NAME = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_KEY_ARN = r"arn:[^:]+:kms:[^:]+:\d{12}:key/[\w-]+"
# What a rule's pattern may have, less what else is in it.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
_MOST_PATTERN_CHARACTERS = 2048 - 300


def faults_of(settings: "DeploymentSettings") -> list[str]:
    """Return all faults of the settings."""
    return [
        *_unknown_words(settings),
        *_unusable_choice(settings),
        *_unusable_model(settings),
        *_unusable_bucket(settings),
        *_unusable_sharing(settings),
        *_unusable_parts_of_pictures(settings),
        *faults_of_access(settings),
        *_unreachable(settings),
        *_unusable_key(settings),
        *_half_restored(settings),
        *_unusable_quotas(settings),
        *faults_of_regions(settings.regions, settings.residency, settings.operations),
        *_too_many_calls_abroad(settings),
        *faults_of_options(settings),
        *_numbers_out_of_range(settings),
    ]


def _unknown_words(settings: "DeploymentSettings") -> list[str]:
    unknown = [name for name in settings.detectors if name not in DETECTORS]
    faults = []
    if unknown or not settings.detectors:
        faults.append(
            f"detectors is {','.join(settings.detectors)!r}; choose one or more of {', '.join(DETECTORS)}"
        )
    # https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", settings.stack):
        faults.append(
            f"stack is {settings.stack!r}; it is a letter, then letters, digits and hyphens, 128 at most"
        )
    if settings.api_access not in API_ACCESS:
        faults.append(f"api_access is {settings.api_access!r}; choose one of {', '.join(API_ACCESS)}")
    if (
        settings.api_access == "jwt"
        and not settings.sign_in
        and not (settings.jwt_issuer.startswith("https://") and settings.jwt_audience)
    ):
        faults.append(
            "api_access is 'jwt'; set jwt_issuer to an https URL and jwt_audience to one or more, or sign_in "
            "to true"
        )
    strange = [origin for origin in settings.cors_origins if not re.fullmatch(r"https?://[^/\s*]+", origin)]
    if strange:
        faults.append(f"cors_origins has {', '.join(strange)}; an origin is as in https://photos.example")
    return faults


def read_file(name: str) -> tuple[dict[str, Detectors], list[str]]:
    """Read which detectors are asked below which prefixes, and what is wrong with that; no name, nothing."""
    if not name:
        return {}, []
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, ValueError) as fault:
        return {}, [f"detectors_by_prefix names {name!r}, which cannot be read: {fault}"]
    return read_choices(text, name)


def _unusable_choice(settings: "DeploymentSettings") -> list[str]:
    faults = read_file(settings.detectors_by_prefix)[1]
    if settings.detectors_by_prefix and settings.scenes:
        faults.append(
            "scenes and detectors_by_prefix do not go together: photos of one scene may be below prefixes "
            "with other detectors, and then have no answers for each other; leave out one of them"
        )
    return faults


def _unusable_model(settings: "DeploymentSettings") -> list[str]:
    example = "arn:aws:rekognition:eu-west-1:123456789012:project/cups/version/cups.1/1769860800000"
    arn, is_asked = settings.custom_labels_model, CUSTOM_LABELS in settings.every_detector
    if arn and not is_asked:
        return ["custom_labels_model is of use only where detectors has custom_labels"]
    if is_asked and not MODEL_ARN.fullmatch(arn):
        return [
            f"custom_labels_model is {arn!r}; the detector custom_labels needs the ARN of a version of a "
            f"model, as in {example}"
        ]
    return []


def _unusable_bucket(settings: "DeploymentSettings") -> list[str]:
    if not settings.bucket:
        return [
            f"{name} is of use only with bucket, which names a bucket that is there already"
            for name in ("bucket_prefix", "bucket_suffixes", "bucket_key")
            if getattr(settings, name)
        ]
    faults = []
    if not re.fullmatch(_BUCKET_NAME, settings.bucket):
        faults.append(f"bucket is {settings.bucket!r}; it is the name alone, as in holiday-photos")
    if re.search(r"[*?$]", settings.bucket_prefix):
        # They would be wildcards and variables in the policies of the functions.
        faults.append(f"bucket_prefix is {settings.bucket_prefix!r}; it cannot have *, ? or $ in it")
    if settings.bucket_key and not re.fullmatch(_KEY_ARN, settings.bucket_key):
        faults.append(
            f"bucket_key is {settings.bucket_key!r}; it is the ARN of a key, as in "
            "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d"
        )
    characters = len(json.dumps(settings.keys.pattern()))
    if characters > _MOST_PATTERN_CHARACTERS:
        faults.append(
            f"bucket_prefix and bucket_suffixes make a pattern of {characters:,} characters, and EventBridge "
            f"takes {_MOST_PATTERN_CHARACTERS:,}: name fewer suffixes, or a shorter prefix"
        )
    return faults


def _unusable_sharing(settings: "DeploymentSettings") -> list[str]:
    """Without versions, an upload over a photo with the same ETag and size is taken for that photo."""
    if settings.answers_are_shared or settings.versioned:
        return []
    return [
        "share_answers is off (by itself where moderation runs and strangers may upload) and needs "
        "versions: set versioned to true, or share_answers to true if photos of one ETag and size may "
        "have the same answers"
    ]


def _unusable_jobs(settings: "DeploymentSettings") -> list[str]:
    jobs, minutes = settings.video_jobs, settings.video_minutes_a_day
    if not settings.has_film_jobs:
        return [
            f"{name} is of use only with video=jobs"
            for name, value in (("video_jobs", jobs), ("video_minutes_a_day", minutes))
            if value is not None
        ] + _unusable_persons_in_films(settings)
    faults = _unusable_persons_in_films(settings)
    if jobs is not None and not 1 <= jobs <= ACCOUNT_JOBS:
        faults.append(f"video_jobs is {jobs}; an account has {ACCOUNT_JOBS} at once, so it is 1 to that")
    if minutes is not None and minutes < 0:
        faults.append(f"video_minutes_a_day is {minutes}; it cannot be less than 0, which means no limit")
    return faults


def _unusable_persons_in_films(settings: "DeploymentSettings") -> list[str]:
    lacking = [
        name
        for name, is_set in (("video=frames or jobs", settings.takes_films), ("people=true", settings.people))
        if not is_set
    ]
    if not settings.people_in_films or not lacking:
        return []
    return [
        f"people_in_films has persons looked for in films, and needs {' and '.join(lacking)}; leave it out, "
        "or set what it needs"
    ]


def _unusable_parts_of_pictures(settings: "DeploymentSettings") -> list[str]:
    if settings.video not in VIDEO:
        return [f"video is {settings.video!r}; choose one of {', '.join(VIDEO)}"]
    if faults := _unusable_jobs(settings):
        return faults
    if settings.pictures:
        return []
    films = ["video is of use only where pictures is true: films' frames stand where renditions do"]
    return [
        *(films if settings.takes_films else []),
        *(
            f"{name} is of use only where pictures is true, which looks at photos as files"
            for name in ("keep_location", "near_duplicates", "sidecars", "scenes", "cameras")
            if getattr(settings, name)
        ),
    ]


def _unreachable(settings: "DeploymentSettings") -> list[str]:
    faults = []
    if settings.alarm_email and settings.alarm_topic_arn:
        faults.append("alarm_email and alarm_topic_arn are both set; choose one")
    if settings.alarm_email and not re.fullmatch(EMAIL, settings.alarm_email):
        faults.append(f"alarm_email is {settings.alarm_email!r}; it is as in photos@people.example")
    if settings.alarm_topic_arn and not re.fullmatch(
        r"arn:[^:]+:sns:[^:]+:\d{12}:[\w-]+", settings.alarm_topic_arn
    ):
        faults.append(
            f"alarm_topic_arn is {settings.alarm_topic_arn!r}; it is as in "
            "arn:aws:sns:eu-west-1:123456789012:alarms"
        )
    return faults


def _unusable_key(settings: "DeploymentSettings") -> list[str]:
    given = settings.customer_key
    if given.lower() in ("", "true", "false") or re.fullmatch(
        r"arn:[^:]+:kms:[\w-]+:\d{12}:key/[\w-]+", given
    ):
        return []
    return [
        f"customer_key is {given!r}; it is true, or the ARN of a key (not of an alias), as in "
        "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    ]


def _half_restored(settings: "DeploymentSettings") -> list[str]:
    ours = f":table/{settings.restored_table}/stream/"
    if bool(settings.restored_table) == bool(settings.restored_table_stream) and (
        not settings.restored_table or ours in settings.restored_table_stream
    ):
        return []
    return [
        "restored_table and restored_table_stream belong together: a table's name, and the ARN of its "
        f"stream, which has {ours!r} in it; they are {settings.restored_table!r} and "
        f"{settings.restored_table_stream!r}"
    ]


def _unusable_quotas(settings: "DeploymentSettings") -> list[str]:
    known = sorted({*OPERATIONS.values(), *_beside_detectors(settings)})
    limits = [
        f"daily_call_limit has {operation}={limit:g}; it takes whole numbers for {', '.join(known)}"
        for operation, limit in settings.daily_call_limit.items()
        if operation not in known or limit < 0 or limit != int(limit)
    ]
    return limits + [
        f"quotas has {operation}={quota:g}; it takes calls a second above 0 for {', '.join(known)}"
        for operation, quota in settings.quotas.items()
        if not _is_a_line(operation, settings) or quota <= 0
    ]


def _beside_detectors(settings: "DeploymentSettings") -> tuple[str, ...]:
    """Return what has a line of the quota, and is no detector's operation."""
    searched = (SEARCH.operation,) if settings.people else ()
    return (*searched, INVOKE_MODEL) if settings.sees_meaning else searched


def _is_a_line(name: str, settings: "DeploymentSettings") -> bool:
    region, operation = split_line(name)
    if name in _beside_detectors(settings):
        return True
    return operation in OPERATIONS.values() and (not region or region in settings.regions)


def _too_many_calls_abroad(settings: "DeploymentSettings") -> list[str]:
    """What is sent abroad is held in memory: a third more than the photo's bytes, for each call."""
    detectors = len(settings.every_detector)
    calls = settings.concurrent_calls * detectors
    if not settings.asks_abroad or calls <= MOST_CALLS_ABROAD:
        return []
    return [
        f"concurrent_calls is {settings.concurrent_calls}, for each of {detectors} detectors; "
        f"with regions, all together may be {MOST_CALLS_ABROAD} at most"
    ]


def _numbers_out_of_range(settings: "DeploymentSettings") -> list[str]:
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
        "people_retention_days": (1, MOST_RETENTION_DAYS),
        "people_similarity_percent": (int(LEAST_SIMILARITY_PERCENT), 100),
    }
    return [
        f"{name} is {getattr(settings, name)}; it must be {low} to {high}"
        for name, (low, high) in ranges.items()
        if (value := getattr(settings, name)) is not None and not low <= value <= high
    ]
