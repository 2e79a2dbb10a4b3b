"""What depends on the region that the stack ends up in: quotas and workers, and whether it may be there."""

from collections.abc import Callable, Mapping, Sequence

from aws_cdk import Aws, CfnCondition, CfnRule, CfnRuleAssertion, Fn, Token
from constructs import Construct

from contract.detectors import OPERATIONS, REGIONS
from contract.quotas import ELSEWHERE, IN_LARGE_REGIONS, LARGE_REGIONS, needed_workers
from contract.settings import setting_text
from infra.settings import DeploymentSettings


class QuotaParameters(Construct):
    """The quotas of the region that the stack ends up in, where the settings do not name them.

    The template is the same for all regions; which numbers hold is decided when it is deployed.
    """

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._large = self._operations(IN_LARGE_REGIONS)
        self._small = self._operations(ELSEWHERE)
        self._condition: CfnCondition | None = None

    @property
    def live_workers(self) -> float:
        """How many copies of the processor may work for the live lane."""
        return self._workers(self._settings.max_concurrency)

    @property
    def bulk_workers(self) -> float:
        """How many copies may work for the bulk lane."""
        return self._workers(self._settings.bulk_max_concurrency)

    def number(self, of_quotas: Callable[[Mapping[str, float]], int]) -> float:
        """Return a number that follows from the quotas, as it is where the stack ends up."""
        large, small = of_quotas(self._large), of_quotas(self._small)
        return large if large == small else Token.as_number(self._if(large, small))

    def environment(self) -> dict[str, str]:
        """Return what the processor has to know, as environment variables."""
        return {
            "QUOTAS": self._choose_text(setting_text(self._large), setting_text(self._small)),
            "WORKERS": self._choose_text(str(self._all(self._large)), str(self._all(self._small))),
        }

    def _operations(self, usual: Mapping[str, float]) -> dict[str, float]:
        operations = [OPERATIONS[name] for name in self._settings.detectors]
        return {operation: self._settings.quotas.get(operation, usual[operation]) for operation in operations}

    def _workers(self, chosen: int | None) -> float:
        return self.number(self._needed) if chosen is None else chosen

    def _all(self, quotas: Mapping[str, float]) -> int:
        chosen = (self._settings.max_concurrency, self._settings.bulk_max_concurrency)
        return sum(self._needed(quotas) if number is None else number for number in chosen)

    def _needed(self, quotas: Mapping[str, float]) -> int:
        return needed_workers(quotas, self._settings.batch_size)

    def _choose_text(self, large: str, small: str) -> str:
        return large if large == small else Token.as_string(self._if(large, small))

    def _if(self, large: object, small: object) -> object:
        if self._condition is None:
            regions = [Fn.condition_equals(Aws.REGION, region) for region in sorted(LARGE_REGIONS)]
            self._condition = CfnCondition(self, "LargeRegion", expression=Fn.condition_or(*regions))
        return Fn.condition_if(self._condition.logical_id, large, small)


class RegionRule(Construct):
    """A rule of the template, with one assertion for each detector, so that the refusal names it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
    """

    def __init__(self, scope: Construct, construct_id: str, detectors: Sequence[str]) -> None:
        super().__init__(scope, construct_id)
        CfnRule(self, "Rule", assertions=[_assertion(name) for name in detectors])


def _assertion(detector: str) -> CfnRuleAssertion:
    operation = OPERATIONS[detector]
    regions = sorted(REGIONS[operation])
    return CfnRuleAssertion(
        assert_=Fn.condition_contains(regions, Aws.REGION),
        assert_description=(
            f"Rekognition has no {operation} in this region, so the detector '{detector}' cannot work here; "
            f"deploy to one of {', '.join(regions)}, or choose other detectors (contract/detectors.py)"
        ),
    )
