"""The composition root: everything is made here, once for each Lambda environment, by its entry."""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import botocore.session
from aws_lambda_powertools import Logger

from aws.calls import TableBatches
from aws.retries import RetryPolicy
from contract.detectors import MAX_S3_IMAGE_BYTES, OPERATIONS
from contract.environment import load
from contract.meaning import MEANING, MEANING_SEEN, MEANINGS_AT_ONCE, PICTURE_VECTORS_AT_ONCE
from contract.photos import MAX_FILM_BYTES, MAX_PHOTO_BYTES, PICTURE
from contract.questions import wanted_fingerprints
from contract.quotas import PICTURES_AT_ONCE, SLICES_AT_ONCE
from contract.regions import split_line
from contract.settings import ProcessorSettings, policy_of
from contract.timing import FILM_TIMEOUT_SECONDS, MEANING_TIMEOUT_SECONDS, PICTURE_TIMEOUT_SECONDS
from processors.adapters import calls
from processors.adapters.dynamodb import ImageTable
from processors.adapters.dynamodb_counters import DynamoDBAttempts, DynamoDBDailyCounters, DynamoDBRateLimits
from processors.adapters.messaging import SnsTopic, SqsQueues
from processors.adapters.rekognition import RekognitionDetectors
from processors.adapters.s3 import S3Objects
from processors.batch import ImageBatch, Worker
from processors.detectors import Detector, chosen
from processors.messages import Attempts, FailedMessages
from processors.permits import Permits
from processors.pipeline.commit import Committer, Publisher
from processors.pipeline.detection import Caller, DetectorRunner, MeaningPort, RekognitionPort, TimeToRead
from processors.pipeline.pipeline import Pipeline
from processors.pipeline.recognition import Recognizer
from processors.pipeline.triage import Triage
from processors.rate_limit import Lane, SharedRateLimiter
from processors.runtime import Deadline, Runtime
from processors.telemetry import Log, Metrics, PowertoolsMetrics

if TYPE_CHECKING:
    from processors.adapters.pictures import PicturesFunction
    from processors.pipeline.block_tags import BlockTags
    from processors.pipeline.cameras import CameraLayer
    from processors.pipeline.corrections import CorrectionLayer
    from processors.pipeline.film_jobs import FilmJobRecognizer
    from processors.pipeline.films import FilmRecognizer
    from processors.pipeline.later_vectors import LaterVectors
    from processors.pipeline.people import PersonLayer


def build() -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Build what answers events. Raises SettingsError naming everything that is missing."""
    settings = load(ProcessorSettings, os.environ)
    runtime, aws = Runtime(), clients(settings)
    log, metrics = Logger(), PowertoolsMetrics()
    daily_counters = DynamoDBDailyCounters(aws.dynamodb, settings.table_name, runtime.now)
    latency = metrics.add_latency if settings.latency == "yes" else None
    batch = assemble(settings, aws, metrics, cast("Log", log), runtime, latency=latency)
    return Worker(batch, metrics, daily_counters, log).answer


def clients(settings: ProcessorSettings) -> "Clients":
    """Make the clients: one attempt each, for retrying is our own policy's, and short time-outs.

    Each keeps as many connections as there are threads that may use it: those of all detectors call
    Rekognition, and those, beside the ones for everything else, the table and the bucket. With fewer, a call
    over their number would make a connection of its own, and botocore a line in the log.
    """
    callers = settings.concurrent_calls * len(settings.every_detector)
    everyone = callers + settings.concurrent_calls
    session = botocore.session.get_session()

    def client(service: str, connections: int) -> Any:
        return session.create_client(service, config=calls.lambda_config(connections=connections))

    pictures = None
    if settings.pictures_function or settings.meaning_function or settings.sees_meaning:
        seconds = (FILM_TIMEOUT_SECONDS if settings.films_function else PICTURE_TIMEOUT_SECONDS) + 2
        connections = _read_at_once(settings) if settings.pictures_function else 0
        connections += MEANINGS_AT_ONCE if settings.meaning_function else 0
        connections += PICTURE_VECTORS_AT_ONCE if settings.sees_meaning else 0
        config = calls.lambda_config(connections=connections, read_seconds=seconds)
        pictures = session.create_client("lambda", config=config)
    abroad = {
        region: session.create_client("rekognition", region, config=calls.lambda_config(connections=callers))
        for region in dict.fromkeys(split_line(line)[0] for line in settings.regional_quotas)
    }
    return Clients(
        dynamodb=client("dynamodb", everyone),
        rekognition=client("rekognition", callers),
        s3=client("s3", everyone),
        sns=client("sns", settings.concurrent_calls),
        sqs=client("sqs", settings.concurrent_calls),
        functions=pictures,
        abroad=abroad,
        region=session.get_config_variable("region") or "",
    )


@dataclass(frozen=True)
class Clients:
    """The boto3 clients of a worker, each making one attempt a call. `functions` is for functions of ours.

    `abroad` are Rekognition's of other regions, by region; `region` is the one where the worker runs.
    """

    dynamodb: Any
    rekognition: Any
    s3: Any
    sns: Any
    sqs: Any
    functions: Any = None
    abroad: Mapping[str, Any] = field(default_factory=dict)
    region: str = ""


def assemble(
    settings: ProcessorSettings,
    aws: Clients,
    metrics: Metrics,
    log: Log,
    runtime: Runtime,
    *,
    latency: Callable[[float], None] | None = None,
) -> ImageBatch:
    retry, executor = calls.retry_policy(runtime.sleep), runtime.new_executor(settings.concurrent_calls)
    name = settings.table_name
    batches = TableBatches(aws.dynamodb, name, calls.translated, retry, executor)
    table = ImageTable(batches, calls.retry_policy(runtime.sleep, calls.PATIENT_ATTEMPTS), runtime.clock)
    objects = S3Objects(aws.s3, settings.bucket_name, retry)
    queues = SqsQueues(aws.sqs, settings.dead_letter_queue_urls(), retry)
    detectors = chosen(settings)
    budgets = DynamoDBRateLimits(aws.dynamodb, name, calls.retry_policy(runtime.sleep, calls.BRIEF_ATTEMPTS))

    # Detectors that ask one operation each have a limiter, for they are asked side by side, and one line.
    asking = Counter(OPERATIONS[name] for name in settings.every_detector)

    def limiter(line: str, quota: float, daily_limit: int | None = None) -> SharedRateLimiter:
        share = quota / settings.workers / (asking[split_line(line)[1]] or 1)
        return SharedRateLimiter(line, quota, share, budgets, runtime.clock, metrics, log, daily_limit)

    at_home = RekognitionDetectors(
        aws.rekognition, settings.bucket_name, retry, metrics, settings.renditions_bucket
    )
    rekognition: RekognitionPort = at_home
    regions = None
    if settings.regional_quotas:
        from processors.regional_wiring import Regions

        regions = Regions(settings, aws, limiter, runtime)
        rekognition = regions.rekognition(at_home, log)

    def line(operation: str) -> SharedRateLimiter:
        limit = settings.daily_call_limits.get(operation)
        return limiter(operation, settings.quotas[operation], None if limit is None else int(limit))

    def in_line(detector: Detector, home: SharedRateLimiter, threads: int) -> Caller:
        def permits(lane: Lane, shown: Sequence[int], deadline: Deadline) -> Permits:
            clock, sleep, spread = runtime.clock, runtime.sleep, runtime.spread
            return Permits(home, lane, len(shown), deadline, runtime.new_lock(), clock, sleep, spread)

        return Caller(detector, runtime.new_executor(threads), permits)

    def caller(detector: Detector) -> Caller:
        """Make what calls for a detector: with threads of its own, for one that waits holds up no other."""
        if detector.name == PICTURE:
            readers = runtime.new_executor(_read_at_once(settings))
            longest = FILM_TIMEOUT_SECONDS if settings.films_function else PICTURE_TIMEOUT_SECONDS
            return Caller(detector, readers, lambda _lane, _photos, deadline: TimeToRead(deadline, longest))
        if detector.name == MEANING:
            askers = runtime.new_executor(MEANINGS_AT_ONCE)
            seconds = MEANING_TIMEOUT_SECONDS
            return Caller(detector, askers, lambda _lane, _photos, deadline: TimeToRead(deadline, seconds))
        operation = detector.question.operation
        home = line(operation)
        if regions is not None and (regional := regions.permits(home, operation)) is not None:
            return Caller(detector, runtime.new_executor(settings.concurrent_calls), regional)
        is_seen = detector.name == MEANING_SEEN
        return in_line(detector, home, PICTURE_VECTORS_AT_ONCE if is_seen else settings.concurrent_calls)

    runner = DetectorRunner(
        callers={name: caller(detector) for name, detector in detectors.items()},
        rekognition=rekognition,
        objects=objects,
        results=table,
        metrics=metrics,
        runtime=runtime,
        pictures=_pictures(settings, aws, retry),
        meanings=_meanings(settings, aws, retry, metrics),
    )
    has_scenes = settings.scenes == "yes" and PICTURE in detectors
    wanted, is_shared = wanted_fingerprints(settings), settings.answers_are_shared
    films = _films(settings, aws, detectors, table, runner)
    cameras = _cameras(settings, batches, metrics, runtime.clock)
    recognizer = Recognizer(detectors, wanted, table, runner, metrics, is_shared, has_scenes, films, cameras)
    corrections = _corrections(settings, table)
    people: PersonLayer | None = None
    if settings.people_collection:
        from processors.people_wiring import person_layer

        # Each thread may wait for the pictures function, which is asked by so many at once at most.
        people = person_layer(
            settings,
            at_home,
            runner,
            lambda search: in_line(search, line(search.question.operation), PICTURES_AT_ONCE),
            cast("FilmJobRecognizer", films) if settings.film_jobs else None,
        )
    pipeline = Pipeline(
        bucket_name=settings.bucket_name,
        bulk_queue_name=settings.bulk_queue_url.rsplit("/", 1)[1],
        triage=Triage(
            table,
            objects,
            executor,
            wanted,
            runtime.clock,
            has_scenes,
            settings.keys,
            corrections,
            films is not None,
            people,
            None if cameras is None else cameras.gate.cameras,
        ),
        recognizer=recognizer,
        committer=Committer(table),
        publisher=Publisher(
            SnsTopic(aws.sns, settings.topic_arn, retry),
            settings.bucket_name,
            metrics,
            policy_of(settings.policy),
        ),
        metrics=metrics,
        now=runtime.now,
        most_bytes=_most_bytes(settings),
        latency=latency,
        corrections=corrections,
        block_tags=_block_tags(settings, table, aws, retry, executor),
        people=people,
        later_vectors=_later_vectors(settings, aws, retry, runtime),
    )
    attempts = Attempts(DynamoDBAttempts(aws.dynamodb, name, retry, runtime.clock), log)
    failed_messages = FailedMessages(queues, attempts, metrics, log, runtime, pipeline.bulk_queue_name)
    return ImageBatch(pipeline, failed_messages, metrics, log)


def _most_bytes(settings: ProcessorSettings) -> int:
    if settings.films_function:
        return MAX_FILM_BYTES
    return MAX_PHOTO_BYTES if settings.pictures_function else MAX_S3_IMAGE_BYTES


def _read_at_once(settings: ProcessorSettings) -> int:
    return SLICES_AT_ONCE if settings.films_function else PICTURES_AT_ONCE


def _films(
    settings: ProcessorSettings,
    aws: Clients,
    detectors: Mapping[str, Detector],
    table: ImageTable,
    runner: DetectorRunner,
) -> "FilmRecognizer | FilmJobRecognizer | None":
    if not settings.films_function:
        return None
    from processors.pipeline.films import FilmRecognizer

    frames = FilmRecognizer(detectors, table, runner)
    if not settings.film_jobs:
        return frames
    from processors.adapters.film_jobs import DynamoDBOpenJobs, RekognitionJobs
    from processors.pipeline.film_jobs import FilmJobRecognizer

    retry, minutes = runner.objects.retry, settings.film_job_minutes_a_day
    return FilmJobRecognizer(
        frames=frames,
        detectors=detectors,
        kept=table,
        open_jobs=DynamoDBOpenJobs(aws.dynamodb, settings.table_name, retry),
        starting=RekognitionJobs(
            aws.rekognition,
            settings.bucket_name,
            settings.film_jobs_topic_arn,
            settings.film_jobs_role_arn,
            runner.objects,
        ),
        most=settings.film_jobs,
        daily_seconds=minutes * 60 if minutes else None,
        clock=runner.runtime.clock,
        now=runner.runtime.now,
    )


def _cameras(
    settings: ProcessorSettings, batches: TableBatches, metrics: Metrics, clock: Callable[[], float]
) -> "CameraLayer | None":
    if not settings.cameras:
        return None
    from contract.cameras import read_cameras
    from processors.adapters.cameras import DynamoDBScenes
    from processors.cameras.gate import CameraGate
    from processors.pipeline.cameras import CameraLayer

    gate = CameraGate(read_cameras(settings.cameras), DynamoDBScenes(batches, clock), metrics)
    return CameraLayer(gate, with_faces=bool(settings.people_collection))


def _corrections(settings: ProcessorSettings, table: ImageTable) -> "CorrectionLayer | None":
    if settings.corrections != "yes":
        return None
    from processors.pipeline.corrections import CorrectionLayer

    return CorrectionLayer(table)


def _block_tags(
    settings: ProcessorSettings, table: ImageTable, aws: Clients, retry: RetryPolicy, executor: Executor
) -> "BlockTags | None":
    policy = policy_of(settings.policy) if settings.block_tag == "yes" else None
    if policy is None:
        return None
    from aws.object_tags import ObjectTag
    from contract.block_tag import BLOCK_TAG
    from processors.adapters.block_tags import S3BlockTags
    from processors.adapters.renditions import RenditionBucket
    from processors.pipeline.block_tags import BlockTags

    tag = ObjectTag(aws.s3, *BLOCK_TAG, calls.translated, retry)
    renditions = RenditionBucket(aws.s3, settings.renditions_bucket)
    tags = S3BlockTags(tag, settings.bucket_name, renditions, retry)
    return BlockTags(policy, table, tags, executor)


def _meanings(
    settings: ProcessorSettings, aws: Clients, retry: RetryPolicy, metrics: Metrics
) -> Mapping[str, MeaningPort]:
    if not settings.meaning_function and not settings.sees_meaning:
        return {}
    from processors.adapters.meaning import MeaningFunction, SeeingFunction

    made: dict[str, MeaningPort] = {}
    if settings.meaning_function:
        policy = policy_of(settings.policy)
        made[MEANING] = MeaningFunction(aws.functions, settings.meaning_function, retry, policy)
    if settings.sees_meaning:
        once = calls.retry_policy(attempts=1)
        made[MEANING_SEEN] = SeeingFunction(aws.functions, settings.seeing_function, retry, once, metrics)
    return made


def _later_vectors(
    settings: ProcessorSettings, aws: Clients, retry: RetryPolicy, runtime: Runtime
) -> "LaterVectors | None":
    if not (settings.meaning_function and settings.sees_meaning):
        return None
    from processors.adapters.messaging import ask_to_look
    from processors.pipeline.later_vectors import LaterVectors

    url = settings.bulk_queue_url
    return LaterVectors(
        settings.bucket_name, lambda body: ask_to_look(aws.sqs, url, body, retry), runtime.now
    )


def _pictures(settings: ProcessorSettings, aws: Clients, retry: RetryPolicy) -> "PicturesFunction | None":
    if not settings.pictures_function:
        return None
    from processors.adapters.pictures import PicturesFunction

    return PicturesFunction(aws.functions, settings.pictures_function, retry, settings.films_function)
