"""The settings of each Lambda: what it needs to know. contract/environment.py reads and writes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from contract.detector_choice import ByPrefix, Detectors, every_detector, read_exceptions
from contract.detectors import (
    CUSTOM_LABELS,
    DEFAULT_DETECTORS,
    DETECTORS,
    LEAST_CONFIDENCE_PERCENT,
    SEARCH,
    operations_of,
)
from contract.key_filter import KeyFilter
from contract.meaning import INVOKE_MODEL
from contract.quotas import IN_LARGE_REGIONS

if TYPE_CHECKING:
    from contract.policy import Policy


def policy_of(text: str) -> "Policy | None":
    """Return the policy of a setting; None where that is empty, and nothing is imported for it."""
    if not text:
        return None
    from contract.policy_faults import read_policy

    return read_policy(text)


@dataclass(frozen=True)
class ProcessorSettings:
    """What the processor needs to know. Percentages are 0 to 100.

    `detectors` are asked for every image. By operation, `quotas` are calls a second and `daily_call_limits`
    calls a day (UTC), unbounded where there is none. `workers` is how many copies of the processor share them
    at most. `concurrent_calls` bounds the calls of one detector that one worker has under way.
    `share_answers` says whether photos with the same bytes, as far as their ETag and size tell, are asked
    about once: `yes` or `no` (docs/decisions/0002-paying-once.md).
    `pictures_function` reads photos' files and makes renditions in `renditions_bucket`; both are empty where
    that is off. `keep_location` says whether it notes where a photo was taken, `near_duplicates` whether such
    are found, `sidecars` whether what stands beside a photo is read, `scenes` whether photos of one scene
    have each other's answers: `yes` or `no`. `bucket_prefix` and `bucket_suffixes` say which objects are
    meant, all where they are empty; the others are as if they were not there.
    `regional_quotas` are calls a second by line abroad (contract/regions.py), nearest first; empty where only
    the home region is asked. `latency` says whether the time from upload to record is written as a
    metric. `policy` is that by which completions are written (contract/policy.py), as JSON; empty where there
    is none. `corrections` says whether what people say is put over what detectors do: `yes` or `no`.
    `detectors_by_prefix` are those asked about photos below prefixes instead, as contract/detector_choice.py
    writes them. `custom_labels_model` is the ARN of the model that the detector `custom_labels` asks.
    `block_tag` says whether objects of photos that the policy or a person blocks are tagged
    (contract/block_tag.py): `yes` or `no`.
    `meaning_function` makes vectors of labels, which are then asked for down to what a vector is made of.
    `seeing_function` makes them of thumbnails, by a model that has a quota as operations of Rekognition have.
    Each is empty where no such vectors are wanted; photos get those of both while one space is filled and the
    other is searched.
    `labels_anew` says whether labels are asked for once more where they are kept from before: `yes`, or
    empty.
    `people_collection` is the collection of persons who are looked for; empty where nobody is.
    `cameras` are those whose pictures are compared (contract/cameras.py), as JSON; empty for none.
    `film_jobs` is how many jobs of Rekognition may work on films at once (0: none do),
    `film_job_minutes_a_day` how much film they may be begun on a day (0: no limit); Rekognition tells of
    their ends to a topic, by a role. `people_in_films` says whether persons are looked for in films: `yes`,
    or empty.
    """

    bucket_name: str
    table_name: str
    topic_arn: str
    queue_url: str
    dead_letter_queue_url: str
    bulk_queue_url: str
    bulk_dead_letter_queue_url: str
    detectors: tuple[str, ...] = DEFAULT_DETECTORS
    quotas: Mapping[str, float] = field(default_factory=lambda: dict(IN_LARGE_REGIONS))
    daily_call_limits: Mapping[str, float] = field(default_factory=dict)
    workers: int = 20
    max_labels: int = 50
    min_label_confidence_percent: float = LEAST_CONFIDENCE_PERCENT
    concurrent_calls: int = 16
    share_answers: str = "yes"
    pictures_function: str = ""
    renditions_bucket: str = ""
    keep_location: str = "no"
    near_duplicates: str = "no"
    sidecars: str = "no"
    scenes: str = "no"
    bucket_prefix: str = ""
    bucket_suffixes: tuple[str, ...] = ()
    regional_quotas: Mapping[str, float] = field(default_factory=dict)
    latency: str = "no"
    policy: str = ""
    corrections: str = "no"
    detectors_by_prefix: str = ""
    custom_labels_model: str = ""
    block_tag: str = "no"
    meaning_function: str = ""
    seeing_function: str = ""
    labels_anew: str = ""
    films_function: str = ""
    people_collection: str = ""
    cameras: str = ""
    film_jobs: int = 0
    film_jobs_topic_arn: str = ""
    film_jobs_role_arn: str = ""
    film_job_minutes_a_day: int = 0
    people_in_films: str = ""

    @property
    def keys(self) -> KeyFilter:
        return KeyFilter(self.bucket_prefix, self.bucket_suffixes)

    @property
    def detectors_of(self) -> ByPrefix[Detectors]:
        """The detectors that are asked about a photo, by its key."""
        return ByPrefix.of(self.detectors, read_exceptions(self.detectors_by_prefix))

    @property
    def every_detector(self) -> Detectors:
        return every_detector(self.detectors_of)

    @property
    def sees_meaning(self) -> bool:
        """Whether vectors are made of pictures, by a model of Bedrock."""
        return bool(self.seeing_function)

    @property
    def answers_are_shared(self) -> bool:
        return self.share_answers == "yes"

    def dead_letter_queue_urls(self) -> dict[str, str]:
        """Map the URL of each queue that is read to that of its dead-letter queue."""
        return {
            self.queue_url: self.dead_letter_queue_url,
            self.bulk_queue_url: self.bulk_dead_letter_queue_url,
        }

    def __post_init__(self) -> None:
        try:
            detectors = self.every_detector
        except ValueError as fault:
            raise ValueError(f"DETECTORS_BY_PREFIX cannot be read: {fault}") from fault
        if any(name not in DETECTORS for name in detectors) or not self.detectors:
            raise ValueError(
                f"DETECTORS is {','.join(self.detectors)!r}; choose one or more of {', '.join(DETECTORS)}"
            )
        operations = (
            *operations_of(detectors),
            *((SEARCH.operation,) if self.people_collection else ()),
            *((INVOKE_MODEL,) if self.sees_meaning else ()),
        )
        without = [name for name in operations if self.quotas.get(name, 0) <= 0]
        if without:
            raise ValueError(f"QUOTAS gives no calls a second for {', '.join(without)}")
        if self.sees_meaning and not self.pictures_function:
            raise ValueError("SEEING_FUNCTION is shown thumbnails; PICTURES_FUNCTION is not set")
        if CUSTOM_LABELS in detectors and not self.custom_labels_model:
            raise ValueError("CUSTOM_LABELS_MODEL is not set, which the detector custom_labels asks")
        for name in ("concurrent_calls", "workers"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name.upper()} is {getattr(self, name)}; it must be at least 1")


@dataclass(frozen=True)
class QuerySettings:
    """What the query API needs to know.

    `confidence_order` says whether the table has its index by rank, `uploads` whether it may give leave to
    upload, `near_duplicates` whether such are found, `keep_location` whether it may tell where photos were
    taken: `yes` or `no`. `renditions_bucket` is empty where none are made. `bucket_prefix` and
    `bucket_suffixes` say which keys may be uploaded, all where they are empty.
    `prefix_claim` is the claim of a token that says below which prefixes its bearer may see photos;
    empty where all callers see all of them. `sign_in_url` is where people sign in, and `sign_in_client` what
    the page is to it; empty where they do not sign in here. `operator` says whether there is a page for
    operators, `corrections` whether people may correct what is said of photos. `policy` is that by which
    answers are given (contract/policy.py), as JSON; empty where there is none. `block_tag` says whether
    photos that are to be blocked are shown nowhere: `yes` or `no`.
    `meaning_function` makes vectors of questions, by Bedrock where `meaning_by` is `bedrock`, in whose space
    they are searched; empty where photos are not searched by meaning. `question_limits` are calls a day of
    what questions are paid for, which workers have their part of, too.
    From `people_similarity_percent` on a face is told to be somebody's; 0 where nobody is looked for.
    `cameras` are those whose events can be asked for (contract/cameras.py), as JSON; empty for none.
    """

    bucket_name: str
    table_name: str
    queue_url: str
    dead_letter_queue_url: str
    bulk_queue_url: str
    bulk_dead_letter_queue_url: str
    confidence_order: str = "yes"
    uploads: str = "no"
    renditions_bucket: str = ""
    near_duplicates: str = "no"
    keep_location: str = "no"
    bucket_prefix: str = ""
    bucket_suffixes: tuple[str, ...] = ()
    prefix_claim: str = ""
    sign_in_url: str = ""
    sign_in_client: str = ""
    operator: str = "no"
    policy: str = ""
    corrections: str = "no"
    block_tag: str = "no"
    meaning_function: str = ""
    meaning_by: str = ""
    question_limits: Mapping[str, float] = field(default_factory=dict)
    people_similarity_percent: float = 0.0
    cameras: str = ""

    @property
    def keys(self) -> KeyFilter:
        return KeyFilter(self.bucket_prefix, self.bucket_suffixes)


@dataclass(frozen=True)
class OperatorSettings:
    """What the operator's part of the API needs to know, to tell how things stand and to send back.

    `quotas` are the deployment's calls a second by operation, `regional_quotas` those of lines abroad,
    `daily_call_limits` its calls a day. `operators_group` is the group of Cognito's that operators are in,
    empty where the HTTP API alone tells who they are. `prefix_claim` is the claim of a token that says what
    its bearer may see; empty where all callers see everything.
    """

    bucket_name: str
    table_name: str
    queue_url: str
    dead_letter_queue_url: str
    bulk_queue_url: str
    bulk_dead_letter_queue_url: str
    quotas: Mapping[str, float] = field(default_factory=dict)
    daily_call_limits: Mapping[str, float] = field(default_factory=dict)
    regional_quotas: Mapping[str, float] = field(default_factory=dict)
    operators_group: str = ""
    prefix_claim: str = ""


@dataclass(frozen=True)
class EditorSettings:
    """What the function that takes corrections needs to know.

    `prefix_claim` is the claim of a token that says what its bearer may see; empty where all callers see
    everything. `policy` says which names of labels are told, and what aliases stand for, as JSON; empty where
    there is none. `people` is `yes` where persons are looked for.
    """

    bucket_name: str
    table_name: str
    queue_url: str
    prefix_claim: str = ""
    policy: str = ""
    people: str = ""


@dataclass(frozen=True)
class TallySettings:
    """What the tally needs to know; the rest for its audit of the bucket, empty where that is off.

    `live_queue_urls` and `bulk_queue_urls` are the queues of work with their dead letters.
    `renditions_bucket` is empty where none are made. `bucket_prefix` and `bucket_suffixes` say which objects
    are meant, all where they are empty. Where people correct photos, `corrected_queue_url` takes what has
    been corrected too late to be seen, of the bucket `corrected_bucket`.
    """

    table_name: str
    bucket_name: str = ""
    live_queue_urls: tuple[str, ...] = ()
    bulk_queue_urls: tuple[str, ...] = ()
    renditions_bucket: str = ""
    bucket_prefix: str = ""
    bucket_suffixes: tuple[str, ...] = ()
    corrected_bucket: str = ""
    corrected_queue_url: str = ""

    @property
    def keys(self) -> KeyFilter:
        return KeyFilter(self.bucket_prefix, self.bucket_suffixes)


@dataclass(frozen=True)
class PicturesSettings:
    """What the pictures function needs to know: where photos are, where renditions go, and what to note.

    `sidecars` says whether what stands beside a photo in the bucket, as `photo.xmp` or `photo.jpg.json`, is
    read too: four requests a photo; `films` whether films are left to the films function.
    `cameras` are those whose pictures are to be compared, as JSON (contract/cameras.py); empty for none.
    """

    bucket_name: str
    renditions_bucket: str
    keep_location: str = "no"
    near_duplicates: str = "no"
    sidecars: str = "no"
    films: str = "no"
    cameras: str = ""


@dataclass(frozen=True)
class EmbeddingSettings:
    """What the meaning function needs to know where a model of Bedrock is asked: where thumbnails are."""

    renditions_bucket: str


@dataclass(frozen=True)
class FilmsSettings:
    """What the films function needs to know: where films are, and where frames of them go."""

    bucket_name: str
    renditions_bucket: str


@dataclass(frozen=True)
class CamerasSettings:
    """What the function of cameras needs to know: cameras (contract/cameras.py) as JSON, and their topic.

    `policy` says which labels may be told, as JSON; nothing where there is none. From
    `people_similarity_percent` on, somebody is in a picture; 0 where no camera watches for a person.
    """

    table_name: str
    topic_arn: str
    cameras: str
    policy: str = ""
    people_similarity_percent: float = 0.0


@dataclass(frozen=True)
class FilmJobsSettings:
    """What is to be known where jobs on films end: where films, renditions, answers and messages are.

    `people_in_films` is `yes` where jobs look for persons, or empty.
    """

    bucket_name: str
    renditions_bucket: str
    table_name: str
    bulk_queue_url: str
    people_in_films: str = ""


@dataclass(frozen=True)
class PeopleSettings:
    """What the function that looks after persons needs to know; `queue_url` is that of live photos.

    Of the bucket it sees photos whose keys begin with `bucket_prefix`.
    """

    bucket_name: str
    table_name: str
    queue_url: str
    people_collection: str
    bucket_prefix: str = ""


@dataclass(frozen=True)
class AlertsSettings:
    """What the function of alerts needs to know: its rules (contract/alerts.py) as JSON, and their topic.

    From `people_similarity_percent` on, somebody is on a photo; 0 where no rule asks for a person.
    """

    table_name: str
    topic_arn: str
    alerts: str
    people_similarity_percent: float = 0.0
