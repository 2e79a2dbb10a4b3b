"""Comparing what is wanted with what the account and the region have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from contract.capacity import FEWEST_WORKERS
from contract.regions import REGIONS, missing_in
from operations.checking.wanted import Wanted

# The tally runs once for each shard of the table's stream, and what is throttled there waits without loss.
TALLY_COPIES = 1
# So many questions at once should find a function, where nothing is reserved for them.
FEWEST_QUESTIONS = 2
# What is proposed to be reserved for questions.
RESERVED_FOR_QUESTIONS = 20
# Lambda refuses to reserve so much that less than this is left for everything else.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
KEPT_UNRESERVED = 100


class Verdict(StrEnum):
    """What a comparison came to. Only NO stands in the way of a deployment."""

    YES = "ok"
    HINT = "hint"
    NO = "no"


@dataclass(frozen=True)
class Finding:
    """One comparison, for a person: its subject, what was found, and what to do."""

    subject: str
    found: str
    verdict: Verdict
    advice: str = ""
    settings: Mapping[str, int] | None = None

    def to_json(self) -> dict[str, object]:
        """Return it for machines."""
        document: dict[str, object] = {
            "subject": self.subject,
            "found": self.found,
            "verdict": self.verdict.value,
        }
        return document | {"advice": self.advice, "settings": dict(self.settings or {})}


@dataclass(frozen=True)
class Concurrency:
    """How many functions of an account may run at once in a region; `unreserved` are nobody's yet."""

    limit: int
    unreserved: int


class Account(Protocol):
    """The account and region that is to be deployed to."""

    @property
    def region(self) -> str:
        """The region's name."""

    def identity(self) -> str:
        """Return the account's id and who asks."""

    def concurrency(self) -> Concurrency:
        """Return what Lambda has for the account."""

    def refusal(self, operation: str) -> tuple[bool, str] | None:
        """Return why Rekognition would not answer, and whether that holds for everyone; None if it would."""


def findings(wanted: Wanted, account: Account) -> Iterator[Finding]:
    """Compare, one thing after the other."""
    yield Finding("account", f"{account.identity()} in {account.region}", Verdict.YES)
    missing = missing_in(account.region, wanted.operations)
    for operation in wanted.operations:
        yield _no_such(operation, account.region) if operation in missing else _asked(operation, account)
    yield _concurrency(wanted, account)


def _no_such(operation: str, region: str) -> Finding:
    regions = ", ".join(sorted(REGIONS[operation]))
    return Finding(
        operation, f"not in {region}", Verdict.NO, f"deploy to one of {regions}, or choose other detectors"
    )


def _asked(operation: str, account: Account) -> Finding:
    refused = account.refusal(operation)
    if refused is None:
        return Finding(operation, "answers", Verdict.YES)
    for_everyone, reason = refused
    if for_everyone:
        return Finding(operation, reason, Verdict.NO, "see that the account may use Rekognition here")
    advice = "you may not call it yourself; the processor's own role may, so this stands in nobody's way"
    return Finding(operation, reason, Verdict.HINT, advice)


def _concurrency(wanted: Wanted, account: Account) -> Finding:
    has = account.concurrency()
    live, bulk = wanted.workers(account.region)
    reserved = wanted.query_reserved_concurrency
    others = TALLY_COPIES + (0 if reserved else FEWEST_QUESTIONS)
    found = (
        f"{has.unreserved} of {has.limit} not reserved; wanted: {live} live, {bulk} bulk, "
        f"{TALLY_COPIES} tally, "
        + (f"{reserved} reserved for questions" if reserved else f"{FEWEST_QUESTIONS} or more for questions")
    )
    subject = "concurrency of Lambda"
    if reserved and has.unreserved - reserved < KEPT_UNRESERVED:
        advice = f"Lambda keeps {KEPT_UNRESERVED} unreserved: leave query_reserved_concurrency out"
        return Finding(subject, found, Verdict.NO, advice)
    if live + bulk + others > has.unreserved - reserved:
        return _too_small(subject, found, has.unreserved - reserved - others)
    if not reserved and has.unreserved - KEPT_UNRESERVED >= live + bulk + RESERVED_FOR_QUESTIONS:
        advice = "questions may take what photos need, until they have a number of their own"
        proposed = {"query_reserved_concurrency": RESERVED_FOR_QUESTIONS}
        return Finding(subject, found, Verdict.HINT, advice, proposed)
    return Finding(subject, found, Verdict.YES)


def _too_small(subject: str, found: str, left: int) -> Finding:
    more = 'ask Service Quotas for more "Concurrent executions" of Lambda (L-B99A9384)'
    if left < 2 * FEWEST_WORKERS:
        return Finding(subject, found, Verdict.NO, f"too small for any deployment; {more}")
    bulk = max(FEWEST_WORKERS, left // 2)
    proposed = {"max_concurrency": left - bulk, "bulk_max_concurrency": bulk}
    advice = f"photos would be throttled, and some buried without a reason; deploy with less, or {more}"
    return Finding(subject, found, Verdict.NO, advice, proposed)
