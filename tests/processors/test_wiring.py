"""The processor put together, from the environment."""

import dataclasses

import pytest

from contract.errors import SettingsError
from processors import wiring
from tests.processors.world import SETTINGS

QUEUE_URLS = ("queue_url", "dead_letter_queue_url", "bulk_queue_url", "bulk_dead_letter_queue_url")


def test_every_thread_that_calls_a_service_finds_a_connection_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pool that is too small makes a TLS handshake and a line of log for every call over it."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    settings = dataclasses.replace(SETTINGS, detectors=("labels", "faces", "text"), concurrent_calls=16)

    clients = wiring.clients(settings)

    assert clients.rekognition.meta.config.max_pool_connections == 3 * 16
    for client in (clients.dynamodb, clients.s3):
        assert client.meta.config.max_pool_connections == 4 * 16
    for client in (clients.sns, clients.sqs):
        assert client.meta.config.max_pool_connections == 16


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BUCKET_NAME", "TABLE_NAME"):
        monkeypatch.delenv(name, raising=False)

    with pytest.raises(SettingsError, match="BUCKET_NAME is not set\nTABLE_NAME is not set"):
        wiring.build()


def test_counts_go_to_the_table_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("bucket_name", "table_name", "topic_arn", *QUEUE_URLS):
        monkeypatch.setenv(name.upper(), getattr(SETTINGS, name))

    daily_counters = wiring.build().__self__.daily_counters  # type: ignore[attr-defined]

    assert daily_counters.client.meta.service_model.service_name == "dynamodb"
    assert (daily_counters.table_name, daily_counters.now().endswith("Z")) == (SETTINGS.table_name, True)
