"""The Lambdas of `processors/`, the processor and the tally: what feeds them, and what they may do."""

from pathlib import Path
from typing import Any

import jsii
from aws_cdk import Duration, Names, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contract import timing
from contract.cameras import write_cameras
from contract.detector_choice import write_exceptions
from contract.detectors import CUSTOM_LABELS, OPERATIONS, SEARCH, operations_of
from contract.film_jobs import DEFAULT_JOBS
from contract.items import SORT_KEY
from contract.people import PEOPLE, collection_of
from contract.photos import PICTURE
from contract.settings import ProcessorSettings, TallySettings
from contract.table import CONTENT_PREFIX, RECORD
from contract.tallies import AUDIT_EVENT, AUDIT_PREFIX, COUNTED_PREFIX, TALLY_PREFIX, WHEN_DUE
from infra.accepted import accept
from infra.film_jobs import FilmJobs
from infra.films import Films
from infra.functions import PythonFunction, allow, allow_on_items, ask_every
from infra.intake import LaneQueues, ObjectEvents, dead_letter_queue
from infra.pictures import Pictures, environment
from infra.regions import QuotaParameters
from infra.settings import DeploymentSettings
from infra.topics import FOR_LAMBDA_TO_READ, encrypted_topic

MEMORY_MB = 512
# Photos that are sent to other regions pass through it: memory for them, and with it processor time to write
# them down and to sign them (docs/regions.md).
ABROAD_MEMORY_MB = 1024
_CUSTOM = f"rekognition:{OPERATIONS[CUSTOM_LABELS]}"


class Processing(Construct):
    """The processor, fed by both queues, each with a bound of its own on how many copies work for it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        code: Path,
        intake: ObjectEvents,
        table: dynamodb.ITable,
        topic: sns.Topic,
        pictures: Pictures | None,
        films: Films | None,
        film_jobs: FilmJobs | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.quotas = QuotaParameters(self, "Quotas", settings)
        self.function = PythonFunction(
            self,
            "Processor",
            room="processors",
            code=code,
            environment={
                **self._told(
                    ProcessorSettings(
                        bucket_name=intake.bucket.bucket_name,
                        table_name=table.table_name,
                        topic_arn=topic.topic_arn,
                        queue_url=intake.images.queue.queue_url,
                        dead_letter_queue_url=intake.images.dead_letters.queue_url,
                        bulk_queue_url=intake.bulk.queue.queue_url,
                        bulk_dead_letter_queue_url=intake.bulk.dead_letters.queue_url,
                        detectors=settings.detectors,
                        daily_call_limits=settings.daily_call_limit,
                        concurrent_calls=settings.concurrent_calls,
                        share_answers="yes" if settings.answers_are_shared else "no",
                        pictures_function=pictures.function.function_name if pictures else "",
                        renditions_bucket=pictures.renditions.bucket_name if pictures else "",
                        keep_location="yes" if settings.keep_location else "no",
                        near_duplicates="yes" if settings.near_duplicates else "no",
                        sidecars="yes" if settings.sidecars else "no",
                        scenes="yes" if settings.scenes else "no",
                        bucket_prefix=settings.bucket_prefix,
                        bucket_suffixes=settings.bucket_suffixes,
                        latency="yes" if settings.dashboard else "no",
                        policy=settings.policy_json,
                        corrections="yes" if settings.corrections else "no",
                        detectors_by_prefix=write_exceptions(settings.exceptions),
                        custom_labels_model=settings.custom_labels_model,
                        block_tag="yes" if settings.block_tag else "no",
                        labels_anew="yes" if settings.asks_labels_anew else "",
                        films_function=films.function.function_name if films else "",
                        people_collection=collection_of(settings.stack) if settings.people else "",
                        cameras=write_cameras(settings.all_cameras, only_the_gate=True),
                        film_jobs=(settings.video_jobs or DEFAULT_JOBS) if film_jobs else 0,
                        film_jobs_topic_arn=film_jobs.topic.topic_arn if film_jobs else "",
                        film_jobs_role_arn=film_jobs.role.role_arn if film_jobs else "",
                        film_job_minutes_a_day=settings.video_minutes_a_day or 0,
                        people_in_films="yes" if settings.people_in_films else "",
                    )
                ),
                **self.quotas.environment(),
            },
            timeout_seconds=timing.PROCESSOR_TIMEOUT_SECONDS,
            memory_mb=ABROAD_MEMORY_MB if settings.asks_abroad else MEMORY_MB,
            log_retention_days=settings.log_retention_days,
        ).function
        self._allow_sending_to_its_own_queue()
        self._feed(intake.images, settings.batch_size, self.quotas.live_workers)
        self._feed(intake.bulk, settings.batch_size, self.quotas.bulk_workers)
        self._permit(settings, intake, table, topic)
        if pictures is not None:
            pictures.serve(self.function)
            if settings.people:
                pictures.cut_out_faces()
                self._search_faces(collection_of(settings.stack), table)
        if films is not None:
            films.serve(self.function)
        if film_jobs is not None:
            film_jobs.serve(self.function)
            if settings.people_in_films:
                film_jobs.search_persons(self.function, collection_of(settings.stack))

    def _search_faces(self, collection: str, table: dynamodb.ITable) -> None:
        """Let the processor search the collection, and find what is kept about faces of a photo.

        It may add nothing to the collection, and take nothing out of it.
        """
        arn = Stack.of(self).format_arn(
            service="rekognition", resource="collection", resource_name=collection
        )
        allow(self.function, [f"rekognition:{SEARCH.operation}"], arn)
        allow_on_items(self.function, ["dynamodb:Query"], table, [PEOPLE, f"{CONTENT_PREFIX}*"])

    @staticmethod
    def _told(settings: ProcessorSettings) -> dict[str, str]:
        """Return its environment, without what is off: a metric of latency costs by the month."""
        told = environment(settings)
        for name in ("LATENCY", "CORRECTIONS", "BLOCK_TAG"):
            if told[name] == "no":
                del told[name]
        if not settings.film_jobs:
            told = {name: text for name, text in told.items() if not name.startswith("FILM_JOB")}
        return told

    def _allow_sending_to_its_own_queue(self) -> None:
        """Keep Lambda from taking a message that is sent anew for a loop.

        It would refuse the sixteenth invocation in a chain of function and queue, and SQS would move the
        message without a reason. That takes renewals over half a year: nothing depends on this.
        https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
        """
        function = self.function.node.default_child
        assert isinstance(function, lambda_.CfnFunction)
        function.recursive_loop = "Allow"

    def _feed(self, work: LaneQueues, batch_size: int, max_concurrency: float) -> None:
        """Take batches from a queue; let the processor hand messages back early, or bury one with its reason.

        No filter: what does not match a filter is deleted for good.
        """
        # CDK's SqsEventSource and its grants would add what nobody calls; the ids are those that it gives.
        self.function.add_event_source_mapping(
            f"SqsEventSource:{Names.node_unique_id(work.queue.node)}",
            event_source_arn=work.queue.queue_arn,
            batch_size=batch_size,
            max_batching_window=Duration.seconds(timing.BATCH_WINDOW_SECONDS),
            report_batch_item_failures=True,
            max_concurrency=max_concurrency,
        )
        ours = ("sqs:ChangeMessageVisibility", "sqs:SendMessage")
        work.queue.grant(self.function, *FOR_LAMBDA_TO_READ, *ours)
        work.dead_letters.grant(self.function, "sqs:SendMessage")

    def _permit(
        self, settings: DeploymentSettings, intake: ObjectEvents, table: dynamodb.ITable, topic: sns.Topic
    ) -> None:
        # Not Scan, and not Query: the processor knows the key of nearly everything that it needs.
        on_items = ("BatchGet", "Put", "Update", "Delete", "BatchWrite")
        actions = [*(f"dynamodb:{verb}Item" for verb in on_items), "dynamodb:PartiQLInsert"]
        allow(self.function, actions, table.table_arn)
        topic.grant_publish(self.function)
        # Rekognition reads the photo with the caller's rights.
        intake.let_read(self.function)
        # None of Rekognition's operations can be limited to a resource; to regions, they can.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion
        fence = (
            {"StringEquals": {"aws:RequestedRegion": list(settings.regions)}} if settings.regions else None
        )
        detecting = [f"rekognition:{operation}" for operation in operations_of(settings.every_detector)]
        if settings.custom_labels_model:
            # A model is a resource, and this one alone is meant.
            detecting.remove(_CUSTOM)
            allow(self.function, [_CUSTOM], settings.custom_labels_model, conditions=fence)
        if not detecting:
            return
        allow(self.function, detecting, "*", conditions=fence)


class Tallying(Construct):
    """The tally, fed with the keys of records that were written: it counts images, and audits the bucket.

    A batch that fails is sent again, in halves, until it works; repeating one changes nothing
    (contract/tallies.py). Changes that failed for half a day leave the line: `dead_letters` says from where
    to where in the stream, and counting anew does what they would have done.

    Once an hour it is asked to go on with the day's audit of the bucket, where the deployment has that. Where
    renditions are made, it removes those whose answers are gone.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: DeploymentSettings,
        *,
        code: Path,
        table: dynamodb.ITable,
        intake: ObjectEvents,
        pictures: Pictures | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._intake = intake
        self._keys = settings.keys
        self._is_corrected = settings.corrections
        self._pictures = pictures
        self.function = PythonFunction(
            self,
            "Tally",
            room="processors",
            entry="counting_handler",
            service="tally",
            code=code,
            environment=environment(self._settings(table, is_auditing=settings.daily_check)),
            timeout_seconds=timing.TALLY_TIMEOUT_SECONDS,
            memory_mb=512,
            log_retention_days=settings.log_retention_days,
        ).function
        self.dead_letters = dead_letter_queue(self, is_for_redrive=False)
        accept(
            self.dead_letters,
            "SQS3",
            "it takes what Lambda gave up of the table's stream: it is the dead letters",
        )
        # Scan is for counting anew alone.
        allow(self.function, ["dynamodb:BatchGetItem", "dynamodb:Scan"], table.table_arn)
        # Shares, counts, and names of contents. In a transaction, each item is written by the action that
        # would write it alone.
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
        written = [f"{prefix}*" for prefix in (COUNTED_PREFIX, TALLY_PREFIX, CONTENT_PREFIX)]
        allow_on_items(self.function, ["dynamodb:PutItem", "dynamodb:UpdateItem"], table, written)
        # Names of contents, and the expiry of results. Nothing else is the tally's to delete.
        deleting = ["dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:Query"]
        allow_on_items(self.function, deleting, table, [f"{CONTENT_PREFIX}*"])
        self._feed(table)
        if pictures is not None:
            pictures.let_remove(self.function)
        if settings.corrections:
            allow(self.function, ["sqs:SendMessage"], intake.images.queue.queue_arn)
        if settings.daily_check:
            allow_on_items(self.function, ["dynamodb:PutItem"], table, [f"{AUDIT_PREFIX}*"])
            self._audit()

    def _settings(self, table: dynamodb.ITable, *, is_auditing: bool) -> TallySettings:
        renditions = self._pictures.renditions.bucket_name if self._pictures else ""
        corrected = ("", "")
        if self._is_corrected:
            corrected = (self._intake.bucket.bucket_name, self._intake.images.queue.queue_url)
        if not is_auditing:
            return TallySettings(
                table.table_name,
                renditions_bucket=renditions,
                corrected_bucket=corrected[0],
                corrected_queue_url=corrected[1],
            )
        live, bulk = (
            (work.queue.queue_url, work.dead_letters.queue_url)
            for work in (self._intake.images, self._intake.bulk)
        )
        bucket_name = self._intake.bucket.bucket_name
        return TallySettings(table.table_name, bucket_name, live, bulk, renditions, *self._keys, *corrected)

    def _audit(self) -> None:
        """Ask every hour: most of a day's askings find nothing due, and a large bucket takes several.

        It reads the table as the rest of the tally does.
        """
        ask_every(self, "Audit", Duration.hours(1), self.function, **{AUDIT_EVENT: WHEN_DUE})
        works = (self._intake.images, self._intake.bulk)
        queues = [queue.queue_arn for work in works for queue in (work.queue, work.dead_letters)]
        allow(self.function, ["s3:ListBucket"], self._intake.bucket.bucket_arn)
        allow(self.function, ["sqs:GetQueueAttributes"], *queues)

    def _feed(self, table: dynamodb.ITable) -> None:
        """Follow the table's stream from its beginning; of all its items, only records say something new.

        Where renditions are made, so do claims and answers about pictures that are gone. A filter on a stream
        loses nothing: what matters is what is in the table.
        """
        rule = lambda_.FilterRule
        followed = [_changes_of(rule.is_equal(RECORD))]
        if self._pictures is not None:
            gone = {"eventName": rule.is_equal("REMOVE")}
            followed.append(gone | _changes_of(rule.begins_with(f"{PICTURE}#")))
        self.function.add_event_source(
            event_sources.DynamoEventSource(
                table,
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=1000,
                max_batching_window=Duration.seconds(timing.TALLY_WINDOW_SECONDS),
                filters=[lambda_.FilterCriteria.filter(pattern) for pattern in followed],
                # https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
                bisect_batch_on_error=True,
                max_record_age=Duration.hours(timing.TALLY_PATIENCE_HOURS),
                on_failure=_GivenUpTo(self.dead_letters),
            )
        )


@jsii.implements(lambda_.IEventSourceDlq)
class _GivenUpTo:
    """Where Lambda sends what it has given up, with the one right that it takes (CDK's SqsDlq has three)."""

    def __init__(self, queue: sqs.Queue) -> None:
        self._queue = queue

    def bind(
        self, _target: lambda_.IEventSourceMapping, target_handler: lambda_.IFunction
    ) -> lambda_.DlqDestinationConfig:
        self._queue.grant(target_handler, "sqs:SendMessage")
        return lambda_.DlqDestinationConfig(destination=self._queue.queue_arn)


def _changes_of(sort_keys: Any) -> dict[str, Any]:
    """Return the pattern of changes of items with such sort keys.

    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html
    """
    return {"dynamodb": {"Keys": {SORT_KEY: {"S": sort_keys}}}}


class CompletionTopic(Construct):
    """A topic for completions (contract/notifications.py), encrypted and reachable over TLS only."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.topic = encrypted_topic(self)
