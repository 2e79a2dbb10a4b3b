"""What is deployed: the processor's settings, as its function has them; and what the account allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contract.detectors import OPERATIONS
from contract.errors import SettingsError
from contract.settings import ProcessorSettings, load, questions
from operations.faults import OperatorError


@dataclass(frozen=True)
class DeployedProcessor:
    """The processor as it is deployed: its detectors, and what each operation may be called, by operation."""

    settings: ProcessorSettings
    memory_mb: int

    @classmethod
    def of(cls, function: str, variables: Mapping[str, str], memory_mb: int) -> DeployedProcessor:
        """Read the environment of the processor's function. Raise OperatorError."""
        try:
            return cls(load(ProcessorSettings, variables), memory_mb)
        except SettingsError as error:
            raise OperatorError(
                f"function {function} has other settings than this release knows: {'; '.join(error.faults)}; "
                "deploy this release, or use the imagepipe of the release that is deployed"
            ) from error

    @property
    def operations(self) -> tuple[str, ...]:
        return tuple(OPERATIONS[name] for name in self.settings.detectors)

    @property
    def fingerprints(self) -> Mapping[str, str]:
        return {name: question.fingerprint for name, question in questions(self.settings).items()}

    @property
    def daily_limits(self) -> Mapping[str, int]:
        return {name: int(limit) for name, limit in self.settings.daily_call_limits.items()}

    @property
    def quotas(self) -> Mapping[str, float]:
        return {operation: self.settings.quotas[operation] for operation in self.operations}


@dataclass(frozen=True)
class AccountQuota:
    """A quota of the account, as Service Quotas names it. `operation` is what it meters, where it says so."""

    name: str
    value: float
    operation: str | None = None
