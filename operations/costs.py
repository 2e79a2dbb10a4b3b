"""What work costs, by service, in US dollars: an executable model. docs/cost.md is generated from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contract import usage
from contract.detectors import CALLS, SEARCH
from contract.film_jobs import JOBS
from contract.film_usage import FilmAssumptions, film_usage
from contract.metrics import REGION_METRICS, SCENE_METRICS, Metric, TallyMetric
from contract.picture_usage import PictureAssumptions, PictureWork, picture_usage, total
from contract.prices import FILM_JOB_MINUTE, IMAGE_PROPERTIES_TIERS, MILLION, Prices, dollars_for_calls
from contract.timing import DAY_SECONDS, QUEUE_DATA_KEY_SECONDS

GB = 1_000_000_000
# Lambda asks an idle queue for messages with five long polls at a time, of 20 s each.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
POLLS_AT_ONCE = 5
POLL_SECONDS = 20
QUEUES = 2
ALL_QUEUES, TOPICS, TABLE_CALLERS = 5, 2, 4
# How long SNS and DynamoDB use a data key again.
CACHED_KEY_SECONDS = 300
# With the two of the pictures function, which is not there everywhere.
ALARMS, ALARMS_OF_PICTURES = 21, 2
# Where operators have a page, the function that answers them has two.
ALARMS_OF_OPERATORS = 2
ALERT_ITEM_BYTES = 5_000
# Those of a bucket that was there before.
ALARMS_OF_DELIVERY = 2
# The query API writes metrics of its own.
API_METRICS = 6
MONTH_SECONDS = 30 * DAY_SECONDS
AUDITS_A_MONTH = 30
QUERY_MEMORY_GB = 0.5
FREE_PEOPLE = 10_000
FREE_CLOUDFRONT_REQUESTS = 10 * MILLION
# A rate, and two groups of AWS's (infra/distribution.py).
WEB_ACL_RULES = 3
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
KEYS_A_LISTING = 1000


@dataclass(frozen=True)
class Bill:
    """What some work costs. `storage_a_month` is for the items that it leaves; it comes every month."""

    by_service: Mapping[str, float]
    storage_a_month: float

    @property
    def total(self) -> float:
        """All of it, without storage."""
        return sum(self.by_service.values())

    @property
    def beside_rekognition(self) -> float:
        """What is not Rekognition's, without storage."""
        return self.total - self.by_service["Rekognition"]

    def plus(self, other: "Bill") -> "Bill":
        """Return both together."""
        names = dict.fromkeys((*self.by_service, *other.by_service))
        both = {name: self.by_service.get(name, 0.0) + other.by_service.get(name, 0.0) for name in names}
        return Bill(both, self.storage_a_month + other.storage_a_month)

    def to_json(self) -> dict[str, object]:
        """Write it for machines, to the hundredth of a cent."""
        return {
            "total": round(self.total, 4),
            "by_service": {service: round(dollars, 4) for service, dollars in self.by_service.items()},
            "storage_a_month": round(self.storage_a_month, 4),
        }


NOTHING = Bill({"Rekognition": 0.0}, 0.0)


def bill(
    work: usage.Work,
    assumed: usage.Assumptions | None = None,
    prices: Prices | None = None,
    *,
    pictures: PictureWork | None = None,
) -> Bill:
    """Return what some work costs, by the services' prices in us-east-1 unless others are given.

    `pictures` is the looking at photos as files that is part of it; None where that is off.
    """
    used = [usage.usage(work, assumed or usage.Assumptions())]
    if pictures is not None:
        used += picture_usage(pictures, PictureAssumptions(), tuple(work.calls)).values()
    return _bill(total(used), work.calls_before, prices or Prices())


def pictures_bills(
    work: PictureWork, assumed: PictureAssumptions | None = None, prices: Prices | None = None
) -> Mapping[str, Bill]:
    """Return what looking at photos as files costs, by part: what they say, thumbnails, conversion."""
    parts = picture_usage(work, assumed or PictureAssumptions())
    return {part: _bill(used, 0, prices or Prices()) for part, used in parts.items()}


def dollars_of_files(work: PictureWork) -> dict[str, float]:
    """Return what looking at photos as files costs by part, for machines, to the hundredth of a cent."""
    return {part: round(costs.total, 4) for part, costs in pictures_bills(work).items()}


def film_bill(
    hours: float,
    operations: Sequence[str],
    assumed: FilmAssumptions | None = None,
    prices: Prices | None = None,
) -> Bill:
    """Return what some hours of film cost, in the first million calls of a month."""
    return _bill(film_usage(hours, operations, assumed), 0, prices or Prices())


def film_jobs_bill(hours: float, calls: Sequence[str]) -> Bill:
    """Return what hours of film cost where jobs answer what they can, and frames the rest."""
    by_jobs = [call for call in calls if call in {SEARCH.call, *(CALLS[name] for name in JOBS)}]
    rest = tuple(call for call in calls if call not in by_jobs)
    jobs = Bill({"Rekognition": hours * 60 * FILM_JOB_MINUTE * len(by_jobs)}, 0.0)
    return jobs.plus(film_bill(hours, rest)) if rest else jobs


def _bill(used: usage.Usage, calls_before: float, prices: Prices) -> Bill:
    table = used.stored_bytes / GB * (prices.table_gb_month + prices.backup_gb_month)
    renditions = used.rendition_bytes / GB * prices.s3_gb_month
    return Bill(_by_service(used, calls_before, prices), table + renditions)


def standing_a_month(prices: Prices | None = None, *, is_bridged: bool = False) -> Mapping[str, float]:
    """Return what is to be paid every month, whether there is work or not, with the pictures function.

    `is_bridged` says that the bucket was there before, and tells of its objects by EventBridge.
    """
    prices = prices or Prices()
    polls = QUEUES * POLLS_AT_ONCE * MONTH_SECONDS / POLL_SECONDS
    # One more than there are counts: the dollars saved.
    metrics = len(Metric) - len(SCENE_METRICS) - len(REGION_METRICS) + 1 + len(TallyMetric) + API_METRICS
    return {
        "metrics": metrics * prices.metric_month,
        "alarms": (ALARMS + (ALARMS_OF_DELIVERY if is_bridged else 0)) * prices.alarm_month,
        "idle queues": polls * prices.million_sqs_requests / MILLION,
    }


def operator_a_month(prices: Prices | None = None) -> float:
    """Return what the page for operators costs by being there: the alarms on its function."""
    return ALARMS_OF_OPERATORS * (prices or Prices()).alarm_month


def alerts(photos: float, rules: int = 1, prices: Prices | None = None) -> float:
    """Return the most that rules of alerts cost for photos that are announced, the mail left out.

    A message that comes alone is a batch, received and deleted by itself, in which every rule has a match: an
    item of some 5 KB a rule, read as of now and written.
    """
    prices = prices or Prices()
    item = usage.read_units(ALERT_ITEM_BYTES) * prices.million_read_units
    item += usage.write_units(ALERT_ITEM_BYTES) * prices.million_write_units
    each = 2 * prices.million_sqs_requests + prices.million_invocations + rules * item
    return photos * each / MILLION


def corrections(photos: float, prices: Prices | None = None) -> float:
    """Return what it costs that people may correct photos: what they say is read around each commit."""
    return photos * 2 * (prices or Prices()).million_read_units / MILLION


def block_tags(photos: float, blocked: float = 0, prices: Prices | None = None) -> float:
    """Return what tags cost: a look a photo; a blocked one has two renditions, and is looked at twice."""
    prices = prices or Prices()
    looked_at = photos + 3 * blocked
    return (looked_at * prices.million_s3_gets + 3 * blocked * prices.million_s3_puts) / MILLION


def dashboard_a_month(prices: Prices | None = None) -> Mapping[str, float]:
    """Return what a dashboard costs: the metric that is written with it, and it itself beyond the third.

    What it reads of the log, by whoever looks at it, is half a cent a gigabyte.
    """
    prices = prices or Prices()
    return {"metrics": prices.metric_month, "dashboard beyond the third": prices.dashboard_month}


def bridged_events(events: float, prices: Prices | None = None) -> float:
    """Return what it costs that EventBridge is told of a bucket's events, those not meant included."""
    return events / MILLION * (prices or Prices()).million_bridged_events


def audit_a_month(
    photos: float, assumed: usage.Assumptions | None = None, prices: Prices | None = None
) -> Mapping[str, float]:
    """Return what it costs, by service, to hold that many photos against their records once a day.

    A thousand keys are one request of a listing, which costs what a PUT does; a read that need not be as of
    now costs half a unit for each 4 KB of a record.
    """
    assumed, prices = assumed or usage.Assumptions(), prices or Prices()
    record = usage.typical_record(
        tuple(CALLS.values()), round(assumed.labels_a_photo), round(assumed.words_a_photo)
    )
    looked_at = AUDITS_A_MONTH * photos
    units = looked_at * usage.read_units(usage.item_bytes(usage.record_item(record))) / 2
    return {
        "DynamoDB": units * prices.million_read_units / MILLION,
        "S3": looked_at / KEYS_A_LISTING * prices.million_s3_puts / MILLION,
        "Lambda": looked_at * assumed.audit_gb_seconds * prices.gb_second,
    }


def snapstart_a_month(starts: float = 0, prices: Prices | None = None) -> float:
    """Return what SnapStart of the query function costs, with that many cold starts in the month.

    Its snapshot is charged for as long as the version is there, asked or not; only the version that is
    deployed last is.
    """
    prices = prices or Prices()
    kept = MONTH_SECONDS * prices.snapshot_gb_second
    return QUERY_MEMORY_GB * (kept + starts * prices.snapshot_restored_gb)


def page_a_month(
    people: float = 0, requests: float = 0, *, waf: bool = True, prices: Prices | None = None
) -> Mapping[str, float]:
    """Return what `sign_in`, `cloudfront` and `waf` cost a month, by service, for people and requests.

    Cognito's first 10,000 people a month and CloudFront's first ten million requests are free for as long as
    an account lives; the terabyte that is free as well is more than what is asked for sends.
    """
    prices = prices or Prices()
    paid = max(requests - FREE_CLOUDFRONT_REQUESTS, 0)
    looked_at = prices.web_acl_month + WEB_ACL_RULES * prices.web_acl_rule_month
    return {
        "Cognito": max(people - FREE_PEOPLE, 0) * prices.signed_in_person_month,
        "CloudFront": paid * prices.million_cloudfront_requests / MILLION,
        "WAF": looked_at + requests * prices.million_waf_requests / MILLION if waf else 0.0,
    }


def customer_key_a_month(prices: Prices | None = None) -> float:
    """Return what a key of the customer's costs at most, in the first year, with work all day and night.

    Each queue asks KMS as SQS reckons it, for two that send and one that receives; SNS for one that
    publishes to each of two topics, and DynamoDB for each function that uses the table and what reads the
    stream, every five minutes. A bucket has a key of its own beneath, and asks seldom.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html
    """
    prices = prices or Prices()
    queues = ALL_QUEUES * MONTH_SECONDS / QUEUE_DATA_KEY_SECONDS * (2 * 2 + 1)
    topics = TOPICS * MONTH_SECONDS / CACHED_KEY_SECONDS * 2
    table = TABLE_CALLERS * MONTH_SECONDS / CACHED_KEY_SECONDS
    return prices.key_month + (queues + topics + table) * prices.million_key_requests / MILLION


def scan(work: usage.Work, assumed: usage.Assumptions | None = None, prices: Prices | None = None) -> float:
    """Return what it costs to read, as of now, all items of a table that holds what some work leaves."""
    units = usage.usage(work, assumed or usage.Assumptions()).stored_bytes / usage.READ_UNIT_BYTES
    return units * (prices or Prices()).million_read_units / MILLION


def _by_service(used: usage.Usage, calls_before: float, prices: Prices) -> Mapping[str, float]:
    millions = {
        "DynamoDB": (
            (used.write_units, prices.million_write_units),
            (used.read_units, prices.million_read_units),
        ),
        "Lambda": ((used.invocations, prices.million_invocations),),
        "S3": ((used.s3_gets, prices.million_s3_gets), (used.s3_puts, prices.million_s3_puts)),
        "SQS": ((used.sqs_requests, prices.million_sqs_requests),),
        "SNS": ((used.sns_requests, prices.million_sns_requests),),
        "CloudWatch": ((used.traces, prices.million_traces),),
    }
    dollars = {
        service: sum(count * price for count, price in lines) / MILLION for service, lines in millions.items()
    }
    dollars["Lambda"] += used.gb_seconds * prices.gb_second
    dollars["CloudWatch"] += used.log_bytes / GB * prices.log_gb
    if used.sent_bytes:
        dollars["Data transfer"] = used.sent_bytes / GB * prices.sent_gb
    asked = dollars_for_calls(used.calls - used.property_calls - used.hourly_calls, calls_before)
    asked += dollars_for_calls(used.property_calls, tiers=IMAGE_PROPERTIES_TIERS)
    return {"Rekognition": asked, **dollars}
