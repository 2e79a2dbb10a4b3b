"""What is to be deployed, as far as an account may be too small for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from contract import environment
from contract.capacity import DEFAULT_BATCH_SIZE, needed_workers
from contract.detectors import DEFAULT_DETECTORS, DETECTORS, OPERATIONS
from contract.errors import SettingsError
from contract.quotas import usual_quota
from operations.faults import OperatorError


@dataclass(frozen=True)
class Wanted:
    """The settings of a deployment (infra/settings.py) that decide how much it needs.

    A concurrency of 0 is not set: the processor then gets as many copies as fill the quota, and the query
    function takes what is left of the account's.
    """

    detectors: tuple[str, ...] = DEFAULT_DETECTORS
    quotas: Mapping[str, float] = field(default_factory=dict)
    batch_size: int = DEFAULT_BATCH_SIZE
    max_concurrency: int = 0
    bulk_max_concurrency: int = 0
    query_reserved_concurrency: int = 0

    def __post_init__(self) -> None:
        unknown = [name for name in self.detectors if name not in DETECTORS]
        if unknown or not self.detectors:
            raise ValueError(f"detectors is {','.join(self.detectors)!r}; choose of {', '.join(DETECTORS)}")

    @property
    def operations(self) -> tuple[str, ...]:
        """The Rekognition operations that every photo is asked about."""
        return tuple(OPERATIONS[name] for name in self.detectors)

    def workers(self, region: str) -> tuple[int, int]:
        """Return how many copies of the processor work at once in a region, for live and for bulk photos."""
        quotas = {name: self.quotas.get(name, usual_quota(name, region)) for name in self.operations}
        needed = needed_workers(quotas, self.batch_size)
        return self.max_concurrency or needed, self.bulk_max_concurrency or needed


def read_wanted(cdk_file: Path, typed: Iterable[str]) -> Wanted:
    """Read the context of cdk.json and what was typed as NAME=VALUE, which goes before it.

    Settings that have no say here are passed over. Raises OperatorError.
    """
    context = json.loads(cdk_file.read_text()).get("context", {}) if cdk_file.exists() else {}
    values = {name.upper(): _text(value) for name, value in context.items()}
    for setting in typed:
        name, equals, value = setting.partition("=")
        if not (name and equals):
            raise OperatorError(f"{setting!r} is no setting; write NAME=VALUE, as in detectors=labels")
        values[name.upper()] = value
    try:
        return environment.load(Wanted, values)
    except SettingsError as error:
        raise OperatorError("; ".join(error.faults)) from error


def _text(value: object) -> str:
    return environment.to_text(tuple(value) if isinstance(value, list) else value)
