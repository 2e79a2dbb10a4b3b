"""`imagepipe plan`, `backfill` and `quotas` as they are typed, on a running place."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.items import PARTITION_KEY, SORT_KEY
from contract.table import index_rows, record_key
from tests.conftest import RunningCloud
from tests.operations.end_to_end.test_imagepipe import PATIENCE_SECONDS, Operator, until


@pytest.fixture
def operator(running: RunningCloud, tmp_path: Path) -> Iterator[Operator]:
    operator = Operator(running)
    operator.environment["XDG_STATE_HOME"] = str(tmp_path)
    yield operator
    operator.run("quotas", "--unset", "DetectLabels", "--unset", "DetectFaces")


def forgotten(operator: Operator, prefix: str, count: int, photo: str = "cat.jpg") -> list[str]:
    """Upload photos, each with bytes of its own, and forget all about them: as if they were there before."""
    keys = [f"{prefix}{number:02}.jpg" for number in range(count)]
    operator.recognized(*keys, photo=photo, distinct=True)
    for key in keys:
        forget(operator, key)
    return keys


def forget(operator: Operator, key: str) -> None:
    record = operator.record(key)
    assert record is not None
    at = record_key(key)
    content = f"content#{record.version.content_id}"
    places = [(at.pk, at.sk), *((row.at.pk, row.at.sk) for row in index_rows(record))]
    places += [(content, f"{name}#{fingerprint}") for name, fingerprint in record.detectors.items()]
    for pk, sk in places:
        operator.table.delete_item(Key={PARTITION_KEY: pk, SORT_KEY: sk})


def test_a_prefix_is_planned_backfilled_and_then_needs_no_call(operator: Operator) -> None:
    keys = forgotten(operator, "bulk/ünï+% ?/", 6)
    place = f"s3://{operator.outputs.bucket}/bulk/ünï+% ?/"

    before = operator.json("plan", place)
    done = operator.json("backfill", place, "--yes")

    assert before["calls"] == {"labels": 6, "faces": 6}
    assert (done["ended"], done["queued"], done["in_all"]["calls"]) == ("all", 6, before["calls"])
    until(lambda: all(operator.record(key) is not None for key in keys))
    after = operator.json("plan", place)
    assert (after["calls"], after["current"], after["to_do"]) == ({}, 6, 0)
    assert operator.json("backfill", place, "--yes")["queued"] == 0


def test_a_detector_that_was_not_asked_is_all_that_a_plan_counts(operator: Operator) -> None:
    operator.recognized("bulk/half.jpg", distinct=True)
    record = operator.record("bulk/half.jpg")
    assert record is not None
    at = f"content#{record.version.content_id}"
    operator.table.delete_item(Key={PARTITION_KEY: at, SORT_KEY: f"faces#{record.detectors['faces']}"})
    record_at = record_key("bulk/half.jpg")
    operator.table.delete_item(Key={PARTITION_KEY: record_at.pk, SORT_KEY: record_at.sk})

    planned = operator.json("plan", f"s3://{operator.outputs.bucket}/bulk/half.jpg")

    assert planned["calls"] == {"faces": 1}


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.nightly)])
def test_a_backfill_that_is_ended_goes_on_and_nothing_is_missing(
    operator: Operator, how: signal.Signals
) -> None:
    keys = forgotten(operator, f"bulk/{how.name}/", 12)
    typed = ("backfill", f"s3://{operator.outputs.bucket}/bulk/{how.name}/", "--yes")
    process = operator.start(*typed, "--rate", "4", "--json")
    until(lambda: sum(operator.record(key) is not None for key in keys) >= 2)

    process.send_signal(how)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    again = operator.json(*typed)

    if how is signal.SIGINT:
        assert process.returncode == 130, err
        assert json.loads(out)["queued"] + again["queued"] == 12
    assert again["ended"] == "all"
    until(lambda: all(operator.record(key) is not None for key in keys))


def test_another_bucket_is_planned_and_not_backfilled(operator: Operator) -> None:
    operator.running.clients.s3.create_bucket(Bucket="theirs")
    operator.running.clients.s3.put_object(Bucket="theirs", Key="2025/a.jpg", Body=b"not known")

    planned = operator.json("plan", "s3://theirs/2025/")
    process = operator.start("backfill", "s3://theirs/2025/", "--yes")
    _, err = process.communicate(timeout=PATIENCE_SECONDS)

    assert (planned["objects"], planned["calls"]) == (1, {"labels": 1, "faces": 1})
    assert process.returncode == 2
    assert f"aws s3 sync s3://theirs/2025/ s3://{operator.outputs.bucket}/2025/" in err


@pytest.mark.nightly
def test_a_quota_that_is_set_is_what_workers_and_plans_go_by(operator: Operator) -> None:
    deployed = operator.json("quotas")["operations"]["DetectLabels"]["deployed"]
    shown = operator.json("quotas", "--set", "DetectLabels=7")["operations"]["DetectLabels"]
    planned = operator.json("plan", f"s3://{operator.outputs.bucket}/none/")

    assert (shown["deployed"], shown["in_use"], shown["account"]) == (deployed, 7, None)
    assert planned["quotas"]["DetectLabels"] == 7
    assert operator.json("status")["quotas"]["DetectLabels"]["in_use"] == 7
    operator.recognized("bulk/at seven a second.jpg", distinct=True)


@pytest.mark.nightly
def test_a_daily_limit_stands_beside_the_quota_until_it_is_taken_back(operator: Operator) -> None:
    def labels(*typed: str) -> Any:
        return operator.json("quotas", *typed)["operations"]["DetectLabels"]

    operator.json("quotas", "--set", "DetectLabels=7")
    limited = labels("--daily", "DetectLabels=20000")

    assert (limited["in_use"], limited["calls_a_day"]["in_use"]) == (7, 20_000)
    assert labels("--daily", "DetectLabels=none")["calls_a_day"]["set"] is None
