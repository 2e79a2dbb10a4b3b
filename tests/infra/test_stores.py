"""Each store of the stack is in docs/privacy.md, with what removes photos from it: a new one fails here."""

import pytest

from infra.bundles import ROOT
from tests.infra.conftest import EVERYTHING, Synthesize
from tests.infra.template import Template

PRIVACY = ROOT / "docs" / "privacy.md"
KINDS = (
    "AWS::S3::Bucket",
    "AWS::DynamoDB::Table",
    "AWS::SQS::Queue",
    "AWS::SNS::Topic",
    "AWS::Logs::LogGroup",
    "AWS::Kinesis::Stream",
    "AWS::KinesisFirehose::DeliveryStream",
    "AWS::EFS::FileSystem",
    "AWS::S3Vectors::VectorBucket",
    "AWS::Rekognition::Collection",
    "AWS::Cognito::UserPool",
    "AWS::Events::Archive",
)
# How logical ids begin, and what the page says of it, in its own words.
NAMED = {
    "IntakeBucket": "| the photo | bucket |",
    "PicturesRenditions": "| bucket of renditions;",
    "StoreTable": "| record: key, ETag, times, labels, words, number of faces | table,",
    "IntakeImagesQueue": "| queues `images` and `bulk` |",
    "IntakeBulkQueue": "| queues `images` and `bulk` |",
    "IntakeImagesDeadLetters": "| dead letters: keys, reasons | their queues |",
    "IntakeBulkDeadLetters": "| dead letters: keys, reasons | their queues |",
    "TallyingDeadLetters": "| the tally's dead letters |",
    "AlertsTopic": "| alerts: keys, why they matched | SNS, the topic of alerts |",
    "AlertsQueue": "| queue of alerts |",
    "AlertsDeadLetters": "| the alerts' dead letters |",
    "AlertsAlertingLogs": "| log lines: keys, in reports of failures | CloudWatch |",
    "CamerasTopic": "| events of cameras: labels, times, the key of the best picture | SNS, the topic of "
    "cameras |",
    "CamerasQueue": "| queue of cameras |",
    "CamerasDeadLetters": "| the cameras' dead letters |",
    "CamerasTellingLogs": "| log lines: keys, in reports of failures | CloudWatch |",
    "PeopleUpkeepLogs": "| log lines of persons who are forgotten: ids that are no names, purpose, day",
    "CompletionsTopic": "| SNS, and whoever subscribes |",
    "AlarmTopic": "| alarms: numbers, no keys | SNS |",
    "ProcessingProcessorLogs": "| log lines: keys, in reports of failures | CloudWatch |",
    "TallyingTallyLogs": "| log lines: keys, in reports of failures | CloudWatch |",
    "AnswersQueryLogs": "| log lines: keys, in reports of failures | CloudWatch |",
    "OperatorLogs": "| log lines: keys, in reports of failures | CloudWatch |",
    "EditorLogs": "| log lines of corrections: key, what was said, and who said it",
    "FilmJobsTopic": "| ends of jobs: keys of films (with `video=jobs`) | SNS, and the queue of ends |",
    "FilmJobsQueue": "| ends of jobs: keys of films (with `video=jobs`) | SNS, and the queue of ends |",
    "FilmJobsDeadLetters": "what could not be is among their dead letters for 14 days",
    "FilmJobsEndsLogs": "| log lines: keys, in reports of failures | CloudWatch |",
    "FilmsLogs": "| log lines: keys, in reports of failures | CloudWatch |",
    "MeaningLogs": "| log lines: keys, in reports of failures | CloudWatch |",
    "PicturesLogs": "| log lines: keys, in reports of failures | CloudWatch |",
    "AnswersAccessLog": "| CloudWatch, with `access_logs` |",
    "AnswersSignInPeople": "| people who may sign in: e-mail addresses | Cognito, with `sign_in` |",
    "BucketLogsBucket": "| bucket of logs, with `access_logs` |",
}


@pytest.mark.parametrize("context", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_every_store_is_named_where_people_read_what_is_kept(
    synthesized: Synthesize, context: dict[str, object]
) -> None:
    page = PRIVACY.read_text()
    template = Template.of(synthesized(context))
    for kind in KINDS:
        for store in template.all(kind):
            beginning = next((each for each in NAMED if store.startswith(each)), None)
            assert beginning is not None, (
                f"{store} ({kind}) is new: say in docs/privacy.md what of a photo is in it, how long, and "
                "what removes it; have `imagepipe forget` remove it, or say there why not; then name it here"
            )
            assert NAMED[beginning] in page, f"docs/privacy.md says nothing of {store}"
