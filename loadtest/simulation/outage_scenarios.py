"""Hours and days in which something that nobody here can repair is missing."""

from __future__ import annotations

from dataclasses import replace

from contract.quotas import IN_LARGE_REGIONS
from loadtest.simulation.fleet import TERMINATE
from loadtest.simulation.outages import Outage, Service, Trouble
from loadtest.simulation.scenario import Scenario

HOUR = 3600.0
# All begins well: some calls are under way when the trouble comes.
BEGIN = 1.5
# New accounts have this little, until they ask for more.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
CONCURRENCY_OF_A_NEW_ACCOUNT = 10


def _scenario(
    name: str, title: str, hours: float, *services: Service, trouble: Trouble = Trouble.AWAY
) -> Scenario:
    """Make a scenario: half of the photos are there before the trouble begins, half come while it lasts.

    The longer it lasts, the fewer they are, for each comes back again and again.
    """
    end, half = BEGIN + hours * HOUR, max(12, round(360 / hours))
    return Scenario(
        name,
        title,
        {"DetectLabels": IN_LARGE_REGIONS["DetectLabels"]},
        (0, 1),
        backlog=half,
        backlog_is_live=True,
        live_rate=half / (end - BEGIN),
        live_span=(BEGIN, end - 60),
        outages=tuple(Outage(service, BEGIN, end, trouble) for service in services),
        longest=end + 6 * HOUR,
    )


def _then_shaky(scenario: Scenario) -> Scenario:
    """Let the service come back little by little: what has waited for hours meets errors of its own."""
    (outage,) = scenario.outages
    half_an_hour_later = outage.end + HOUR / 2
    return replace(
        scenario,
        name=f"{scenario.name}-shaky",
        title=f"{scenario.title}; then every other call fails for half an hour",
        outages=(outage, replace(outage, begin=outage.end, end=half_an_hour_later, share=0.5)),
        live_span=(BEGIN, half_an_hour_later),
    )


_BURST = Scenario(
    "burst",
    "burst of 1,000 photos in an account with a Lambda concurrency of 10, two lanes of 10 workers",
    {"DetectLabels": IN_LARGE_REGIONS["DetectLabels"]},
    (0, 1),
    backlog=500,
    live_rate=50.0,
    live_span=(0.0, 10.0),
    concurrency=((0.0, CONCURRENCY_OF_A_NEW_ACCOUNT),),
    longest=6 * HOUR,
)
_DENIED, _THROTTLED = Trouble.DENIED, Trouble.THROTTLED
_REKOGNITION = _scenario("rekognition", "Rekognition away for 3 h", 3, Service.REKOGNITION)
_S3 = replace(
    _scenario("s3", "S3 away for 3 h, which Rekognition cannot read either", 3, Service.S3),
    backlog_is_live=False,
    asked_for=True,
)
OUTAGES = (
    _scenario("dynamodb", "DynamoDB away for 3 h", 3, Service.DYNAMODB),
    _S3,
    _then_shaky(_S3),
    _scenario("sns", "SNS away for 3 h", 3, Service.SNS),
    _REKOGNITION,
    _then_shaky(_REKOGNITION),
    _scenario(
        "both", "DynamoDB and SQS away for 3 h: waits cannot be chosen", 3, Service.DYNAMODB, Service.SQS
    ),
    _scenario("may-not-detect", "no permission to detect for 12 h", 12, Service.REKOGNITION, trouble=_DENIED),
    _scenario("may-not-write", "no permission for the table for 12 h", 12, Service.DYNAMODB, trouble=_DENIED),
    _scenario("may-not-publish", "no permission to publish for 12 h", 12, Service.SNS, trouble=_DENIED),
    _scenario(
        "may-not-hide",
        "no permission to detect, nor to hand messages back, for 12 h",
        12,
        Service.REKOGNITION,
        Service.SQS,
        trouble=_DENIED,
    ),
    replace(
        _scenario(
            "terminate",
            "the same permission to detect, under recursion detection as AWS has it by default",
            12,
            Service.REKOGNITION,
            trouble=_DENIED,
        ),
        recursive_loop=TERMINATE,
    ),
    _scenario("used-up", "quota used up by others for 2 days", 48, Service.REKOGNITION, trouble=_THROTTLED),
    _BURST,
    replace(
        _BURST,
        name="crowded",
        title="the same burst while other functions of the account hold nine of the ten for 2 h",
        concurrency=((0.0, 1), (2 * HOUR, CONCURRENCY_OF_A_NEW_ACCOUNT)),
    ),
)
