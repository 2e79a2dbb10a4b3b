"""The CDK app: the whole system as one stack.

`cdk deploy` runs it by cdk.json; the local environment runs it the same way with other settings.
"""

import json
import os
import re
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path

from aws_cdk import Annotations, App, CfnOutput, DefaultStackSynthesizer, Stack
from constructs import Construct

from contract.meaning import BY_BEDROCK
from contract.people import collection_of
from infra.alarms import Alarms, AlarmTopic
from infra.alerts import Alerts
from infra.answers import Answers
from infra.block_tag import BlockedObjects
from infra.bucket_logs import BucketLogs, accept_no_logs
from infra.bundles import FOR_THIS_MACHINE, PYTHON_VERSION, ROOT, Bundle, BundleError, bundles, find_python
from infra.cameras import CameraEvents
from infra.customer_key import CustomerKey
from infra.dashboard import Dashboard
from infra.editor import Editor
from infra.film_jobs import FilmJobs
from infra.films import Films
from infra.intake import ObjectEvents
from infra.meaning import Meaning
from infra.operator import Operator
from infra.people import PersonFunction
from infra.pictures import Pictures
from infra.processing import CompletionTopic, Processing, Tallying
from infra.regions import RegionRule
from infra.settings import DeploymentSettings, UnusableSettingsError
from infra.store import Store

STACK_NAME = "imagepipe"
CDK_FILE = ROOT / "cdk.json"
CONTEXT_VARIABLE = "CDK_CONTEXT_JSON"
# https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/cx-api/lib/assets.ts
WITH_ASSET_METADATA = "aws:cdk:enable-asset-metadata"


class ImagepipeStack(Stack):
    """Photos come in at `intake`, are recognized in `processing`, kept in `store`, asked for at `answers`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        processors: Bundle,
        query_api: Bundle,
        people: Bundle,
        pictures: Bundle,
        meaning: Bundle,
        embedding: Bundle,
        films: Bundle,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=settings.stack,
            description="Photos in a bucket become searchable by what is in them",
            # Without the rule the template is deployed as it is, here and on AWS; `cdk deploy` checks the
            # bootstrap version itself.
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
            # CloudFormation takes 51,200 bytes without a bucket to read them from.
            suppress_template_indentation=True,
        )
        # By it, SAM finds the zip of each function beside the template.
        # https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-cdk.html
        self.node.set_context(WITH_ASSET_METADATA, True)
        RegionRule(
            self,
            "Region",
            settings.every_detector,
            settings.regions,
            settings.custom_labels_model,
            people=settings.people,
        )
        intake = ObjectEvents(self, "Intake", settings)
        store = Store(self, "Store", settings)
        completions = CompletionTopic(self, "Completions")
        processors_code = processors.build()
        self._warn_of_slow_starts()
        looking = (
            Pictures(self, "Pictures", settings, code=pictures.build(), intake=intake)
            if settings.pictures
            else None
        )
        filming = (
            Films(self, "Films", settings, code=films.build(), intake=intake, pictures=looking)
            if settings.takes_films and looking
            else None
        )
        jobs = (
            FilmJobs(
                self,
                "FilmJobs",
                settings,
                code=processors_code,
                intake=intake,
                table=store.table,
                pictures=looking,
            )
            if settings.has_film_jobs and looking
            else None
        )
        processing = Processing(
            self,
            "Processing",
            settings,
            code=processors_code,
            intake=intake,
            table=store.table,
            topic=completions.topic,
            pictures=looking,
            films=filming,
            film_jobs=jobs,
        )
        tallying = Tallying(
            self,
            "Tallying",
            settings,
            code=processors_code,
            table=store.table,
            intake=intake,
            pictures=looking,
        )
        query_code = query_api.build()
        operator = (
            Operator(
                self,
                "Operator",
                settings,
                code=query_code,
                intake=intake,
                table=store.table,
                quotas=processing.quotas,
            )
            if settings.operator
            else None
        )
        editor = (
            Editor(self, "Editor", settings, code=query_code, intake=intake, table=store.table)
            if settings.corrections
            else None
        )
        answers = Answers(
            self,
            "Answers",
            settings,
            code=query_code,
            intake=intake,
            table=store.table,
            pictures=looking,
            operator=operator.function if operator else None,
            editor=editor.function if editor else None,
        )
        meant = {
            made_by: Meaning(
                self,
                "MeaningSeen" if made_by == BY_BEDROCK else "Meaning",
                settings,
                made_by=made_by,
                code=(embedding if made_by == BY_BEDROCK else meaning).build(),
                table=store.table,
                pictures=looking,
            )
            for made_by in settings.meanings
        }
        for made_by, each in meant.items():
            each.serve(processing.function)
            each.let_question(answers.function)
            if made_by == settings.meaning:
                each.let_search(answers.function)
        seeing = meant.get(BY_BEDROCK)
        alerts = (
            Alerts(
                self, "Alerts", settings, code=processors_code, table=store.table, told_by=completions.topic
            )
            if settings.alerts_json
            else None
        )
        cameras = (
            CameraEvents(
                self, "Cameras", settings, code=processors_code, table=store.table, told_by=completions.topic
            )
            if settings.cameras
            else None
        )
        upkeep = (
            PersonFunction(self, "People", settings, code=people.build(), intake=intake, table=store.table)
            if settings.people
            else None
        )
        if settings.block_tag:
            BlockedObjects(
                self,
                "Blocked",
                settings,
                intake=intake,
                processor=processing.function,
                pictures=looking,
                also=[part.function for part in (filming, jobs, upkeep, seeing) if part],
            )
        buckets = [intake.bucket, *([looking.renditions] if looking else [])]
        bucket_logs = BucketLogs(self, "BucketLogs", settings, buckets) if settings.access_logs else None
        if bucket_logs is None:
            accept_no_logs(buckets)
        topic = AlarmTopic(self, "AlarmTopic", settings)
        alarms = Alarms(
            self,
            "Alarms",
            topic,
            images=intake.images,
            bulk=intake.bulk,
            functions={
                "processor": processing.function,
                "tally": tallying.function,
                "query": answers.function,
                **({"pictures": looking.function} if looking else {}),
                **({"films": filming.function} if filming else {}),
                **({"film-jobs": jobs.function} if jobs else {}),
                **({"operator": operator.function} if operator else {}),
                **({"editor": editor.function} if editor else {}),
                **({"alerts": alerts.function} if alerts else {}),
                **{
                    "meaning-seen" if made_by == BY_BEDROCK else "meaning": each.function
                    for made_by, each in meant.items()
                },
                **({"cameras": cameras.function} if cameras else {}),
                **({"people": upkeep.function} if upkeep else {}),
            },
            unalerted=alerts.dead_letters if alerts else None,
            untold=cameras.dead_letters if cameras else None,
            uncounted=tallying.dead_letters,
            quotas=processing.quotas,
            api=answers.api,
            is_audited=settings.daily_check,
            bridged=intake.bridged.rule if intake.bridged else None,
            asks_abroad=settings.asks_abroad,
        )
        if settings.dashboard:
            Dashboard(
                self,
                "Dashboard",
                intake=intake,
                processor=processing.function,
                quotas=processing.quotas,
                alarms=alarms.all,
            )
        if settings.has_customer_key:
            CustomerKey(self, "CustomerKey", settings).cover(
                # ETags have to stay MD5s; S3 delivers access logs to no bucket under KMS.
                others=[intake.bucket, *([bucket_logs.bucket] if bucket_logs else [])],
                publishers=[jobs.role] if jobs else [],
            )
        self._publish(
            Bucket=intake.bucket.bucket_name,
            QueueUrl=intake.images.queue.queue_url,
            DeadLetterQueueUrl=intake.images.dead_letters.queue_url,
            BulkQueueUrl=intake.bulk.queue.queue_url,
            BulkDeadLetterQueueUrl=intake.bulk.dead_letters.queue_url,
            Table=store.table.table_name,
            TopicArn=completions.topic.topic_arn,
            ApiUrl=answers.api.api_endpoint,
            TallyFunction=tallying.function.function_name,
            AlarmTopicArn=topic.topic.topic_arn,
            AlarmsReach=topic.reaches,
            **({"MeaningAsked": settings.meaning} if settings.meaning else {}),
            **({"MeaningNext": settings.meaning_next} if settings.meaning_next else {}),
            **({"BucketPrefix": settings.bucket_prefix} if settings.bucket_prefix else {}),
            **({"BucketSuffixes": ",".join(settings.bucket_suffixes)} if settings.bucket_suffixes else {}),
            **(_told("Cameras", cameras) if cameras else {}),
            **(_told("Alerts", alerts) if alerts else {}),
            **({"RenditionsBucket": looking.renditions.bucket_name} if looking else {}),
            **({"PageUrl": f"{answers.page_origin}/"} if answers.distribution or answers.sign_in else {}),
            **({"UserPoolId": answers.sign_in.pool_id} if answers.sign_in else {}),
            **_people(settings),
        )

    def _warn_of_slow_starts(self) -> None:
        if find_python() is None:
            Annotations.of(self).add_warning_v2(
                "imagepipe:bytecode",
                f"Functions will start more slowly: this machine has no python{PYTHON_VERSION}, to put "
                "bytecode into their zips. `make lambda-python` gets one.",
            )

    def _publish(self, **outputs: str) -> None:
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)


def _told(name: str, part: Alerts | CameraEvents) -> dict[str, str]:
    """Return where those are told that a part tells, and where completions wait for it."""
    return {
        f"{name}TopicArn": part.topic.topic_arn,
        f"{name}QueueUrl": part.queue.queue_url,
        f"{name}DeadLetterQueueUrl": part.dead_letters.queue_url,
    }


def _people(settings: DeploymentSettings) -> dict[str, str]:
    """Return what `imagepipe people` goes by; nothing where that is off.

    The collection is made by its first `add`: it is no part of the stack.
    """
    if not settings.people:
        return {}
    return {
        "PeopleCollection": collection_of(settings.stack),
        "PeoplePurpose": settings.people_purpose,
        "PeopleContact": settings.people_contact,
        "PeopleRetentionDays": str(settings.people_retention_days),
    }


def synthesize(context: Mapping[str, object], out: Path | None = None) -> None:
    """Write the assembly into a directory, by itself the one that the CDK names.

    Raises UnusableSettingsError, BundleError.
    """
    app = App(context=dict(context), outdir=None if out is None else str(out))
    here = app.node.try_get_context(FOR_THIS_MACHINE)
    settings = DeploymentSettings.from_context(app.node.try_get_context)
    ImagepipeStack(app, STACK_NAME, settings, **bundles(is_for_here=bool(here)))
    app.synth()


def typed_settings(arguments: Sequence[str]) -> dict[str, object]:
    """Read settings as `cdk` takes them, `-c NAME=VALUE`; they go before those of cdk.json.

    Where somebody else starts the app (the CDK, the local environment), the whole context is in a variable of
    theirs and that file is not read. Raises UnusableSettingsError.
    """
    parser = ArgumentParser(description="Synthesize the stack.")
    parser.add_argument("-c", "--context", action="append", default=[], metavar="NAME=VALUE")
    given: list[str] = parser.parse_args(arguments).context
    if strange := [setting for setting in given if not re.match(r"\w+=", setting)]:
        raise UnusableSettingsError(f"{strange[0]!r} is no setting; write NAME=VALUE, as in detectors=labels")
    is_alone = CONTEXT_VARIABLE not in os.environ and CDK_FILE.exists()
    in_file = json.loads(CDK_FILE.read_text()).get("context", {}) if is_alone else {}
    return {**in_file, **dict(setting.split("=", 1) for setting in given)}


def main() -> int:
    """Synthesize the stack with the settings that were typed."""
    try:
        synthesize(typed_settings(sys.argv[1:]))
    except (UnusableSettingsError, BundleError) as fault:
        print(fault, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
