"""The tally put together, once for each Lambda environment, by its entry; the audit, when it is asked for."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from aws.calls import TableBatches
from contract.environment import load
from contract.errors import ConfigurationError
from contract.metrics import TallyMetric
from contract.moments import to_text
from contract.notifications import look_again
from contract.settings import TallySettings
from contract.tallies import AUDIT_EVENT
from processors.adapters.calls import PATIENT_ATTEMPTS, clients, retry_policy, translated
from processors.adapters.dynamodb_counting import CountingTable
from processors.counting.contents import ContentNames
from processors.counting.label_counter import LabelCounter, changed_keys, recount
from processors.counting.renditions import RENDITIONS, RenditionSweep, left_by_pictures
from processors.telemetry import Log

if TYPE_CHECKING:
    from processors.counting.auditing import Audit
    from processors.counting.late_corrections import LateCorrections

Answering = Callable[[dict[str, Any], Any], dict[str, Any]]
Count = Callable[[TallyMetric, int], None]

# The audit's reads of one page of keys, a hundred each, go side by side; so do those of a sweep.
READS_AT_ONCE = 10


def build() -> Answering:
    """Build what answers events. Raises SettingsError naming everything that is missing."""
    settings = load(TallySettings, os.environ)
    (client,) = clients("dynamodb")
    table = CountingTable(client, settings.table_name)

    sweeping = partial(build_sweep, settings) if settings.renditions_bucket else None
    late = build_late_corrections(settings, table) if settings.corrected_queue_url else None
    return assemble(table, Logger(), Metrics(), partial(build_audit, settings), sweeping, late=late)


def build_sweep(settings: TallySettings, log: Log) -> RenditionSweep:
    """Build what removes renditions, when there is something for it to do."""
    from processors.adapters.renditions import RenditionBucket, rendition_makers

    s3, dynamodb = clients("s3", "dynamodb", connections=READS_AT_ONCE)
    return RenditionSweep(
        bucket=RenditionBucket(s3, settings.renditions_bucket),
        makers=partial(rendition_makers, dynamodb, settings.table_name),
        retry=retry_policy(attempts=PATIENT_ATTEMPTS),
        executor=ThreadPoolExecutor(READS_AT_ONCE),
        log=log,
    )


def build_late_corrections(settings: TallySettings, table: CountingTable) -> "LateCorrections":
    """Build what asks for photos that lack what people say of them. It makes its client when there is one."""
    from processors.adapters.messaging import ask_to_look
    from processors.counting.late_corrections import LateCorrections

    client = cache(lambda: clients("sqs")[0])
    retry = retry_policy(attempts=PATIENT_ATTEMPTS)

    def ask(keys: Sequence[str]) -> None:
        body = look_again(settings.corrected_bucket, list(keys), to_text(time.time()))
        ask_to_look(client(), settings.corrected_queue_url, body, retry)

    return LateCorrections(table, retry, ask)


def build_audit(settings: TallySettings, count: Count, log: Log) -> "Audit":
    """Build the audit. Raise ConfigurationError where the deployment has none.

    Its parts are imported when it is asked for, for most starts of the tally are for the stream.
    """
    from processors.adapters.audits import DynamoDBAudits, listed_photos, photos_waiting
    from processors.counting.auditing import Audit

    if not settings.bucket_name:
        raise ConfigurationError("NoAudit", "this deployment has no audit: deploy with -c daily_check=true")
    dynamodb, s3, sqs = clients("dynamodb", "s3", "sqs", connections=READS_AT_ONCE)
    retry = retry_policy(attempts=PATIENT_ATTEMPTS)
    batches = TableBatches(
        dynamodb, settings.table_name, translated, retry, ThreadPoolExecutor(READS_AT_ONCE)
    )
    return Audit(
        page=partial(listed_photos, s3, settings.bucket_name, keys=settings.keys),
        store=DynamoDBAudits(batches),
        waiting=partial(photos_waiting, sqs, settings.live_queue_urls, settings.bulk_queue_urls),
        retry=retry,
        count=count,
        log=log,
        clock=time.time,
    )


def assemble(
    table: CountingTable,
    logger: Logger,
    metrics: Metrics,
    new_audit: "Callable[[Count, Log], Audit]",
    new_sweep: Callable[[Log], RenditionSweep] | None = None,
    *,
    late: "LateCorrections | None" = None,
) -> Answering:
    """Put together what answers: changes of the table, the schedule of audits, or whoever runs it.

    The latter asks with `{"recount": true}` or `{"audit": "now"}`. There is nothing to sweep where no
    renditions are made, and nothing `late` where nobody corrects photos.
    """

    def count(what: TallyMetric, by: int) -> None:
        metrics.add_metric(name=what, unit=MetricUnit.Count, value=by)

    retry = retry_policy(attempts=PATIENT_ATTEMPTS)
    contents = ContentNames(table, retry, time.time)
    log = cast("Log", logger)
    tally = LabelCounter(table, contents, retry, count, log, time.time, late)
    sweep = None if new_sweep is None else cache(partial(new_sweep, log))

    def count_anew(event: dict[str, Any], seconds_left: Callable[[], float]) -> dict[str, Any]:
        """Count all there is, then look through all renditions; go on where the cursor says."""
        cursor = event.get("cursor") or {}
        answer: dict[str, Any] = {"looked_at": 0, "changed": 0, "passed_over": 0, "cursor": None}
        if cursor.get("of") != RENDITIONS:
            answer = recount(tally, event, seconds_left)
        if sweep is not None and answer["cursor"] is None:
            answer |= sweep().sweep_all(str(cursor.get("after", "")), seconds_left)
        return answer

    def work(event: dict[str, Any], context: Any) -> dict[str, Any]:
        def seconds_left() -> float:
            return float(context.get_remaining_time_in_millis() / 1000)

        answer: dict[str, Any] = {"changed": 0}
        try:
            if "recount" in event:
                answer = count_anew(event, seconds_left)
            elif AUDIT_EVENT in event:
                answer |= new_audit(count, log).answer(event[AUDIT_EVENT], seconds_left)
            else:
                answer["changed"] = tally.bring_in_line(changed_keys(event))
                if sweep is not None and (contents_left := left_by_pictures(event)):
                    answer["renditions_removed"] = sweep().sweep(contents_left)
        finally:
            count(TallyMetric.IMAGES_TALLIED, answer["changed"])
        return answer

    return cast("Answering", logger.inject_lambda_context(metrics.log_metrics(work)))
