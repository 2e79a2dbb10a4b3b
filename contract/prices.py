"""What AWS charges, in US dollars: us-east-1, on demand, without the free tier."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

MILLION = 1_000_000


@dataclass(frozen=True)
class Tier:
    """So many calls of a month, and what each of them costs."""

    calls: float
    dollars_a_call: float


# Images of a month through the operations of group 2 (DetectLabels, DetectFaces, DetectModerationLabels,
# DetectText, RecognizeCelebrities, DetectProtectiveEquipment), all of them together; one image through two
# operations is two.
# https://aws.amazon.com/rekognition/pricing/
CALL_TIERS = (
    Tier(1 * MILLION, 0.001),
    Tier(4 * MILLION, 0.0008),
    Tier(30 * MILLION, 0.0006),
    Tier(math.inf, 0.00025),
)

# Of DetectLabels with IMAGE_PROPERTIES, counted by themselves, and beside what labels of the same call cost.
IMAGE_PROPERTIES_TIERS = (
    Tier(1 * MILLION, 0.00075),
    Tier(4 * MILLION, 0.0006),
    Tier(30 * MILLION, 0.00045),
    Tier(math.inf, 0.00019),
)

# Each hour that a model of Custom Labels runs, for each of its inference units, asked or not.
CUSTOM_LABELS_UNIT_HOUR = 4.00

# Each minute that a job looks at a film, whatever it looks for.
FILM_JOB_MINUTE = 0.10

# What is computed from it is the most that a call can cost.
DOLLARS_A_CALL = CALL_TIERS[0].dollars_a_call


def dollars_for_calls(calls: float, before: float = 0, tiers: Sequence[Tier] = CALL_TIERS) -> float:
    """Return what calls cost, in a month in which there were some before."""
    dollars = 0.0
    for tier in tiers:
        passed = min(before, tier.calls)
        here = min(calls, tier.calls - passed)
        dollars += here * tier.dollars_a_call
        before, calls = before - passed, calls - here
    return dollars


@dataclass(frozen=True)
class Prices:
    """What everything else costs. A million of each, a GB, or a GB-second of a function on Arm.

    https://aws.amazon.com/lambda/pricing/, /sqs/pricing/, /sns/pricing/, /dynamodb/pricing/on-demand/,
    /s3/pricing/, /cloudwatch/pricing/, /xray/pricing/, /eventbridge/pricing/
    """

    million_invocations: float = 0.20
    gb_second: float = 0.0000133334
    # A snapshot of SnapStart, by the memory of the function; whatever its processor.
    snapshot_gb_second: float = 0.0000015046
    snapshot_restored_gb: float = 0.0001397998
    million_sqs_requests: float = 0.40
    million_sns_requests: float = 0.50
    million_write_units: float = 0.625
    million_read_units: float = 0.125
    million_s3_puts: float = 5.00
    million_s3_gets: float = 0.40
    # What a function sends to another region is at EC2's rate. https://aws.amazon.com/ec2/pricing/on-demand/
    sent_gb: float = 0.02
    log_gb: float = 0.50
    million_traces: float = 5.00
    million_key_requests: float = 3.00
    # https://aws.amazon.com/cognito/pricing/ (Essentials, above the free people),
    # https://aws.amazon.com/cloudfront/pricing/ (United States and Europe), https://aws.amazon.com/waf/pricing/
    signed_in_person_month: float = 0.015
    million_cloudfront_requests: float = 1.00
    million_waf_requests: float = 0.60
    web_acl_month: float = 5.00
    web_acl_rule_month: float = 1.00
    # Of an index of vectors, as seen in August 2026: what is written to it, and what a search looks at.
    vectors_written_gb: float = 0.52
    vectors_searched_gb: float = 0.002
    # Of Titan Multimodal Embeddings, as seen in 2026: pictures, and tokens of texts.
    # https://aws.amazon.com/bedrock/pricing/
    million_pictures_embedded: float = 60.00
    million_tokens_embedded: float = 0.80
    # S3's events are among those that a service sends only where it was asked to.
    million_bridged_events: float = 1.00
    # By the month.
    table_gb_month: float = 0.25
    backup_gb_month: float = 0.20
    s3_gb_month: float = 0.023
    vectors_gb_month: float = 0.25
    metric_month: float = 0.30
    # https://aws.amazon.com/kms/pricing/: a key, and each of the first two that a yearly rotation leaves.
    key_month: float = 1.00
    alarm_month: float = 0.10
    # Of an account, three are free.
    dashboard_month: float = 3.00
