"""How clients of AWS are set up: they give up soon and do not retry, for that is decided above them."""

from __future__ import annotations

from botocore.config import Config

from contract.timing import CALL_SECONDS

CONNECT_SECONDS = 3


def client_config(connections: int = 10) -> Config:
    """Return the configuration of a client that has so many connections at most."""
    return Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=CALL_SECONDS,
        max_pool_connections=connections,
    )
