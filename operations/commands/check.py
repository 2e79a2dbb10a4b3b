"""`imagepipe check`: whether account and region can take a deployment. Changes nothing, costs nothing."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from contract.detectors import DEFAULT_DETECTORS, DETECTORS, OPERATIONS, REGIONS, missing_in
from contract.errors import ImagepipeError, SettingsError
from contract.quotas import DEFAULT_BATCH_SIZE, FEWEST_WORKERS, needed_workers, usual_quota
from contract.regions import faults_of_regions, line_name, quotas_abroad, total_quotas
from contract.settings import load, setting_text
from operations import terminal
from operations.adapters.account import AwsAccount
from operations.commands import options
from operations.wiring import connect_account

CDK_FILE = Path(__file__).resolve().parents[2] / "cdk.json"
DOES_NOT_FIT = 1
# The tally runs once for each shard of the table's stream, and what is throttled there waits without loss.
TALLY_COPIES = 1
# Copies of the pictures function for each of the processor's that is at work: the files of a batch of ten
# take a quarter of a second each, the batch two seconds. Both lanes share the quota: the larger decides.
PICTURES_A_WORKER = 1.25
# So many questions at once should find a function, where nothing is reserved for them.
FEWEST_QUESTIONS = 2
# What is proposed to be reserved for questions.
RESERVED_FOR_QUESTIONS = 20
# Lambda refuses to reserve so much that less than this is left for everything else.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
KEPT_UNRESERVED = 100


def check(
    *,
    context: Annotated[
        list[str] | None,
        typer.Option(
            "-c", "--context", help="A setting of the deployment, NAME=VALUE, as `cdk deploy` takes it."
        ),
    ] = None,
    json: options.Json = False,
) -> int:
    """Check whether this account and region can take what is to be deployed; exit code 1 if not."""
    typed = context or []
    wanted = read_wanted(CDK_FILE, typed)
    with terminal.progress() as display:
        display.add_task("asking", total=None)
        found = list(findings(wanted, connect_account()))
    fits = not any(finding.verdict is Fit.NO for finding in found)
    if json:
        terminal.print_json({"fits": fits, "findings": [finding.to_json() for finding in found]})
    else:
        _print(found, typed, fits=fits)
    return 0 if fits else DOES_NOT_FIT


def _print(found: "list[Finding]", typed: list[str], *, fits: bool) -> None:
    terminal.print_table(
        ("", "Checked", "Found", "What to do"),
        [(finding.verdict.value, finding.subject, finding.found, finding.advice) for finding in found],
    )
    proposed = {name: number for finding in found for name, number in (finding.settings or {}).items()}
    if proposed:
        kept = [setting for setting in typed if setting.partition("=")[0] not in proposed]
        settings = [*kept, *(f"{name}={number}" for name, number in proposed.items())]
        line = " ".join(f"-c {setting}" for setting in settings)
        typer.echo(f'\nProposed: make deploy SETTINGS="{line}"')
    if not fits:
        typer.echo("\nThis deployment would not work here.")


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
    pictures: str = "True"
    regions: tuple[str, ...] = ()
    residency: str = ""

    def __post_init__(self) -> None:
        unknown = [name for name in self.detectors if name not in DETECTORS]
        if unknown or not self.detectors:
            raise ValueError(f"detectors is {','.join(self.detectors)!r}; choose of {', '.join(DETECTORS)}")
        if faults := faults_of_regions(self.regions, self.residency, self.operations):
            raise ValueError("; ".join(faults))

    @property
    def operations(self) -> tuple[str, ...]:
        return tuple(OPERATIONS[name] for name in self.detectors)

    def workers(self, region: str) -> tuple[int, int]:
        """Return how many copies of the processor work at once in a region, for live and for bulk photos."""
        quotas = {name: self.quotas.get(name, usual_quota(name, region)) for name in self.operations}
        quotas = total_quotas(quotas, quotas_abroad(self.regions, region, self.operations, self.quotas))
        needed = needed_workers(quotas, self.batch_size)
        return self.max_concurrency or needed, self.bulk_max_concurrency or needed

    def pictures_copies(self, live: int, bulk: int) -> int:
        """Return how many copies of the pictures function so many of the processor's keep at work."""
        has_pictures = self.pictures.lower() == "true"
        return math.ceil(PICTURES_A_WORKER * max(live, bulk)) if has_pictures else 0


def read_wanted(cdk_file: Path, typed: Iterable[str]) -> Wanted:
    """Read the context of cdk.json and what was typed as NAME=VALUE, which goes before it.

    Settings that have no say here are passed over. Raise OperatorError.
    """
    context = json.loads(cdk_file.read_text()).get("context", {}) if cdk_file.exists() else {}
    values = {name.upper(): _text(value) for name, value in context.items()}
    for setting in typed:
        name, equals, value = setting.partition("=")
        if not (name and equals):
            raise terminal.OperatorError(
                f"{setting!r} is no setting; write NAME=VALUE, as in detectors=labels"
            )
        values[name.upper()] = value
    try:
        return load(Wanted, values)
    except SettingsError as error:
        raise terminal.OperatorError("; ".join(error.faults)) from error


def _text(value: object) -> str:
    return setting_text(tuple(value) if isinstance(value, list) else value)


class Fit(StrEnum):
    """What a comparison came to. Only NO stands in the way of a deployment."""

    YES = "ok"
    HINT = "hint"
    NO = "no"


@dataclass(frozen=True)
class Finding:
    """One comparison, for a person: its subject, what was found, and what to do."""

    subject: str
    found: str
    verdict: Fit
    advice: str = ""
    settings: Mapping[str, int] | None = None

    def to_json(self) -> dict[str, object]:
        return asdict(self) | {"settings": dict(self.settings or {})}


def findings(wanted: Wanted, account: AwsAccount) -> Iterator[Finding]:
    """Compare what is wanted with what the account and the region have, one thing after the other."""
    yield Finding("account", f"{account.identity()} in {account.region}", Fit.YES)
    for operation in wanted.operations:
        yield _operation(operation, account)
    if wanted.regions and account.region not in wanted.regions:
        yield Finding(
            "regions",
            f"{account.region} is not among {', '.join(wanted.regions)}",
            Fit.NO,
            "add it: the setting names where photos may go, and the stack would be elsewhere",
        )
    for region in wanted.regions:
        if region != account.region:
            for operation in wanted.operations:
                yield _abroad(operation, account, region)
    yield _concurrency(wanted, account)


def _operation(operation: str, account: AwsAccount) -> Finding:
    if missing_in(account.region, [operation]):
        regions = ", ".join(sorted(REGIONS[operation]))
        advice = f"deploy to one of {regions}, or choose other detectors"
        return Finding(operation, f"not in {account.region}", Fit.NO, advice)
    reason = account.refusal(operation)
    if reason is None:
        return Finding(operation, "answers", Fit.YES)
    advice = "you may not call it yourself; the processor's own role may, so this stands in nobody's way"
    return Finding(operation, reason, Fit.HINT, advice)


def _abroad(operation: str, account: AwsAccount, region: str) -> Finding:
    """Ask in another region: one that is not enabled, or that a policy denies, would be asked in vain."""
    subject = line_name(region, operation)
    try:
        reason = account.elsewhere(region).refusal(operation)
    except ImagepipeError as error:
        advice = "enable the region for this account, or leave it out: it would be asked in vain"
        return Finding(subject, error.code, Fit.NO, advice)
    if reason is None:
        return Finding(subject, "answers", Fit.YES)
    advice = "you may not call it there yourself, or a policy of the organisation denies the region"
    return Finding(subject, reason, Fit.HINT, advice)


def _concurrency(wanted: Wanted, account: AwsAccount) -> Finding:
    has = account.concurrency()
    live, bulk = wanted.workers(account.region)
    reserved = wanted.query_reserved_concurrency
    others = TALLY_COPIES + (0 if reserved else FEWEST_QUESTIONS)
    pictures = wanted.pictures_copies(live, bulk)
    found = (
        f"{has.unreserved} of {has.limit} not reserved; wanted: {live} live, {bulk} bulk, "
        + (f"{pictures} pictures, " if pictures else "")
        + f"{TALLY_COPIES} tally, "
        + (f"{reserved} reserved for questions" if reserved else f"{FEWEST_QUESTIONS} or more for questions")
    )
    subject = "concurrency of Lambda"
    if reserved and has.unreserved - reserved < KEPT_UNRESERVED:
        advice = f"Lambda keeps {KEPT_UNRESERVED} unreserved: leave query_reserved_concurrency out"
        return Finding(subject, found, Fit.NO, advice)
    if live + bulk + pictures + others > has.unreserved - reserved:
        return _too_small(subject, found, has.unreserved - reserved - others, wanted)
    if not reserved and has.unreserved - KEPT_UNRESERVED >= live + bulk + pictures + RESERVED_FOR_QUESTIONS:
        advice = "questions may take what photos need, until they have a number of their own"
        proposed = {"query_reserved_concurrency": RESERVED_FOR_QUESTIONS}
        return Finding(subject, found, Fit.HINT, advice, proposed)
    return Finding(subject, found, Fit.YES)


def _too_small(subject: str, found: str, left: int, wanted: Wanted) -> Finding:
    more = 'ask Service Quotas for more "Concurrent executions" of Lambda (L-B99A9384)'
    for workers in range(left, 2 * FEWEST_WORKERS - 1, -1):
        bulk = workers // 2
        live = workers - bulk
        if workers + wanted.pictures_copies(live, bulk) <= left:
            proposed = {"max_concurrency": live, "bulk_max_concurrency": bulk}
            advice = (
                f"photos would be throttled, and some buried without a reason; deploy with less, or {more}"
            )
            return Finding(subject, found, Fit.NO, advice, proposed)
    return Finding(subject, found, Fit.NO, f"too small for any deployment; {more}")
