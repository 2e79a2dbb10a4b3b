"""What depends on the region that the stack ends up in: quotas and workers, and whether it may be there."""

from collections.abc import Callable, Mapping, Sequence

from aws_cdk import Aws, CfnCondition, CfnMapping, CfnRule, CfnRuleAssertion, Fn, Token
from constructs import Construct

from contract.detectors import MODEL_ARN, OPERATIONS, REGIONS, SEARCH
from contract.environment import setting_text
from contract.meaning import INVOKE_MODEL
from contract.quotas import LARGE_REGIONS, needed_workers, photo_rates, usual_quota
from contract.regions import quotas_abroad, total_quotas
from infra.settings import DeploymentSettings

WORKERS = "WORKERS"
# What the processor is told of the lines abroad, where there are any.
REGIONAL_QUOTAS = "REGIONAL_QUOTAS"


class QuotaParameters(Construct):
    """The quotas of the region that the stack ends up in, where the settings do not name them.

    The template is the same for all regions; which numbers hold is decided when it is deployed. Where other
    regions are asked too, the stack is in one of those (`RegionRule`), and their quotas add up.
    """

    def __init__(self, scope: Construct, construct_id: str, settings: DeploymentSettings) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._choice = _ByHome(self, settings.regions) if settings.asks_abroad else _BySize(self)

    @property
    def live_workers(self) -> float:
        """How many copies of the processor may work for the live lane."""
        return self._workers(self._settings.max_concurrency)

    @property
    def bulk_workers(self) -> float:
        """How many copies may work for the bulk lane."""
        return self._workers(self._settings.bulk_max_concurrency)

    def number(self, of_rates: Callable[[Mapping[str, float]], int]) -> float:
        """Return a number that follows from the quotas, as it is where the stack ends up.

        Of all regions together: how many photos a second each call allows.
        """
        return self._choice.number({home: of_rates(self._rates(home)) for home in self._choice.homes})

    def environment(self) -> dict[str, str]:
        """Return what the processor has to know, as environment variables."""
        homes = self._choice.homes
        told = {
            "QUOTAS": {home: setting_text(self._at(home)) for home in homes},
            WORKERS: {home: str(self._all(self._rates(home))) for home in homes},
        }
        if self._settings.asks_abroad:
            told[REGIONAL_QUOTAS] = {home: setting_text(self._abroad(home)) for home in homes}
        return {name: self._choice.text(texts) for name, texts in told.items()}

    def _at(self, home: str) -> dict[str, float]:
        chosen, settings = self._settings.quotas, self._settings
        operations = (
            *settings.operations,
            *((SEARCH.operation,) if settings.people else ()),
            *((INVOKE_MODEL,) if settings.sees_meaning else ()),
        )
        return {name: chosen.get(name, usual_quota(name, home)) for name in operations}

    def _abroad(self, home: str) -> dict[str, float]:
        settings = self._settings
        return quotas_abroad(settings.regions, home, settings.operations, settings.quotas)

    def _rates(self, home: str) -> dict[str, float]:
        total = total_quotas(self._at(home), self._abroad(home))
        rates = photo_rates(total, self._settings.every_detector)
        return rates | {INVOKE_MODEL: total[INVOKE_MODEL]} if self._settings.sees_meaning else rates

    def _workers(self, chosen: int | None) -> float:
        return self.number(self._needed) if chosen is None else chosen

    def _all(self, rates: Mapping[str, float]) -> int:
        chosen = (self._settings.max_concurrency, self._settings.bulk_max_concurrency)
        return sum(self._needed(rates) if number is None else number for number in chosen)

    def _needed(self, rates: Mapping[str, float]) -> int:
        return needed_workers(rates, self._settings.batch_size)


class _BySize:
    """Chooses by whether the stack ends up in a large region; `homes` are one of either kind."""

    LARGE, SMALL = min(LARGE_REGIONS), "elsewhere"
    homes = (LARGE, SMALL)

    def __init__(self, scope: Construct) -> None:
        self._scope = scope
        self._condition: CfnCondition | None = None

    def text(self, texts: Mapping[str, str]) -> str:
        large, small = texts[self.LARGE], texts[self.SMALL]
        return large if large == small else Token.as_string(self._if(large, small))

    def number(self, numbers: Mapping[str, float]) -> float:
        large, small = numbers[self.LARGE], numbers[self.SMALL]
        return large if large == small else Token.as_number(self._if(large, small))

    def _if(self, large: object, small: object) -> object:
        if self._condition is None:
            regions = [Fn.condition_equals(Aws.REGION, region) for region in sorted(LARGE_REGIONS)]
            self._condition = CfnCondition(self._scope, "LargeRegion", expression=Fn.condition_or(*regions))
        return Fn.condition_if(self._condition.logical_id, large, small)


class _ByHome:
    """Chooses by which of the regions the stack ends up in, by a mapping of the template.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/mappings-section-structure.html
    """

    def __init__(self, scope: Construct, regions: Sequence[str]) -> None:
        self.homes = tuple(regions)
        self._scope = scope
        self._mapping: CfnMapping | None = None
        self._known: dict[tuple[object, ...], str] = {}

    def text(self, texts: Mapping[str, str]) -> str:
        return texts[self.homes[0]] if len(set(texts.values())) == 1 else self._found(texts)

    def number(self, numbers: Mapping[str, float]) -> float:
        if len(set(numbers.values())) == 1:
            return numbers[self.homes[0]]
        return Token.as_number(Token.as_any(self._found({home: str(n) for home, n in numbers.items()})))

    def _found(self, texts: Mapping[str, str]) -> str:
        if self._mapping is None:
            self._mapping = CfnMapping(self._scope, "ByHome")
        values = tuple(texts[home] for home in self.homes)
        name = self._known.setdefault(values, f"Value{len(self._known)}")
        for home in self.homes:
            self._mapping.set_value(home, name, texts[home])
        return self._mapping.find_in_map(Aws.REGION, name)


class RegionRule(Construct):
    """A rule of the template, with one assertion for each detector, so that the refusal names it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/rules-section-structure.html
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        detectors: Sequence[str],
        regions: Sequence[str] = (),
        model: str = "",
        *,
        people: bool = False,
    ) -> None:
        super().__init__(scope, construct_id)
        assertions = [_assertion(f"the detector '{name}'", OPERATIONS[name]) for name in detectors]
        if people:
            assertions.append(_assertion("the setting 'people'", SEARCH.operation))
        if regions:
            assertions.append(_is_one_of(regions))
        if found := MODEL_ARN.fullmatch(model):
            assertions.append(_is_where_the_model_is(found[1]))
        CfnRule(self, "Rule", assertions=assertions)


def _is_where_the_model_is(region: str) -> CfnRuleAssertion:
    return CfnRuleAssertion(
        assert_=Fn.condition_contains([region], Aws.REGION),
        assert_description=(
            f"The setting 'custom_labels_model' names a model in {region}, and it can be asked nowhere else; "
            "deploy there, or copy it (aws rekognition copy-project-version) and name the copy"
        ),
    )


def _is_one_of(regions: Sequence[str]) -> CfnRuleAssertion:
    return CfnRuleAssertion(
        assert_=Fn.condition_contains(list(regions), Aws.REGION),
        assert_description=(
            "The setting 'regions' names where photos may go, and this region is not among them; add it, or "
            f"deploy to one of {', '.join(regions)}"
        ),
    )


def _assertion(what: str, operation: str) -> CfnRuleAssertion:
    regions = sorted(REGIONS[operation])
    return CfnRuleAssertion(
        assert_=Fn.condition_contains(regions, Aws.REGION),
        assert_description=(
            f"Rekognition has no {operation} in this region, so {what} cannot work here; "
            f"deploy to one of {', '.join(regions)}, or choose other detectors (contract/detectors.py)"
        ),
    )
