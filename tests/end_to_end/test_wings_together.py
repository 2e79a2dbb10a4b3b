"""A policy, blocked photos, persons, corrections and alerts in one stack: each sees what the others do.

IAM is enforced here, and what functions call is written down (tests/infra/test_permissions.py).
"""

import json
import time
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from rich.console import Console

from contract.alert_state import AlertState
from contract.alerts import FLUSH_EVENT, alert_key
from contract.block_tag import BLOCK_TAG
from contract.items import ItemKey
from contract.moments import day_of
from contract.people import DUE_EVENT, PEOPLE, PEOPLE_DUE, PHOTOS_DUE
from contract.table import person_term, term_partitions
from infra.bundles import ROOT
from local.cloud.environment import LocalClients, LocalEnvironment, on_ports
from local.cloud.permissions import ENFORCE
from local.cloud.running import at_work, bring_up, take_down
from local.cloud.stages import Stages
from tests.conftest import RunningCloud
from tests.end_to_end.conftest import PATIENCE_SECONDS, Site, followed, function_of, invoke
from tests.end_to_end.test_corrections import patch, wait_until_shown
from tests.end_to_end.test_logs import log_groups
from tests.end_to_end.test_people import everything, wait_for
from tests.end_to_end.test_permissions import calls_of, recorded
from tests.infra.test_permissions import OF_WINGS_RECORDED, WING_FUNCTIONS, WINGS
from tests.operations.end_to_end.test_imagepipe import Operator

pytestmark = pytest.mark.nightly

# Names that nothing else holds; the first is that of the policy's rule, whose file is its owner's to change.
ANN, BEN, RULE = "Ann Zyxwvut", "Ben Qponmlk", "family"
WRITTEN = ROOT / "build" / "reference" / OF_WINGS_RECORDED.name


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("together")
    environment = on_ports(LocalEnvironment((directory / "cloud").resolve()), 0)
    with pytest.MonkeyPatch.context() as patched, at_work(environment):
        patched.setenv(ENFORCE, "yes")
        try:
            outputs = bring_up(environment, Stages(Console(stderr=True, quiet=True)), WINGS)
            running = RunningCloud(environment, outputs, LocalClients(environment))
            with followed(running, "together") as site:
                yield site
        finally:
            take_down(environment)


@pytest.fixture(scope="module")
def operator(site: Site) -> Operator:
    return Operator(site.running)


def put(site: Site, key: str, photo: str) -> None:
    """Upload a photo that nobody has seen, and wait until it is announced."""
    site.put(key, (ROOT / "images" / photo).read_bytes() + key.encode())
    site.completions([key])


def counted(site: Site) -> int:
    """Return how many photos the rule was told of, up to now."""
    at = alert_key(RULE)
    found = site.running.clients.tables.Table(site.running.outputs.table).get_item(
        Key={"pk": at.pk, "sk": at.sk}, ConsistentRead=True
    )
    return len(AlertState.from_item(found["Item"]).seen) if "Item" in found else 0


def wait_until_counted(site: Site, photos: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (seen := counted(site)) < photos:
        assert time.monotonic() < deadline, seen
        time.sleep(0.3)
    assert seen == photos


def status_of(url: str) -> int:
    try:
        with urlopen(url) as answer:
            assert answer.read()
            return int(answer.status)
    except HTTPError as refused:
        return refused.code


def tags(site: Site, bucket: str, key: str) -> dict[str, str]:
    found = site.running.clients.s3.get_object_tagging(Bucket=bucket, Key=key)
    return {tag["Key"]: tag["Value"] for tag in found["TagSet"]}


def is_named(text: str, name: str) -> bool:
    return name.casefold() in text.casefold()


def queued(site: Site) -> str:
    """Return all that waits in any queue, and leave it there."""
    sqs, found = site.running.clients.sqs, []
    for url in sqs.list_queues().get("QueueUrls", []):
        while messages := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", []):
            found += messages
    return repr(found)


def stored(site: Site) -> bytes:
    """Return the keys and the bytes of all objects of the stack's buckets, old versions included.

    The CDK's own bucket has the template, and that the rule which names a person.
    """
    s3, found = site.running.clients.s3, bytearray()
    for bucket in (site.bucket, site.running.outputs.renditions_bucket):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for version in page.get("Versions", []):
                key = version["Key"]
                read = s3.get_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])
                found += key.encode() + read["Body"].read()
    return bytes(found)


def test_each_wing_sees_what_the_others_do(site: Site, operator: Operator) -> None:
    today = day_of(time.time())
    enrolled = str(ROOT / "images" / "grace_hopper.jpg")
    operator.json("people", "add", ANN, enrolled, "--agreed", today, "--yes")
    put(site, "ann/one.jpg", "grace_hopper.jpg")
    put(site, "ann/two.jpg", "grace_hopper.jpg")
    wait_for(site, ANN, {"ann/one.jpg", "ann/two.jpg"})
    wait_until_counted(site, 2)

    assert patch(site, "ann/two.jpg", '"0"', {"persons": {"is_not": [ANN]}})[0] == 200
    wait_until_shown(site, "ann/two.jpg", 1)
    wait_for(site, ANN, {"ann/one.jpg"})
    site.completions(["ann/two.jpg"])  # it is announced anew, and matches no more
    put(site, "ann/three.jpg", "grace_hopper.jpg")
    wait_until_counted(site, 3)

    shown = site.record("ann/three.jpg")
    assert status_of(shown["url"]) == status_of(shown["thumbnail_url"]) == 200
    assert patch(site, "ann/three.jpg", '"0"', {"decision": "block", "why": "she asked"})[0] == 200
    blocked = wait_until_shown(site, "ann/three.jpg", 1)
    assert (blocked["url"], blocked["thumbnail_url"]) == (None, None)
    assert tags(site, site.bucket, "ann/three.jpg") == dict([BLOCK_TAG])
    assert status_of(shown["url"]) == status_of(shown["thumbnail_url"]) == 403, "the bucket refuses them"

    (receipt,) = operator.json("people", "forget", ANN, "--yes")
    assert receipt["photos_freed"] == 2
    assert site.get("/images", person=ANN)[1]["images"] == []
    assert not [item for item in everything(site) if is_named(item, ANN)]
    assert not is_named(queued(site), ANN)
    assert ANN.casefold().encode() not in stored(site).lower()
    assert not [group for group, said in log_groups(site.running).items() if is_named(said, ANN)]
    assert site.dead_letters() == []


def test_a_consent_that_is_over_is_carried_out_with_the_rights_of_the_function(
    site: Site, operator: Operator
) -> None:
    today, key = day_of(time.time()), "ben/consent.jpg"
    put(site, key, "grace_hopper.jpg")
    shown = (f"s3://{site.bucket}/{key}", str(ROOT / "images" / "grace_hopper.jpg"))
    operator.json("people", "add", BEN, *shown, "--agreed", today, "--yes")
    put(site, "ben/found.jpg", "grace_hopper.jpg")
    put(site, "ben/said.jpg", "cat.jpg")
    assert patch(site, "ben/said.jpg", '"0"', {"persons": {"is": [{"name": BEN}]}})[0] == 200
    wait_for(site, BEN, {"ben/found.jpg", "ben/said.jpg"})
    (person,) = site.record("ben/said.jpg")["persons"]
    leave_a_row(site, person["id"])
    function = function_of(site.running, WING_FUNCTIONS["people"])

    site.running.clients.s3.delete_object(Bucket=site.bucket, Key=key)
    assert invoke(site.running, function, {DUE_EVENT: PHOTOS_DUE}) == {PHOTOS_DUE: 1}

    end_consents(site)
    assert invoke(site.running, function, {DUE_EVENT: PEOPLE_DUE}) == {PEOPLE_DUE: 1}
    assert operator.json("people", "list") == []
    assert not [item for item in everything(site) if is_named(item, BEN) or person["id"] in item]


def leave_a_row(site: Site, person: str) -> None:
    """Write an index row that leads to a person, as a worker leaves it that dies before its record."""
    at = ItemKey(term_partitions(person_term(person))[0], "2026-01-01T00:00:00.000Z#left")
    row = {**at._asdict(), "key": "ben/left.jpg", "revision": "of nobody"}
    site.running.clients.tables.Table(site.running.outputs.table).put_item(Item=row)


def end_consents(site: Site) -> None:
    """Have the consents of all who are there end some years ago."""
    table = site.running.clients.tables.Table(site.running.outputs.table)
    found = table.query(
        KeyConditionExpression="pk = :people", ExpressionAttributeValues={":people": PEOPLE}
    )["Items"]  # fmt: skip
    for item in found:
        if "ends_on" in item:
            table.put_item(Item={**item, "ends_on": "2020-01-01"})


def test_no_function_was_refused_anything_and_calls_what_was_written_down(site: Site) -> None:
    """After the others: each has called what it calls."""
    invoke(site.running, function_of(site.running, WING_FUNCTIONS["alerts"]), {FLUSH_EVENT: "due"})

    refused = [call for call in calls_of(site.running) if not call.is_allowed]
    assert {call.action for call in refused} == {"s3:GetObjectVersion", "s3:GetObject"}
    assert all("AnswersQuery" in call.function for call in refused), "whose URLs of a blocked photo are out"
    said = json.dumps(recorded(site.running, WING_FUNCTIONS), indent=1) + "\n"
    WRITTEN.parent.mkdir(parents=True, exist_ok=True)
    WRITTEN.write_text(said)
    assert said == OF_WINGS_RECORDED.read_text(), (
        f"if it is meant to change: cp build/reference/{WRITTEN.name} tests/infra/"
    )
