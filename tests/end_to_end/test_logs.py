"""What functions log: keys, by design, and nothing that a photo shows, says of itself, or can be seen by."""

import io
import re
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from PIL import Image

from tests.conftest import RunningCloud
from tests.end_to_end.conftest import Site, client_of

# Each stands for what has no place in a log.
CAMERA, CAPTION, ARTIST = "Marked Camera 7", "a caption of Marie Curie", "Marie Curie"
ASKED = "zebracrossing"
KEY = "logs/a key that may be logged.jpg"
BROKEN = "logs/broken.jpg"


def marked(photo: Path) -> bytes:
    """Give a photo whose file says who made it, with what, and what it shows."""
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x0110] = CAPTION, ARTIST, CAMERA
    made = io.BytesIO()
    Image.open(photo).save(made, "JPEG", exif=exif)
    return made.getvalue()


@pytest.fixture(scope="module")
def logged(site: Site, photos: Path) -> str:
    """Give all that MiniStack and the functions said, after photos and questions with marks in them."""
    site.put(KEY, marked(photos / "grace_hopper.jpg"))
    site.put(BROKEN, b"\xff\xd8\xff\xe0 no picture " + CAPTION.encode())
    site.completions([KEY, BROKEN])
    site.running.clients.sqs.send_message(
        QueueUrl=site.running.outputs.queue_url, MessageBody="no message of ours"
    )
    letters: list[dict[str, Any]] = []
    while not letters:
        # Each look waits; what is found there is taken away, for the next tests look there too.
        letters = site.dead_letters()
    assert site.record(KEY)["faces"]
    assert site.get("/images", label=ASKED)[0] == 200
    assert site.get("/images", label=ASKED, min_confidence="no number")[0] == 400
    with urlopen(site.record(KEY)["url"]) as answer:
        assert answer.read()
    assert site.get("/images", key="logs/never uploaded.jpg")[0] == 404
    site.running.clients.s3.delete_object(Bucket=site.bucket, Key=KEY)
    site.completions([KEY], status="deleted")
    groups = log_groups(site.running)
    for part in ("Processor", "Tally", "Query", "Pictures"):
        assert any(part in group and said for group, said in groups.items()), f"{part} has logged nothing"
    return site.running.environment.cloud_log.read_text(errors="replace") + "\n".join(groups.values())


def log_groups(running: RunningCloud) -> dict[str, str]:
    """Give all that is in CloudWatch Logs, by group."""
    logs = client_of(running, "logs")
    names = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    pages = {name: logs.get_paginator("filter_log_events").paginate(logGroupName=name) for name in names}
    return {
        name: "\n".join(event["message"] for page in of_group for event in page["events"])
        for name, of_group in pages.items()
    }


@pytest.mark.parametrize(
    ("what", "mark"),
    [
        ("what a photo's file says", CAMERA),
        ("a caption, or the bytes of what is no picture", CAPTION),
        ("a person's name", ARTIST),
        ("what was searched for", ASKED),
        ("a signed URL", "X-Amz-Signature"),
        ("a session's token", "X-Amz-Security-Token"),
        ("attributes of a face", "AgeRange"),
        ("a face's feelings", "CALM"),
        ("a label", "Clothing"),
        ("the bytes of a JPEG, in base64", "/9j/"),
        ("the bytes of a JPEG, as Python writes them", r"\xff\xd8\xff"),
    ],
)
def test_no_log_has_it(logged: str, what: str, mark: str) -> None:
    around = re.search(f".{{0,200}}{re.escape(mark)}.{{0,40}}", logged)
    assert around is None, f"{what} is logged: {around[0]}"
