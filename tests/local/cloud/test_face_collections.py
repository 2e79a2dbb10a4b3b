"""The local Rekognition of a place keeps its collections there, of photos in the place's bucket."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3

from local.cloud.environment import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.conftest import RunningCloud


def test_a_photo_of_the_bucket_is_indexed_and_found_again(running: RunningCloud, photos: Path) -> None:
    outputs, name = running.outputs, f"faces-{uuid4().hex}"
    rekognition: Any = boto3.client(
        "rekognition",
        endpoint_url=outputs.rekognition_url,
        region_name=outputs.region,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
    )
    images = {}
    for photo in ("grace_hopper.jpg", "grace_hopper_turned.jpg", "astronaut.jpg"):
        images[photo] = {"S3Object": {"Bucket": outputs.bucket, "Name": f"{name}/{photo}"}}
        running.clients.s3.upload_file(str(photos / photo), outputs.bucket, f"{name}/{photo}")
    rekognition.create_collection(CollectionId=name)
    try:
        for photo in ("grace_hopper.jpg", "astronaut.jpg"):
            rekognition.index_faces(CollectionId=name, Image=images[photo], ExternalImageId=photo)

        found = rekognition.search_faces_by_image(CollectionId=name, Image=images["grace_hopper_turned.jpg"])

        assert [match["Face"]["ExternalImageId"] for match in found["FaceMatches"]] == ["grace_hopper.jpg"]
        assert running.environment.collections_file.is_file()
    finally:
        rekognition.delete_collection(CollectionId=name)
