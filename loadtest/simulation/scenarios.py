"""The scenarios, in the groups in which they are reported."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from contract.quotas import IN_LARGE_REGIONS
from loadtest import ROOT
from loadtest.faults.calls import AwsService
from loadtest.simulation.fleet import TERMINATE
from loadtest.simulation.outages import Outage, Trouble
from loadtest.simulation.scenario import FleetScenario, deployed_workers
from local.cloud.assembly import STACK_NAME

TEMPLATE = ROOT / "cdk.out" / f"{STACK_NAME}.template.json"
HANDLER = "processors.handler.handler"


def recursive_loop(template: Path = TEMPLATE) -> str:
    """Return the processor's recursion configuration; AWS's default where the template has none.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html
    """
    resources = json.loads(template.read_text())["Resources"].values()
    (processor,) = [
        resource["Properties"]
        for resource in resources
        if resource["Type"] == "AWS::Lambda::Function" and resource["Properties"].get("Handler") == HANDLER
    ]
    return str(processor.get("RecursiveLoop", TERMINATE))


def as_deployed(scenario: FleetScenario) -> FleetScenario:
    """Fill in what a scenario leaves to the template."""
    return replace(scenario, recursive_loop=scenario.recursive_loop or recursive_loop())


HOUR = 3600.0
# All begins well: some calls are under way when the trouble comes.
BEGIN = 1.5
# New accounts have this little, until they ask for more.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
CONCURRENCY_OF_A_NEW_ACCOUNT = 10


def _scenario(
    name: str, title: str, hours: float, *services: AwsService, trouble: Trouble = Trouble.AWAY
) -> FleetScenario:
    """Make a scenario: half of the photos are there before the trouble begins, half come while it lasts.

    The longer it lasts, the fewer they are, for each comes back again and again.
    """
    end, half = BEGIN + hours * HOUR, max(12, round(360 / hours))
    return FleetScenario(
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


def _then_shaky(scenario: FleetScenario) -> FleetScenario:
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


_BURST = FleetScenario(
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
_REKOGNITION = _scenario("rekognition", "Rekognition away for 3 h", 3, AwsService.REKOGNITION)
_S3 = replace(
    _scenario("s3", "S3 away for 3 h, which Rekognition cannot read either", 3, AwsService.S3),
    backlog_is_live=False,
    asked_for=True,
)
OUTAGES = (
    _scenario("dynamodb", "DynamoDB away for 3 h", 3, AwsService.DYNAMODB),
    _S3,
    _then_shaky(_S3),
    _scenario("sns", "SNS away for 3 h", 3, AwsService.SNS),
    _REKOGNITION,
    _then_shaky(_REKOGNITION),
    _scenario(
        "both",
        "DynamoDB and SQS away for 3 h: waits cannot be chosen",
        3,
        AwsService.DYNAMODB,
        AwsService.SQS,
    ),
    _scenario(
        "may-not-detect", "no permission to detect for 12 h", 12, AwsService.REKOGNITION, trouble=_DENIED
    ),
    _scenario(
        "may-not-write", "no permission for the table for 12 h", 12, AwsService.DYNAMODB, trouble=_DENIED
    ),
    _scenario("may-not-publish", "no permission to publish for 12 h", 12, AwsService.SNS, trouble=_DENIED),
    _scenario(
        "may-not-hide",
        "no permission to detect, nor to hand messages back, for 12 h",
        12,
        AwsService.REKOGNITION,
        AwsService.SQS,
        trouble=_DENIED,
    ),
    replace(
        _scenario(
            "terminate",
            "the same permission to detect, under recursion detection as AWS has it by default",
            12,
            AwsService.REKOGNITION,
            trouble=_DENIED,
        ),
        recursive_loop=TERMINATE,
    ),
    _scenario(
        "used-up", "quota used up by others for 2 days", 48, AwsService.REKOGNITION, trouble=_THROTTLED
    ),
    _BURST,
    replace(
        _BURST,
        name="crowded",
        title="the same burst while other functions of the account hold nine of the ten for 2 h",
        concurrency=((0.0, 1), (2 * HOUR, CONCURRENCY_OF_A_NEW_ACCOUNT)),
    ),
)


FIFTY = {"DetectLabels": 50.0}
_BACKLOG = FleetScenario(
    "50", "quota 50, as in the large regions, 10 workers", FIFTY, (15, 75), backlog=4000, backlog_is_live=True
)

QUOTAS = (
    replace(
        _BACKLOG,
        name="5",
        title="quota 5, as in the other regions, 2 workers",
        live_workers=deployed_workers(5),
        bulk_workers=deployed_workers(5),
        quotas={"DetectLabels": 5.0},
        backlog=600,
        steady=(15, 105),
    ),
    _BACKLOG,
    replace(
        _BACKLOG,
        name="500",
        title="quota 500, 100 workers",
        quotas={"DetectLabels": 500.0},
        backlog=15_000,
        live_workers=deployed_workers(500),
        steady=(17, 32),
        notes="the first 15 s are Lambda's own ramp of five workers a second",
    ),
    replace(
        _BACKLOG,
        name="5000",
        title="quota 5,000, 1,000 workers",
        quotas={"DetectLabels": 5000.0},
        backlog=30_000,
        live_workers=deployed_workers(5000),
        first_workers=1000,
        steady=(2, 5),
        notes="shortened: all 1,000 workers from the start (Lambda would take three minutes), 6 s of work",
    ),
)

LIVE = replace(_BACKLOG, backlog=0, live_rate=2.0, live_span=(20.0, 80.0), steady=(20, 80))
LANES = (
    replace(LIVE, name="idle", title="live photos alone, two a second"),
    replace(LIVE, name="lanes", title="the same during a bulk backlog", backlog=5000, backlog_is_live=False),
    replace(
        LIVE,
        name="full",
        title="live photos at 1.2 times the quota during a bulk backlog",
        backlog=1500,
        backlog_is_live=False,
        live_rate=60.0,
        live_span=(15.0, 45.0),
        steady=(15, 45),
    ),
)

FAULTS = (
    replace(
        _BACKLOG,
        name="halved",
        title="quota halved at 40 s, restored at 80 s, nobody told",
        backlog=6000,
        shares=((40.0, 0.5), (80.0, 1.0)),
        steady=(15, 40),
    ),
    replace(
        _BACKLOG,
        name="outage",
        title="budget item not answering from 30 to 60 s",
        budget_away=(30.0, 60.0),
        backlog=4500,
        steady=(30, 60),
        notes="use is that of the outage",
    ),
    replace(
        _BACKLOG,
        name="kills",
        title="five workers killed",
        backlog=3000,
        kills=(10.0, 20.0, 25.0, 30.0, 40.0),
        steady=(15, 50),
    ),
    replace(
        _BACKLOG,
        name="cold",
        title="cold burst: 60 workers at once, none warm",
        live_workers=60,
        first_workers=60,
        backlog=3000,
        steady=(15, 50),
    ),
)

# The quotas of three large regions, of which the stack is in the first.
_THREE = replace(
    _BACKLOG,
    name="three",
    title="three regions of 50, 30 workers, live lane",
    abroad={"us-west-2": FIFTY, "eu-west-1": FIFTY},
    live_workers=deployed_workers(150),
    bulk_workers=deployed_workers(150),
    backlog=9000,
    steady=(15, 55),
)
_AWAY_SECONDS = (20.0, 50.0)


def _away(name: str, title: str, region: str) -> FleetScenario:
    """Have Rekognition away in one of three regions: what is left is two thirds of the sum."""
    return replace(
        _THREE,
        name=name,
        title=title,
        outages=(Outage(AwsService.REKOGNITION, *_AWAY_SECONDS, region=region),),
        backlog=8000,
        steady=(21, 50),
        notes="of all three quotas: 0.67 is all of the other two",
    )


REGIONS = (
    _THREE,
    replace(_THREE, name="three-bulk", title="the same, bulk lane", backlog_is_live=False),
    replace(
        _THREE,
        name="three-lanes",
        title="live photos, two a second, during a bulk backlog",
        backlog_is_live=False,
        live_rate=2.0,
        live_span=(20.0, 60.0),
        steady=(20, 55),
    ),
    replace(
        _THREE,
        name="three-uneven",
        title="50 at home, 5 and 25 abroad, 16 workers",
        abroad={"us-east-2": {"DetectLabels": 5.0}, "us-west-1": {"DetectLabels": 25.0}},
        live_workers=deployed_workers(80),
        backlog=5000,
    ),
    _away("three-abroad-away", "us-west-2 away from 20 to 50 s", "us-west-2"),
    _away("three-home-away", "Rekognition of the home region away from 20 to 50 s", ""),
)

DETECTORS = (
    replace(
        _BACKLOG,
        name="four",
        title="four detectors",
        quotas=dict(IN_LARGE_REGIONS),
        detectors=("labels", "faces", "moderation", "text"),
        backlog=1500,
        steady=(8, 28),
        notes="DetectFaces' quota is 100, and no more than 50 photos a second come",
    ),
)

WORKERS = tuple(
    replace(
        _BACKLOG,
        name=f"{lane}-{quota:g}-{workers}",
        title=f"quota {quota:g}, {workers} workers, {lane} lane",
        quotas={"DetectLabels": quota},
        backlog=int(60 * quota),
        backlog_is_live=lane == "live",
        live_workers=workers,
        bulk_workers=workers,
        steady=(12, 52),
    )
    for quota, counts in ((5.0, (2, 5, 10, 20)), (50.0, (5, 8, 10, 20, 60)))
    for workers in counts
    for lane in ("live", "bulk")
)

WAYS: Mapping[str, str] = {
    "one message": "one message a call, no limiter",
    "serial": "Powertools batch, one after the other",
    "no limiter": "this pipeline, no limiter",
    "adaptive": "this pipeline, botocore's adaptive mode",
    "static": "this pipeline, static split",
    "budget": "this pipeline, shared budget",
}
_RACE = replace(_BACKLOG, bulk_workers=0, backlog=3000, steady=(15, 50), longest=900.0)
RIVALS = (
    *(
        replace(
            _RACE,
            name=f"{program}-{workers}",
            title=f"{said}, {workers} workers",
            program=program,
            batch_size=1 if program == "one message" else 10,
            live_workers=workers,
        )
        for workers in (20, 60)
        for program, said in WAYS.items()
    ),
    *(
        replace(
            _RACE,
            name=f"{program}-lanes",
            title=f"{WAYS[program]}, 10 of 30 workers have work",
            program=program,
            backlog_is_live=False,
            live_workers=20,
            bulk_workers=10,
        )
        for program in ("static", "budget")
    ),
)

GROUPS: Mapping[str, tuple[FleetScenario, ...]] = {
    "quotas": QUOTAS,
    "rivals": RIVALS,
    "lanes": LANES,
    "faults": FAULTS,
    "outages": OUTAGES,
    "regions": REGIONS,
    "detectors": DETECTORS,
    "workers": WORKERS,
}
