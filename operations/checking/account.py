"""What an account and a region have, against what a deployment needs of them."""

from collections.abc import Iterator

from contract.detectors import HOURLY, REGIONS, missing_in
from contract.errors import ConfigurationError, ImagepipeError
from contract.quotas import FEWEST_WORKERS
from contract.regions import line_name
from operations.adapters.account import AwsAccount
from operations.checking.findings import Finding, Fit
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

# States of a stack from which CloudFormation does not update it.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
_STUCK = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"})
_ROLLBACK_FAILED = "UPDATE_ROLLBACK_FAILED"


def account_findings(wanted: Wanted, account: AwsAccount) -> Iterator[Finding]:
    """Compare what is wanted with what the account and the region have, one thing after the other."""
    # A model of one's own answers only while it runs: `imagepipe custom-labels status` says whether it does.
    operations = [operation for operation in wanted.operations if operation not in HOURLY]
    for operation in operations:
        yield _operation(operation, account)
        if (quota := _quota(operation, wanted, account)) is not None:
            yield quota
    if wanted.regions and account.region not in wanted.regions:
        yield Finding(
            "regions",
            f"{account.region} is not among {', '.join(wanted.regions)}",
            Fit.NO,
            "add it: the setting names where photos may go, and the stack would be elsewhere",
        )
    for region in wanted.regions:
        if region != account.region:
            for operation in operations:
                yield _abroad(operation, account, region)
    yield _concurrency(wanted, account)


def stack_findings(wanted: Wanted, account: AwsAccount) -> Iterator[Finding]:
    """Yield what is there under the name of the stack, what CDK needs, and who hears of alarms."""
    if (found := _stack(wanted.stack, account)) is not None:
        yield found
    if (found := _bootstrap(account)) is not None:
        yield found
    yield _alarms(wanted, account)


def _operation(operation: str, account: AwsAccount) -> Finding:
    if missing_in(account.region, [operation]):
        regions = ", ".join(sorted(REGIONS[operation]))
        advice = f"deploy to one of {regions}, or choose other detectors"
        return Finding(operation, f"not in {account.region}", Fit.NO, advice)
    try:
        reason = account.refusal(operation)
    except ConfigurationError as refusal:
        # The account is not subscribed to the service, say, or is suspended.
        advice = "Rekognition answers nobody of this account: see to that first, or every photo waits"
        return Finding(operation, f"{refusal.code}: {refusal.message}", Fit.NO, advice)
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


def _quota(operation: str, wanted: Wanted, account: AwsAccount) -> Finding | None:
    """Return whether more calls are to be made than the account may; None where nobody can say."""
    allowed = account.quota(operation)
    if allowed is None:
        return None
    calls = wanted.quota(operation, account.region)
    subject, found = f"quota of {operation}", f"{allowed:g} calls a second; {calls:g} are to be made"
    if calls > allowed:
        advice = (
            "the calls above it are refused and made again: set quotas to what the account has, or ask "
            "Service Quotas for more"
        )
        return Finding(subject, found, Fit.HINT, advice, {"quotas": f"{operation}={allowed:g}"})
    return Finding(subject, found, Fit.YES)


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


def is_updatable(state: str) -> bool:
    """Return whether a stack in this state has all its parts."""
    return not state.endswith("_IN_PROGRESS") and state not in _STUCK | {_ROLLBACK_FAILED}


def _stack(stack: str, account: AwsAccount) -> Finding | None:
    state = account.stack_state(stack)
    if state is None:
        return None
    subject = f"stack {stack}"
    if state.endswith("_IN_PROGRESS"):
        return Finding(subject, state, Fit.NO, "somebody is at it: wait until that has ended")
    if state == _ROLLBACK_FAILED:
        advice = f"first: aws cloudformation continue-update-rollback --stack-name {stack}"
        return Finding(subject, state, Fit.NO, advice)
    if state in _STUCK:
        advice = (
            f"its deployment failed, and it cannot be updated: aws cloudformation delete-stack --stack-name "
            f"{stack}, then deploy again"
        )
        return Finding(subject, state, Fit.NO, advice)
    return Finding(subject, f"there already ({state}): it is updated", Fit.YES)


def _bootstrap(account: AwsAccount) -> Finding | None:
    is_ready = account.is_bootstrapped()
    if is_ready is None:
        return None
    subject = "CDK's bootstrap"
    if is_ready:
        return Finding(subject, "done", Fit.YES)
    return Finding(
        subject, f"not done in {account.region}", Fit.NO, "once for account and region: make bootstrap"
    )


def _alarms(wanted: Wanted, account: AwsAccount) -> Finding:
    subject = "alarms"
    if wanted.alarm_email:
        return Finding(subject, f"{wanted.alarm_email}, once confirmed", Fit.YES)
    arn = wanted.alarm_topic_arn
    if not arn:
        advice = "set alarm_email or alarm_topic_arn; else dead letters expire and no one knows"
        return Finding(subject, "reach nobody", Fit.HINT, advice)
    if arn.split(":")[3:4] != [account.region]:
        return Finding(
            subject, arn, Fit.NO, f"CloudWatch tells topics of {account.region} alone: name one there"
        )
    if account.has_topic(arn) is False:
        return Finding(subject, arn, Fit.NO, "there is no such topic: make it, or set alarm_email")
    return Finding(subject, arn, Fit.YES)
