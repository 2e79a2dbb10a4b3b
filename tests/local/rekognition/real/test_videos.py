"""What jobs find in real films, and how their end is told."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from loadtest.h264 import IMAGES, film, other_codec
from tests.local.rekognition.real.conftest import BUCKET, REGION, Running, StartRekognition
from tests.local.rekognition.real.shapes import strange_in

ROLE = f"arn:aws:iam::000000000000:role/{REGION}-films"
Rekognition = Any


@pytest.fixture(scope="module")
def looking(start_rekognition: StartRekognition, s3_running: Running) -> Iterator[Rekognition]:
    with start_rekognition("--s3-endpoint", s3_running.url, "--sns-endpoint", s3_running.url) as server:
        yield server.client("rekognition")


class Ends:
    """The completions of jobs, from a queue."""

    def __init__(self, running: Running) -> None:
        sns, self._sqs = running.client("sns"), running.client("sqs")
        self.channel = {
            "SNSTopicArn": sns.create_topic(Name="AmazonRekognition-ends")["TopicArn"],
            "RoleArn": ROLE,
        }
        self._queue = self._sqs.create_queue(QueueName="ends")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        arn = attributes["Attributes"]["QueueArn"]
        sns.subscribe(
            TopicArn=self.channel["SNSTopicArn"],
            Protocol="sqs",
            Endpoint=arn,
            Attributes={"RawMessageDelivery": "true"},
        )

    def wait(self, *job_ids: str) -> dict[str, dict[str, Any]]:
        """Return the completions of jobs, when all have ended."""
        ended: dict[str, dict[str, Any]] = {}
        for _ in range(40):
            answer = self._sqs.receive_message(
                QueueUrl=self._queue, WaitTimeSeconds=2, MaxNumberOfMessages=10
            )
            for message in answer.get("Messages", []):
                said = json.loads(message["Body"])
                ended[said["JobId"]] = said
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
            if ended.keys() >= set(job_ids):
                return ended
        raise AssertionError(f"of {job_ids}, {list(ended)} have ended")


@pytest.fixture(scope="module")
def ends(s3_running: Running) -> Ends:
    return Ends(s3_running)


def test_a_film_of_two_scenes_is_looked_at_by_each_kind_of_job(
    looking: Rekognition, s3: Any, ends: Ends
) -> None:
    s3.put_object(
        Bucket=BUCKET, Key="two.mp4", Body=film([("horse.jpg", 4), ("grace_hopper.jpg", 4)], size=(480, 368))
    )
    looking.create_collection(CollectionId="film")
    face = looking.index_faces(
        CollectionId="film",
        Image={"Bytes": (IMAGES / "grace_hopper_turned.jpg").read_bytes()},
        ExternalImageId="hopper",
    )
    common = {
        "Video": {"S3Object": {"Bucket": BUCKET, "Name": "two.mp4"}},
        "NotificationChannel": ends.channel,
    }
    jobs = {
        "label_detection": looking.start_label_detection(**common)["JobId"],
        "content_moderation": looking.start_content_moderation(**common)["JobId"],
        "text_detection": looking.start_text_detection(**common)["JobId"],
        "face_search": looking.start_face_search(**common, CollectionId="film")["JobId"],
    }

    ended = ends.wait(*jobs.values())
    answers = {name: getattr(looking, f"get_{name}")(JobId=job_id) for name, job_id in jobs.items()}
    segments = looking.get_label_detection(JobId=jobs["label_detection"], AggregateBy="SEGMENTS")["Labels"]

    assert {said["Status"] for said in ended.values()} == {"SUCCEEDED"}
    for name, answer in answers.items():
        shape = looking.meta.service_model.operation_model(f"Get{name.title().replace('_', '')}").output_shape
        answer.pop("ResponseMetadata")
        assert strange_in(answer, shape) == []
        assert answer["VideoMetadata"]["DurationMillis"] == 4000
    (horse,) = [one for one in segments if one["Label"]["Name"] == "Horse"]
    assert (horse["StartTimestampMillis"], horse["EndTimestampMillis"]) == (0, 2000)
    seen = [one for one in answers["face_search"]["Persons"] if "FaceMatches" in one]
    assert [one["Timestamp"] for one in seen] == [2000, 2500, 3000, 3500]
    assert {one["FaceMatches"][0]["Face"]["FaceId"] for one in seen} == {
        face["FaceRecords"][0]["Face"]["FaceId"]
    }


def test_another_codec_fails_with_the_words_of_aws(looking: Rekognition, s3: Any, ends: Ends) -> None:
    s3.put_object(Bucket=BUCKET, Key="other.mp4", Body=other_codec())
    job_id = looking.start_label_detection(
        Video={"S3Object": {"Bucket": BUCKET, "Name": "other.mp4"}}, NotificationChannel=ends.channel
    )["JobId"]

    assert ends.wait(job_id)[job_id]["Status"] == "FAILED"
    assert looking.get_label_detection(JobId=job_id)["StatusMessage"] == "Unsupported codec/format."


def test_an_object_that_is_not_there_starts_no_job(looking: Rekognition, s3: Any) -> None:
    with pytest.raises(looking.exceptions.InvalidS3ObjectException):
        looking.start_label_detection(Video={"S3Object": {"Bucket": BUCKET, "Name": "nothing.mp4"}})
