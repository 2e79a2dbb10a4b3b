"""The settings of a deployment that decide what it needs, read as `cdk deploy` reads them."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from contract.detector_choice import ByPrefix, Detectors, every_detector, read_choices
from contract.detectors import CALLS, DEFAULT_DETECTORS, DETECTORS, operations_of
from contract.environment import load, setting_text
from contract.errors import SettingsError
from contract.quotas import DEFAULT_BATCH_SIZE, needed_workers, photo_rates, usual_quota
from contract.regions import faults_of_regions, quotas_abroad, total_quotas
from operations.terminal import OperatorError

# Copies of the pictures function for each of the processor's that is at work: the files of a batch of ten
# take a quarter of a second each, the batch two seconds. Both lanes share the quota: the larger decides.
PICTURES_A_WORKER = 1.25
_TRUE = "true"


@dataclass(frozen=True)
class Wanted:
    """The settings of a deployment (infra/settings.py) that decide how much it needs.

    A concurrency of 0 is not set: the processor then gets as many copies as fill the quota, and the query
    function takes what is left of the account's. What may be true, false or left open is text.
    """

    stack: str = "imagepipe"
    detectors: tuple[str, ...] = DEFAULT_DETECTORS
    detectors_by_prefix: str = ""
    quotas: Mapping[str, float] = field(default_factory=dict)
    batch_size: int = DEFAULT_BATCH_SIZE
    max_concurrency: int = 0
    bulk_max_concurrency: int = 0
    query_reserved_concurrency: int = 0
    pictures: str = "True"
    bucket: str = ""
    bucket_key: str = ""
    share_answers: str = ""
    api_access: str = "iam"
    uploads: str = ""
    cors_origins: tuple[str, ...] = ()
    alarm_email: str = ""
    alarm_topic_arn: str = ""
    regions: tuple[str, ...] = ()
    residency: str = ""
    cameras: str = ""
    meaning: str = ""
    meaning_next: str = ""

    def __post_init__(self) -> None:
        unknown = [name for name in self.detectors if name not in DETECTORS]
        if unknown or not self.detectors:
            raise ValueError(f"detectors is {','.join(self.detectors)!r}; choose of {', '.join(DETECTORS)}")
        if faults := faults_of_regions(self.regions, self.residency, self.operations):
            raise ValueError("; ".join(faults))

    @property
    def operations(self) -> tuple[str, ...]:
        return operations_of(self.every_detector)

    @property
    def every_detector(self) -> Detectors:
        """All that are asked about any photo, below prefixes too, where a file names some."""
        if not self.detectors_by_prefix:
            return self.detectors
        try:
            text = Path(self.detectors_by_prefix).read_text(encoding="utf-8")
        except OSError as fault:
            raise ValueError(
                f"detectors_by_prefix names {self.detectors_by_prefix!r}, which cannot be read: {fault}"
            ) from fault
        exceptions, faults = read_choices(text, self.detectors_by_prefix)
        if faults:
            raise ValueError("; ".join(faults))
        return every_detector(ByPrefix.of(self.detectors, exceptions))

    @property
    def calls(self) -> tuple[str, ...]:
        """What is charged for each photo."""
        return tuple(CALLS[name] for name in self.detectors)

    @property
    def has_pictures(self) -> bool:
        return self.pictures.lower() == _TRUE

    @property
    def takes_uploads(self) -> bool:
        """Whether callers may upload, as infra/settings.py has it."""
        by_default = self.api_access != "open" and not self.bucket
        return self.uploads.lower() == _TRUE if self.uploads else by_default

    @property
    def answers_are_shared(self) -> bool:
        """Whether photos with the same ETag and size have the same answers, as infra/settings.py has it."""
        if self.share_answers:
            return self.share_answers.lower() == _TRUE
        uploads_are_ours = self.api_access == "iam" or not self.takes_uploads
        return uploads_are_ours or "moderation" not in self.every_detector

    def quota(self, operation: str, region: str) -> float:
        """Return how many calls a second are to be made in a region."""
        return self.quotas.get(operation, usual_quota(operation, region))

    def workers(self, region: str) -> tuple[int, int]:
        """Return how many copies of the processor work at once in a region, for live and for bulk photos."""
        quotas = {name: self.quota(name, region) for name in self.operations}
        quotas = total_quotas(quotas, quotas_abroad(self.regions, region, self.operations, self.quotas))
        needed = needed_workers(photo_rates(quotas, self.every_detector), self.batch_size)
        return self.max_concurrency or needed, self.bulk_max_concurrency or needed

    def pictures_copies(self, live: int, bulk: int) -> int:
        """Return how many copies of the pictures function so many of the processor's keep at work."""
        return math.ceil(PICTURES_A_WORKER * max(live, bulk)) if self.has_pictures else 0


def read_wanted(cdk_file: Path, typed: Iterable[str]) -> Wanted:
    """Read the context of cdk.json and what was typed as NAME=VALUE, which goes before it.

    Settings that have no say here are passed over. Raise OperatorError.
    """
    context = json.loads(cdk_file.read_text()).get("context", {}) if cdk_file.exists() else {}
    values = {name.upper(): _text(value) for name, value in context.items()}
    for setting in typed:
        name, equals, value = setting.partition("=")
        if not (name and equals):
            raise OperatorError(f"{setting!r} is no setting; write NAME=VALUE, as in detectors=labels")
        values[name.upper()] = value
    try:
        return load(Wanted, values)
    except SettingsError as error:
        raise OperatorError("; ".join(error.faults)) from error


def _text(value: object) -> str:
    return setting_text(tuple(value) if isinstance(value, list) else value)
