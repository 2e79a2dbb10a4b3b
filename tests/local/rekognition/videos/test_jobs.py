"""Jobs on videos as AWS has them: limits, tokens, pages, completions, and the faults that tests switch on."""

import json
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.rekognition.canned import CannedRecognition
from local.rekognition.faces.store import FaceStore
from local.rekognition.request import ObjectPlace
from local.rekognition.service import RekognitionService, application
from local.rekognition.videos.backend import WithVideos
from local.rekognition.videos.completions import Faults
from local.rekognition.videos.door import video_routes
from local.rekognition.videos.jobs import JOBS_AT_ONCE, KEPT_SECONDS, VideoJobs
from local.rekognition.videos.looking import CannedVideos
from local.rekognition.videos.objects import S3VideoObjects
from tests.local.rekognition.asgi import PORT, Http
from tests.local.rekognition.faces.conftest import MODEL, Clock, client_of

TOPIC = "arn:aws:sns:us-east-1:000000000000:AmazonRekognition-films"
CHANNEL = {"SNSTopicArn": TOPIC, "RoleArn": "arn:aws:iam::000000000000:role/films"}
GETS = {
    "start_label_detection": "get_label_detection",
    "start_content_moderation": "get_content_moderation",
    "start_text_detection": "get_text_detection",
    "start_face_search": "get_face_search",
}


def video(key: str = "film.mp4") -> dict[str, Any]:
    return {"S3Object": {"Bucket": "photos", "Name": key}}


class Place:
    """A local Rekognition with canned answers, in this process."""

    def __init__(self, seconds: float = 30.0) -> None:
        self.clock = Clock()
        self.told: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
        self.collections = FaceStore()
        self.jobs = VideoJobs(
            CannedVideos(self.collections, seconds),
            None,
            lambda topic, message: self.told.put((topic, json.loads(message))),
            self.collections,
            clock=self.clock,
        )
        backend = WithVideos(CannedRecognition(collections=self.collections), self.jobs)
        self.service = RekognitionService(backend, MODEL)
        self.http = Http(application(self.service, PORT, more_routes=video_routes(self.jobs)))
        self.client = client_of(self.http)

    def done(self, start: str = "start_label_detection", **request: Any) -> str:
        """Start a job, and return its id when its end was told."""
        started = getattr(self.client, start)(Video=video(), NotificationChannel=CHANNEL, **request)
        job_id: str = started["JobId"]
        self.completion()
        return job_id

    def completion(self) -> dict[str, Any]:
        topic, message = self.told.get(timeout=20)
        assert topic == TOPIC
        return message

    def refusal(self, operation: str, **request: Any) -> str:
        with pytest.raises(self.client.exceptions.ClientError) as refused:
            getattr(self.client, operation)(**request)
        code: str = refused.value.response["Error"]["Code"]
        return code


@pytest.fixture
def place() -> Iterator[Place]:
    place = Place()
    yield place
    place.jobs.set_faults(Faults())


def test_the_end_of_a_job_is_told_in_the_form_of_aws(place: Place) -> None:
    started = place.client.start_label_detection(Video=video(), NotificationChannel=CHANNEL, JobTag="films")

    assert place.completion() == {
        "JobId": started["JobId"],
        "Status": "SUCCEEDED",
        "API": "StartLabelDetection",
        "JobTag": "films",
        "Timestamp": round(place.clock() * 1000),
        "Video": {"S3ObjectName": "film.mp4", "S3Bucket": "photos"},
    }


def test_twenty_jobs_are_open_at_once_and_one_more_when_one_has_ended(place: Place) -> None:
    place.jobs.set_faults(Faults(holds=True))
    for number in range(JOBS_AT_ONCE):
        place.client.start_text_detection(Video=video(f"{number}.mp4"), NotificationChannel=CHANNEL)

    assert place.refusal("start_label_detection", Video=video()) == "LimitExceededException"
    place.http.get("/_local/settings?region=eu-west-1")  # a region of its own from now on
    assert client_of(place.http, "eu-west-1").start_label_detection(Video=video())["JobId"]

    place.jobs.set_faults(Faults())
    place.completion()
    assert place.client.start_label_detection(Video=video())["JobId"]


def test_a_token_starts_one_job_however_often_it_is_used(place: Place) -> None:
    request: dict[str, Any] = {"Video": video(), "ClientRequestToken": "a-1", "MinConfidence": 60}

    ids = {place.client.start_label_detection(**request)["JobId"] for _ in range(3)}

    assert len(ids) == 1
    assert place.service.calls.report()["objects"] == {"StartLabelDetection": {"photos/film.mp4": 1}}
    other = {**request, "MinConfidence": 70}
    assert place.refusal("start_label_detection", **other) == "IdempotentParameterMismatchException"
    moderation = {"Video": video(), "ClientRequestToken": "a-1"}
    assert place.client.start_content_moderation(**moderation)["JobId"] not in ids


def test_results_come_in_pages_that_are_complete_and_in_order(place: Place) -> None:
    job_id = place.done()

    for order in ("TIMESTAMP", "NAME"):
        labels: list[Any] = []
        token: dict[str, str] = {}
        pages = 0
        while True:
            page = place.client.get_label_detection(JobId=job_id, SortBy=order, MaxResults=70, **token)
            labels += page["Labels"]
            pages += 1
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        assert (len(labels), pages) == (600, 9)
        keys = [(one["Timestamp"] if order == "TIMESTAMP" else one["Label"]["Name"]) for one in labels]
        assert keys == sorted(keys)


def test_no_page_has_more_than_a_thousand_results(place: Place) -> None:
    place.jobs.look = CannedVideos(place.collections, 90.0)

    page = place.client.get_label_detection(JobId=place.done(), MaxResults=5000)

    assert len(page["Labels"]) == 1000
    assert "NextToken" in page


def test_segments_cover_what_the_timestamps_show(place: Place) -> None:
    job_id = place.done()

    by_time = place.client.get_label_detection(JobId=job_id)["Labels"]
    segments = place.client.get_label_detection(JobId=job_id, AggregateBy="SEGMENTS")["Labels"]

    assert len(segments) < len(by_time) / 4
    for one in by_time:
        covering = [
            each
            for each in segments
            if each["Label"]["Name"] == one["Label"]["Name"]
            and each["StartTimestampMillis"] <= one["Timestamp"] < each["EndTimestampMillis"]
        ]
        assert len(covering) == 1
        assert covering[0]["Label"]["Confidence"] >= one["Label"]["Confidence"]
        assert covering[0]["Timestamp"] == covering[0]["StartTimestampMillis"]


def test_faces_are_searched_among_those_of_the_collection(place: Place) -> None:
    place.client.create_collection(CollectionId="known")
    shown = {"S3Object": {"Bucket": "photos", "Name": "film.mp4 0"}}
    for number in range(8):
        shown["S3Object"]["Name"] = f"film.mp4 {number}"
        place.client.index_faces(CollectionId="known", Image=shown, ExternalImageId=f"p{number}")

    found = place.client.get_face_search(
        JobId=place.done("start_face_search", CollectionId="known"), SortBy="INDEX"
    )

    matched = [one["FaceMatches"][0]["Face"]["ExternalImageId"] for one in found["Persons"]]
    assert matched
    indexes = [one["Person"]["Index"] for one in found["Persons"]]
    assert indexes == sorted(indexes)
    assert {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"} >= found["Persons"][0]["Person"][
        "Face"
    ].keys()
    refused = place.refusal("start_face_search", Video=video(), CollectionId="nobody")
    assert refused == "ResourceNotFoundException"


@pytest.mark.parametrize("start", [start for start in GETS if start != "start_face_search"])
def test_an_answer_has_what_the_service_model_names(place: Place, start: str) -> None:
    answer = getattr(place.client, GETS[start])(JobId=place.done(start))  # client_of checks the names

    assert answer["JobStatus"] == "SUCCEEDED"
    assert answer["VideoMetadata"]["DurationMillis"] == 30_000


def test_a_job_that_fails_says_so_and_has_no_results(place: Place) -> None:
    place.jobs.set_faults(Faults(fails="Unsupported codec/format."))
    place.client.start_label_detection(Video=video(), NotificationChannel=CHANNEL)
    told = place.completion()

    answer = place.client.get_label_detection(JobId=told["JobId"])

    assert told["Status"] == answer["JobStatus"] == "FAILED"
    assert answer["StatusMessage"] == "Unsupported codec/format."
    assert "Labels" not in answer


def test_completions_come_twice_or_never_or_late_when_they_are_told_to(place: Place) -> None:
    answered = place.http.send("PUT", "/_local/videos", b'{"copies": 2}')
    assert answered.json()["faults"]["copies"] == 2
    twice = place.done()
    assert place.completion()["JobId"] == twice

    place.http.send("PUT", "/_local/videos", b'{"copies": 0}')
    lost = place.client.start_label_detection(Video=video(), NotificationChannel=CHANNEL)["JobId"]
    place.http.send("PUT", "/_local/videos", b'{"late_seconds": 0.05}')
    seen = {place.done(), lost}
    assert place.told.empty()
    assert {each["id"] for each in place.http.get("/_local/videos")["jobs"]} == seen | {twice}


@pytest.mark.parametrize("wanted", [b"[]", b"{", b'{"copies": -1}', b'{"copies": true}', b'{"what": 1}'])
def test_faults_that_are_none_are_refused(place: Place, wanted: bytes) -> None:
    assert place.http.send("PUT", "/_local/videos", wanted).status == 400
    assert place.jobs.faults == Faults()


def test_results_are_gone_after_seven_days_and_the_token_with_them(place: Place) -> None:
    job_id = place.done(ClientRequestToken="t")
    place.clock.now += KEPT_SECONDS + 1

    assert place.refusal("get_label_detection", JobId=job_id) == "ResourceNotFoundException"
    assert place.done(ClientRequestToken="t") != job_id


def test_a_job_is_asked_for_by_its_own_operation_with_its_own_tokens(place: Place) -> None:
    job_id, other = place.done(), place.done()

    assert place.refusal("get_text_detection", JobId=job_id) == "ResourceNotFoundException"
    assert place.refusal("get_label_detection", JobId="unknown") == "ResourceNotFoundException"
    token = place.client.get_label_detection(JobId=other, MaxResults=5)["NextToken"]
    refused = place.refusal("get_label_detection", JobId=job_id, NextToken=token)
    assert refused == "InvalidPaginationTokenException"
    assert place.refusal("start_label_detection", Video={}) == "InvalidParameterException"


class TooLarge(S3VideoObjects):
    def __init__(self) -> None: ...

    def size(self, place: ObjectPlace) -> int:
        return 10 * 1024**3 + 1

    def download(self, place: ObjectPlace, path: Path) -> None:
        raise AssertionError(path)


def test_more_than_ten_gigabytes_are_refused_before_there_is_a_job(place: Place) -> None:
    place.jobs.objects = TooLarge()

    assert place.refusal("start_label_detection", Video=video()) == "VideoTooLargeException"
    assert place.http.get("/_local/videos")["jobs"] == []
